# Each target sets up what it needs. `make PYTHON=python3.13 test` takes another Python.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
# Whatever imports the CDK starts Node: the one that comes with the packages.
WITH_NODE := PATH="$(CURDIR)/$(BIN):$$PATH"

# Python reads the path of this checkout in the encoding of the locale, and does not start where that is ASCII.
export LC_ALL := C.UTF-8

.DEFAULT_GOAL := help
.PHONY: help demo demo-workflow test test-versions account docs pictures bench release format setup clean

help:  ## this list
	@echo "usage: make TARGET"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' Makefile

demo: setup  ## deploy the example app to a local AWS on this machine; no account needed
	@$(BIN)/python -m constructs_lib.local deploy \
		--train examples/data/training.csv --documents examples/data/documents --labels examples/data/labels.csv \
		--context wait_for=COMPLETED
	@printf '%s\n' '' 'Next: classify mails of your own: put them into a folder, and' \
		'        $(BIN)/python -m constructs_lib.local deploy --train examples/data/training.csv --documents FOLDER --context wait_for=COMPLETED' \
		'      Keep the local AWS running, use the CDK CLI by hand, and get a page of the predictions (docs/local-aws.md):' \
		'        $(BIN)/python -m constructs_lib.local start --train examples/data/training.csv --documents examples/data/documents --context wait_for=COMPLETED' \
		'      Use the constructs in an app of your own: docs/first-project.md. Deploy on AWS: docs/deploying.md.'

demo-workflow: setup  ## the same for a workflow: documents into its inbox, one run, followed to its end
	@$(BIN)/python -m constructs_lib.local deploy --app examples/inbox.py \
		--train examples/data/training.csv --documents examples/data/documents --labels examples/data/labels.csv

test: setup  ## everything that must hold: format, lint, types, all tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest -n 4 --dist loadfile --no-loadscope-reorder --cov --cov-report=term

test-versions: setup  ## the tests with the lowest declared and the newest versions, on each Python at hand
	$(BIN)/python scripts/test_versions.py $(ONLY)

account: setup  ## prove the library on a real account; asks first: make account ARGS='--profile work'
	@$(BIN)/python -m account $(ARGS)

docs: setup  ## bring the tables up to date and build the site into build/docs
	$(WITH_NODE) $(BIN)/python docs/tables.py
	$(BIN)/python docs/diagram.py
	$(WITH_NODE) $(BIN)/python -m account.assumptions_page
	$(BIN)/python -m sphinx --quiet --fail-on-warning --keep-going -b html -d build/doctrees docs build/docs
	@echo "open build/docs/index.html"

pictures: setup  ## take the pictures of the README from a run of the demo; needs Chromium
	$(BIN)/python docs/pictures.py

bench: setup  ## measure synthesis, deployment, handler and demo; one part alone: make bench PART=synth
	$(BIN)/python benchmarks/run.py $(PART)

release: setup  ## build a release into dist/, and check it: make release TAG=vX.Y.Z
	$(BIN)/python scripts/release.py $(TAG)

format: setup  ## format and mend what the linter can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

setup:  ## the virtual environment and the CDK CLI, made once
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] + "; pass another one: make PYTHON=python3.13 ...")'
	@$(PYTHON) scripts/set_up.py $(if $(filter file,$(origin PYTHON)),,--this-python)

clean:  ## remove what the other targets have made
	rm -rf .venv build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis cdk.out
