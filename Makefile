# Two commands: `make book` and `make test`. Both create the environment in .venv when it is missing.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/installed
CHAPTERS := $(shell find book -name '*.ipynb' -not -path '*/.ipynb_checkpoints/*' | sort)

.DEFAULT_GOAL := help
.PHONY: help environment book test data lint unit notebooks train execute bench clean

help:  ## list what can be made
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 20

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or later is needed; name one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--constraint constraints.txt --editable '.[book,test]'
	@touch $@

environment: $(STAMP)  ## create the environment in .venv

book: $(STAMP)  ## build the book from the committed chapters; no data, no training
	$(BIN)/jupyter-book build . --builder html -n -W --keep-going --quiet
	@echo "The book: $(CURDIR)/_build/html/index.html"

test: lint data unit notebooks book  ## run everything that checks the project

data: $(STAMP)  ## check CIFAR-10, and download it where it is missing
	-@$(BIN)/colorizer data

lint: $(STAMP)
	$(BIN)/ruff check
	$(BIN)/ruff format --check

unit: $(STAMP)
	$(BIN)/python -m pytest --quiet

notebooks: $(STAMP)
	$(BIN)/python -m pytest --quiet --nbval $(CHAPTERS)

execute: $(STAMP)  ## run the chapters that are stale and store their outputs
	$(BIN)/python book/execute.py $(CHAPTERS)

train: $(STAMP)  ## train the paper's three models where no run is recorded
	for name in plain dropout batchnorm-dropout; do $(BIN)/colorizer train $$name || exit; done

bench: $(STAMP)  ## measure training throughput against plain Keras
	$(BIN)/python tests/bench.py

clean:  ## remove the environment and everything built
	rm -rf $(VENV) _build
