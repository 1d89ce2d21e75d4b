# make demo  runs the main job with what it needs      make test  runs every check      make docs  builds the site
# make install  sets everything up      make wheel  builds what is published      make sanitize  checks every access of the kernels
# make gpu-interpreter  the kernels for GPUs, on the CPU
PYTHON ?= python3
VENV   := .venv
RUN    := $(VENV)/.for-running
STAMP  := $(VENV)/.installed
PIP    := $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
SOURCES := pyproject.toml constraints.txt CMakeLists.txt $(wildcard native/*)

.PHONY: install demo test docs sanitize gpu-interpreter wheel test-wheel clean
install: $(STAMP)

# The build's tools go into the venv, so that the second step finds the extension compiled.
$(RUN): $(SOURCES)
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(PIP) scikit-build-core nanobind cmake ninja
	$(PIP) --no-build-isolation --editable .
	touch $@

$(STAMP): $(RUN)
	$(PIP) --no-build-isolation --editable '.[dev]'
	touch $@

demo: $(RUN)
	$(VENV)/bin/gossamer demo

test: install
	./check

# Fails on any warning: broken links and anchors, names that are not there, pages that ask the network.
docs: install
	NO_MKDOCS_2_WARNING=1 $(VENV)/bin/python -m mkdocs build --strict --quiet
	@echo "site/index.html"

# The kernels' tests on an extension that checks every access (addresses and undefined behaviour). Nothing to do where
# neither the kernels nor their tests have changed.
SANITIZED := build/sanitize/passed
KERNEL_TESTS := $(addprefix tests/nn/,test_binding.py test_blocks.py test_fuzzing.py test_halves.py test_kernels.py test_threads.py test_training_step.py test_step_between.py test_step_observed.py test_step_losses.py test_chain.py test_convolution.py test_dot_product.py test_groups.py test_by_rows.py test_passes.py test_bands.py) tests/rewiring/test_edges.py tests/rewiring/test_missing.py tests/runtime/test_network.py
sanitize: $(SANITIZED)

$(SANITIZED): $(STAMP) $(KERNEL_TESTS) src/gossamer/nn/kernels/native.py
	$(VENV)/bin/cmake -S . -B build/sanitize -G Ninja -DCMAKE_MAKE_PROGRAM=$(abspath $(VENV)/bin/ninja) \
	-DGOSSAMER_SANITIZE=ON -DPython_EXECUTABLE=$(abspath $(VENV)/bin/python) -DCMAKE_BUILD_TYPE=Release
	$(VENV)/bin/cmake --build build/sanitize
	LD_PRELOAD="$$(gcc -print-file-name=libasan.so) $$(gcc -print-file-name=libubsan.so)" ASAN_OPTIONS=detect_leaks=0 \
	UBSAN_OPTIONS=halt_on_error=1 GOSSAMER_NATIVE_MODULE="$$(ls $(abspath build/sanitize)/native/_native*.so)" \
	$(VENV)/bin/python -m pytest -n auto -p no:cacheprovider -k "not dense and not pytorch" $(KERNEL_TESTS)
	touch $@

# The kernels for GPUs: computed on the CPU by Triton's interpreter, then compiled for GPUs that need not be here. Triton
# is a gigabyte, so it lies by itself and not in the venv.
TRITON := build/triton
gpu-interpreter: $(STAMP) $(TRITON)/triton
	TRITON_INTERPRET=1 PYTHONPATH=$(TRITON) $(VENV)/bin/python -m pytest -n auto tests/nn/test_cuda.py
	PYTHONPATH=$(TRITON) $(VENV)/bin/python -m pytest -n auto tests/nn/test_cuda_compiled.py tests/nn/test_cuda_refused.py

$(TRITON)/triton:
	$(PIP) --no-deps --target $(TRITON) triton

# A portable wheel and the source distribution, in dist/. PyTorch brings libgomp, and the extension must share its threads.
wheel: $(RUN)
	rm -rf dist
	$(PIP) --no-build-isolation --editable '.[release]'
	$(VENV)/bin/python -m build --no-isolation --outdir dist/built .
	PATH="$(abspath $(VENV))/bin:$$PATH" $(VENV)/bin/auditwheel repair --exclude libgomp.so.1 --wheel-dir dist dist/built/*.whl
	mv dist/built/*.tar.gz dist && rm -r dist/built

# The wheel in a clean venv, where no compiler is on the path.
test-wheel:
	rm -rf build/clean
	$(PYTHON) -m venv build/clean
	build/clean/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt dist/*.whl
	cd build && PATH=$(abspath build/clean)/bin clean/bin/python $(abspath tests/wheel/check_wheel.py)

clean:
	rm -rf $(VENV) build dist site
