# make run [DEMO=0] · make setup · make test · make check · make bench
# Needs Python 3.11 or newer and make; everything else is installed into .venv and node_modules.

PYTHON ?= python3
BIN := .venv/bin
RUNTIME := .venv/.runtime-installed
TESTING := .venv/.tests-installed
LIBRARIES := node_modules/.libraries-built
EDITOR := node_modules/.libraries/editor.js
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
TEST_SETTINGS := DJANGO_SETTINGS_MODULE=config.settings.testing
EVERYDAY := not training and not browser

.PHONY: run setup test check bench browser
.DEFAULT_GOAL := run

run: setup
	@$(BIN)/python manage.py serve $(if $(filter 0,$(DEMO)),--no-demo)

setup: $(RUNTIME) $(LIBRARIES) $(EDITOR)

test: check browser
	$(BIN)/node --test "tests/editor/*.test.js"
	$(BIN)/python -m pytest -q -n 2 -m "$(EVERYDAY)"
	$(BIN)/python -m pytest -q -n 2 --dist loadfile -m training
	$(BIN)/python -m pytest -q -m browser

check: setup $(TESTING)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo
	$(BIN)/mypy
	$(TEST_SETTINGS) $(BIN)/python manage.py check
	$(TEST_SETTINGS) $(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/djlint --quiet --lint templates
	$(BIN)/npm run --silent types

bench: setup $(TESTING)
	@$(BIN)/python -m benchmarks

browser:
	@command -v chromium >/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "Installing Debian's Chromium for the browser tests ..."; \
	    apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null; \
	  else \
	    echo "The browser tests need Chromium: install the package 'chromium' (apt-get install chromium) and run make test again." >&2; \
	    exit 1; \
	  fi; }

$(BIN)/pip:
	@$(PYTHON) -c "import sys; sys.exit(0 if sys.version_info >= (3, 11) else 'Myotrace needs Python 3.11 or newer, and this is ' + sys.version.split()[0] + '. Name another: make PYTHON=python3.12')"
	@$(PYTHON) -c "import ensurepip, venv" 2>/dev/null || { echo "Python's venv module is missing: install your system's python3-venv package." >&2; exit 1; }
	@$(PYTHON) -m venv --clear .venv

# The build of the editable install is held to the constraints too.
$(RUNTIME) $(TESTING): export PIP_CONSTRAINT := $(CURDIR)/constraints.txt

$(RUNTIME): constraints.txt pyproject.toml | $(BIN)/pip
	@echo "Installing Myotrace's dependencies into .venv (about 6 GB with PyTorch, once) ..."
	@$(PIP) --editable .
	@touch $@

$(TESTING): constraints.txt pyproject.toml | $(RUNTIME)
	@echo "Installing what the tests need into .venv ..."
	@$(PIP) --editable ".[test,scaled]"
	@touch $@

# npm and its scripts look for node on the path.
$(LIBRARIES) $(EDITOR) check: export PATH := $(CURDIR)/$(BIN):$(PATH)

$(LIBRARIES): package.json package-lock.json | $(RUNTIME)
	@echo "Fetching browser libraries ..."
	@$(BIN)/npm ci --loglevel=error --no-progress
	@$(BIN)/npm run --silent assets
	@touch $@

# The editor's modules as one file, which opens sooner.
$(EDITOR): $(shell find annotation/static/annotation/editor -name '*.js') | $(LIBRARIES)
	@$(BIN)/npm run --silent editor
