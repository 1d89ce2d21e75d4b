# make install  sets everything up      make demo  runs the main job      make test  runs every check
PYTHON ?= python3
VENV   := .venv
STAMP  := $(VENV)/.installed
SOURCES := pyproject.toml constraints.txt CMakeLists.txt $(wildcard native/*)

.PHONY: install demo test clean
install: $(STAMP)

$(STAMP): $(SOURCES)
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --editable '.[dev]'
	touch $@

demo: install
	$(VENV)/bin/gossamer demo

test: install
	./check

clean:
	rm -rf $(VENV) build
