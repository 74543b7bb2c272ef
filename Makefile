# Every target sets itself up from nothing but Python 3.11 (with venv) and make; the second time that takes no time.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
CORES  := $(shell getconf _NPROCESSORS_ONLN)
# Twice as many as there are cores: many a test waits for a process of its own. Unit tests wait for nothing.
JOBS   ?= $(shell expr 2 '*' $(CORES))

# Compiled modules are kept: without them every run spends more time on starting than on testing.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help demo test unit check bench format lock clean

help: ## say what can be made
	@awk -F ': *[^#]*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(READY) ## the whole journey of some orders, in a minute
	@$(BIN)/notifier demo

test: $(READY) ## every test, with at least 90 % of all branches covered
	@$(BIN)/pytest -n $(JOBS) --cov --cov-report=term:skip-covered --cov-fail-under=90 $(ARGS)

unit: $(READY) ## the tests without sockets, with half of the examples of each property: some seconds
	@$(BIN)/pytest -n $(CORES) --hypothesis-profile=quick tests/unit $(ARGS)

check: $(READY) ## format, lint, types, layers, what must not be committed, the shipped files
	@$(BIN)/ruff format --check
	@$(BIN)/ruff check
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/pytest tests/shipped/test_hygiene.py
	@$(BIN)/python -m notifier check

bench: $(READY) ## measure the program beside its bare parts: some minutes (ARGS=--quick, ARGS=mail)
	@$(BIN)/python -m benchmarks $(ARGS)

format: $(READY) ## put every file into shape
	@$(BIN)/ruff format
	@$(BIN)/ruff check --fix

# Keeps the versions that are locked already; `make lock ARGS=--upgrade` takes newer ones. A lock of uv's own kind
# would carry the address of a package index, so these stay plain requirements files.
LOCK := $(BIN)/uv pip compile --universal --generate-hashes --no-emit-index-url --no-header --quiet pyproject.toml

lock: $(READY) ## write both lock files anew from pyproject.toml
	@$(LOCK) $(ARGS) --output-file requirements.lock
	@$(LOCK) $(ARGS) --group dev --output-file requirements-dev.lock

clean: ## remove everything that was made here
	rm -rf $(VENV) build dist .coverage .coverage.* coverage.xml .hypothesis .import_linter_cache
	rm -rf .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# uv installs in two seconds what takes pip half a minute; pip brings uv, and does the work itself where uv does not
# know the package index that pip was set up for.
$(READY): requirements-dev.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed: install it, or say make PYTHON=/path/to/python3"; exit 1; }
	@echo "Setting up $(VENV) …"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@awk '/^[^ #]/ {wanted = /^uv==/} wanted' requirements-dev.lock > $(VENV)/uv.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r $(VENV)/uv.lock
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements-dev.lock \
		|| $(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index --editable .
	@touch $@
