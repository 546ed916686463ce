# Two commands: `make demo` and `make test`. Both set up a virtual environment first, with plain venv and pip.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
JOBS ?= 2
BENCHES := $(filter-out $(addprefix benchmarks/, common.py figures.py perth_peer.py tables.py), $(wildcard benchmarks/*.py))

.PHONY: help demo test lint format bench docs results clean
help:
	@echo "make demo     set up, fetch the pinned weights, run a conversation on the example clip"
	@echo "make test     set up, run the whole test suite"
	@echo "make lint     style, types, layers"
	@echo "make bench    every benchmark, into benchmarks/results/"
	@echo "make results  write what was measured into the documents (quick: no benchmark is run)"
	@echo "make docs     build the documentation into site/"

demo: $(VENV)/.ready
	@echo "Fetching pinned weights (about 440 MB the first time, nothing later)."
	@$(BIN)/espressivo assets fetch --for converse
	$(BIN)/espressivo demo -o demo-output

test: $(VENV)/.ready-dev
	@echo "Fetching pinned weights (about 700 MB the first time, nothing later)."
	@$(BIN)/espressivo assets fetch --for tests
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile

lint: $(VENV)/.ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@if $(BIN)/python -c "import sys; sys.exit(sys.version_info[:2] != (3, 11))"; then $(BIN)/mypy; \
	else echo "Types are checked on Python 3.11 alone: later ones get another NumPy, with other types."; fi
	$(BIN)/lint-imports

format: $(VENV)/.ready-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.ready-dev
	$(BIN)/python -m pip install --quiet -e '.[bench]'
	@for bench in $(BENCHES); do echo "== $$bench"; $(BIN)/python $$bench || exit 1; done

results: $(VENV)/.ready-dev
	$(BIN)/python benchmarks/tables.py

docs: $(VENV)/.ready-dev
	$(BIN)/python -m pip install --quiet -e '.[docs]'
	$(BIN)/mkdocs build --strict

$(VENV)/.made:
	$(PYTHON) -c "import sys; sys.exit('espressivo needs Python 3.11 to 3.13, this is ' + sys.version.split()[0]) if not (3, 11) <= sys.version_info[:2] <= (3, 13) else None"
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.ready: $(VENV)/.made pyproject.toml
	@echo "Installing espressivo and what it needs into $(VENV) (about 600 MB of packages with a CPU build of PyTorch)."
	$(BIN)/python -m pip install --quiet -e .
	@touch $@

$(VENV)/.ready-dev: $(VENV)/.ready
	@echo "Installing the tools that test it."
	$(BIN)/python -m pip install --quiet -e '.[test]'
	@touch $@

clean:
	rm -rf $(VENV) site build dist demo-output
