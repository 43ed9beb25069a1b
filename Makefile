# Two commands: `make book` and `make test`. Both create the environment in .venv when it is missing.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/installed
VENDORED := node_modules/.package-lock.json
# It decides which chapters are tested besides those that are stale, and each page in which of four
# settings; before the first there is none.
COMMIT = $(shell git rev-parse HEAD 2>/dev/null || echo 0)
TURN = $(COMMIT)
# Processes that share the tests, a file or a chapter at a time.
WORKERS := 2
PYTEST = $(BIN)/python -m pytest --quiet -n $(WORKERS) --dist loadfile
# Tests of the package that train take long, and they are few: who is done first takes over some.
SHARED = $(BIN)/python -m pytest --quiet -n $(WORKERS) --dist worksteal
# Those that ask for a time share the machine with nothing.
TIMED = $(BIN)/python -m pytest --quiet -m timed
# Those that need the built book and a browser.
PAGES := $(addprefix tests/test_,page.py landing.py live.py live_app.py live_data.py live_learning.py \
	quiz.py schematics.py take_along.py playground_page.py playground_app.py)
# Where digits depend on the processor; and one core of it, where that can be had.
NUMERIC := tests/test_models.py tests/test_scratch.py
ONE_CORE := $(shell taskset -c 0 true 2>/dev/null && echo taskset -c 0)
# JAX compiles for longer than it computes what is so small.
QUICK := '--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true'
CHAPTERS := $(shell find book -name '*.ipynb' -not -path '*/.ipynb_checkpoints/*' | sort)

.DEFAULT_GOAL := help
# Where the book will be found, if anywhere: `make book REPOSITORY=https://github.com/OWNER/NAME`
# puts buttons on its pages, `make book SITE=https://...` adds what search engines and previews want.
REPOSITORY :=
SITE :=

.PHONY: help environment book playground test test-all data lint unit notebooks pages stale execute \
	refresh train screenshots bench clean

help:  ## list what can be made
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 20

# Modules are compiled when they are first imported; most never are. Where an environment forbids to
# keep what was compiled, every program would begin with half a minute of it.
unexport PYTHONDONTWRITEBYTECODE
$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or later is needed; name one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check \
		--constraint constraints.txt --editable '.[book,test]'
	@touch $@

environment: $(STAMP)  ## create the environment in .venv

# what pages load besides the theme; npm comes with the environment
$(VENDORED): package.json package-lock.json $(STAMP)
	PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --loglevel=error >/dev/null
	@touch $@

# from nothing each time: a page that is not read again does not repeat its warning
book: $(STAMP) $(VENDORED)  ## build the book from the committed chapters; no data, no training
	rm -rf _build
	COURSE_REPOSITORY="$(REPOSITORY)" COURSE_SITE="$(SITE)" \
		$(BIN)/jupyter-book build . --builder html -n -W --keep-going --quiet
	@$(BIN)/python book/take_along.py _build/html
	@echo "The book: $(CURDIR)/_build/html/index.html"

playground: $(STAMP)  ## open the playground in the browser
	$(BIN)/colorizer playground

test: lint data unit notebooks pages  ## check the project, of the chapters those that are due

test-all: CHOOSE = echo $(CHAPTERS)
test-all: TURN =
test-all: test  ## the same with every chapter, and every page in all settings

data: $(STAMP)  ## check CIFAR-10, and download it where it is missing
	-@$(BIN)/colorizer data

lint: $(STAMP)  ## check the style of the code
	$(BIN)/ruff check
	$(BIN)/ruff format --check

unit: $(STAMP) $(VENDORED)  ## test the package and the sources of the book
	$(SHARED) -m "not timed" $(addprefix --ignore ,$(PAGES))
	$(TIMED) $(addprefix --ignore ,$(PAGES))
	KERAS_BACKEND=jax XLA_FLAGS=$(QUICK) $(SHARED) tests/test_models.py tests/test_losses.py \
		tests/test_scratch.py tests/test_tasks.py \
		--deselect tests/test_tasks.py::test_a_second_task_is_trained_killed_resumed_and_evaluated \
		tests/test_training.py::test_resumed_is_as_uninterrupted[network] \
		tests/test_training.py::test_two_devices_train_as_one
	ONEDNN_MAX_CPU_ISA=AVX2 $(ONE_CORE) $(BIN)/python -m pytest --quiet $(NUMERIC)
	TF_ENABLE_ONEDNN_OPTS=0 $(PYTEST) $(NUMERIC)

# those that are stale, and a fifth of the others, another one after each commit
CHOOSE = $(BIN)/python book/execute.py --choose $(COMMIT) $(CHAPTERS)

notebooks: $(STAMP)  ## run the chapters that are due and compare them with their stored outputs
	chosen="$$($(CHOOSE))" && $(PYTEST) --nbval $$chosen

pages: book  ## test the built pages in a browser
	TURN=$(TURN) $(PYTEST) -m "not timed" $(PAGES)
	$(TIMED) $(PAGES)

stale: $(STAMP)  ## list the chapters whose stored outputs may be out of date, and why
	@$(BIN)/python book/execute.py --list $(CHAPTERS)

execute: $(STAMP)  ## run the chapters that are stale and store their outputs
	@$(BIN)/python book/execute.py $(CHAPTERS)

refresh: $(STAMP)  ## train what is missing on a GPU, run what is stale, draw the pictures again
	@$(BIN)/python book/refresh.py $(CHAPTERS)

train: $(STAMP)  ## train every experiment of the book that is not recorded; hours on a GPU
	$(BIN)/colorizer train --all

screenshots: book  ## take the pictures of the playgrounds again
	$(BIN)/python book/screenshots.py

bench: $(STAMP)  ## measure training throughput against plain Keras
	$(BIN)/python tests/bench.py

clean:  ## remove the environment and everything built
	rm -rf $(VENV) _build node_modules
