# Everything from a bare clone, with python3 (3.11 to 3.13) and make:
#   make install   the package, editable, and what the launchers need, in .venv; every other target begins with it
#   make demo   generate videos, train TVNet and the RGB baseline, evaluate, export (runs/demo)
#   make test   the default test suite
#   make coverage   the same with coverage, a quarter slower; fails below 85 %
#   make slow   the tests that take minutes
#   make test-backends   TVNet, layers and losses on JAX and Torch, in an environment of their own (.venv-backends)
#   make test-legacy   our code against tensorflow-addons and tensorflow-io on TensorFlow 2.15 (needs python3.11)
#   make test-wheel   the package, installed with its dependencies from the package index where nothing else is
#   make test-docs   the site of the documentation, in an environment of its own (.venv-docs); a broken link fails
#   make lint   ruff and pyright

PYTHON ?= python3
VENV ?= .venv
BACKENDS_VENV ?= .venv-backends
DOCS_VENV ?= .venv-docs
BIN := $(VENV)/bin
LEGACY_PYTHON ?= python3.11
LEGACY_VENV ?= .venv-legacy

.PHONY: demo test coverage slow test-legacy test-backends test-wheel test-docs lint install install-dev clean
.DELETE_ON_ERROR:

demo: $(VENV)/.installed
	$(BIN)/python -m launch.demo --output_dir=runs/demo

# One worker more than there are cores, for tests wait for the processes that they start.
WORKERS := $(shell echo $$(( `nproc 2>/dev/null || echo 1` + 1 )))

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

coverage: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder --cov --cov-report=term $(PYTEST_ARGS)

slow: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -m slow $(PYTEST_ARGS)

test-legacy: $(VENV)/.installed $(LEGACY_VENV)/.installed
	TVNET_KERAS_PYTHON=$(BIN)/python $(LEGACY_VENV)/bin/python -m pytest tests/legacy $(PYTEST_ARGS)

test-backends: $(BACKENDS_VENV)/.installed
	$(BACKENDS_VENV)/bin/python -m pytest tests/backends $(PYTEST_ARGS)

test-wheel: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -m "slow or not slow" tests/wheel $(PYTEST_ARGS)

# Without --quiet, under which warnings are no errors. Material says at every start which project will follow it.
test-docs: $(DOCS_VENV)/.installed
	NO_MKDOCS_2_WARNING=1 $(DOCS_VENV)/bin/mkdocs build --strict

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check . && $(BIN)/ruff format --check .
	$(BIN)/pyright --pythonpath $(BIN)/python

install: $(VENV)/.installed
install-dev: $(VENV)/.installed-dev

$(VENV)/.installed: requirements.txt requirements-native.txt requirements-optional.txt setup.py pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || { \
	  echo "tvnet_keras needs Python 3.11, 3.12 or 3.13; $(PYTHON) is `$(PYTHON) --version 2>&1`. Say make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "python3 -m venv failed: install your system's python3-venv package." >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-native.txt || \
	  echo "numba has no build for this machine: the slower portable solver will be used." >&2
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

$(LEGACY_VENV)/.installed: requirements-legacy.txt
	@$(LEGACY_PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { \
	  echo "tensorflow-addons needs Python 3.11: say make test-legacy LEGACY_PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(LEGACY_PYTHON) -m venv $(LEGACY_VENV) || { echo "venv failed: install your system's python3.11-venv package." >&2; exit 1; }
	$(LEGACY_VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-legacy.txt
	@touch $@

# Without a network to the index of Torch's CPU builds, one retry per package is enough.
$(BACKENDS_VENV)/.installed: requirements.txt requirements-optional.txt requirements-dev.txt requirements-backends.txt
	@$(PYTHON) -m venv $(BACKENDS_VENV) || { echo "python3 -m venv failed: install your system's python3-venv package." >&2; exit 1; }
	$(BACKENDS_VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	$(BACKENDS_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --retries 1 -r requirements-backends.txt
	@touch $@

$(DOCS_VENV)/.installed: requirements-docs.txt
	@$(PYTHON) -m venv $(DOCS_VENV) || { echo "python3 -m venv failed: install your system's python3-venv package." >&2; exit 1; }
	$(DOCS_VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-docs.txt
	@touch $@

clean:
	rm -rf $(VENV) $(BACKENDS_VENV) $(DOCS_VENV) $(LEGACY_VENV) .pytest_cache .ruff_cache .hypothesis .coverage build dist tvnet_keras.egg-info
