# make demo: a deployment on this machine. make test: everything that must hold. Both set up what they need.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test format bench docs clean setup

demo: setup
	@$(BIN)/python -m constructs_lib.local deploy \
		--train examples/data/training.csv --documents examples/data/documents --labels examples/data/labels.csv \
		--context wait_for=COMPLETED

test: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest -n 2 --dist worksteal

docs: setup
	$(BIN)/python docs/tables.py
	$(BIN)/python -m sphinx --quiet --fail-on-warning --keep-going -b html -d build/doctrees docs build/docs
	@echo "open build/docs/index.html"

bench: setup
	$(BIN)/python benchmarks/run.py

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

setup: $(VENV)/.ready

# Rebuilt only when what it is made from has changed.
$(VENV)/.ready: pyproject.toml constraints.txt constructs_lib/local/node/package-lock.json
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] + "; pass another one: make PYTHON=python3.13 ...")'
	@echo "setting up $(VENV) (once; about two minutes)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@$(BIN)/python -m constructs_lib.local setup
	@touch $@

clean:
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis cdk.out
