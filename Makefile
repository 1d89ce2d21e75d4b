# make install  sets everything up      make demo  runs the main job      make test  runs every check      make docs  builds the site
PYTHON ?= python3
VENV   := .venv
STAMP  := $(VENV)/.installed
SOURCES := pyproject.toml constraints.txt CMakeLists.txt $(wildcard native/*)

.PHONY: install demo test docs sanitize clean
install: $(STAMP)

$(STAMP): $(SOURCES)
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --editable '.[dev]'
	touch $@

demo: install
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
KERNEL_TESTS := $(addprefix tests/nn/,test_binding.py test_blocks.py test_kernels.py test_threads.py test_training_step.py)
sanitize: $(SANITIZED)

$(SANITIZED): $(STAMP) $(KERNEL_TESTS) src/gossamer/nn/kernels/native.py
	$(VENV)/bin/cmake -S . -B build/sanitize -G Ninja -DCMAKE_MAKE_PROGRAM=$(abspath $(VENV)/bin/ninja) \
	-DGOSSAMER_SANITIZE=ON -DPython_EXECUTABLE=$(abspath $(VENV)/bin/python) -DCMAKE_BUILD_TYPE=Release
	$(VENV)/bin/cmake --build build/sanitize
	LD_PRELOAD="$$(gcc -print-file-name=libasan.so) $$(gcc -print-file-name=libubsan.so)" ASAN_OPTIONS=detect_leaks=0 \
	UBSAN_OPTIONS=halt_on_error=1 GOSSAMER_NATIVE_MODULE="$$(ls $(abspath build/sanitize)/native/_native*.so)" \
	$(VENV)/bin/python -m pytest -n auto -p no:cacheprovider -k "not dense and not pytorch" $(KERNEL_TESTS)
	touch $@

clean:
	rm -rf $(VENV) build site
