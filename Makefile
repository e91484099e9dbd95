# `make demo` and `make test` do all the set-up on a fresh machine with Python 3.11 or newer.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

# The browser tests come along where there is a browser.
CHROMIUM := $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)
comma := ,
EXTRAS := $(if $(or $(CHROMIUM),$(SBDIAG_REQUIRE_BROWSER)),test$(comma)browser,test)

.PHONY: demo test lint bench notebooks clean

$(VENV)/.demo: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

$(VENV)/.test: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[$(EXTRAS)]'
	touch $@ $(VENV)/.demo

# The main job on the bundled capture: what was denied, where the start stopped, the rules.
demo: $(VENV)/.demo
	$(BIN)/sbdiag analyze sample_logs/lima-vz --xpc global-name --sb out/lima-vz.sb --nono out/lima-vz.json

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint
	$(BIN)/python -m pytest

# Make the notebooks from notebooks/sources, executed.
notebooks: $(VENV)/.test
	$(BIN)/python notebooks/build.py

# Ratios of speed, measured in one run: all, or BENCH="sparse dense", BENCH="--write docs/benchmarks.md".
bench: $(VENV)/.test
	$(BIN)/python -m benchmarks $(BENCH)

clean:
	rm -rf $(VENV) out .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
