# Two commands do all the set-up on a fresh machine with Python 3.11 or newer:
#   make demo    the whole job in a minute, offline, on the miniature; pages in demo/report,
#                all units in demo/atlas
#   make test    every check: ruff, mypy, import-linter, pytest
# and, after a change of what tests hold: make mutations, which sees whether they still hold it

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

# with MODEL= and IMAGES= the demo scans those instead and reports UNITS
LAYER ?= visual.layer4
UNITS ?= 0 1 2 3

.PHONY: demo test coverage mutations lint docs lock clean

demo: $(STAMP)
ifdef MODEL
	$(BIN)/neurons scan --model "$(MODEL)" --images "$(IMAGES)" --layers $(LAYER) --out demo/run
	$(BIN)/neurons report demo/run $(foreach unit,$(UNITS),$(LAYER):$(unit)) --out demo/report
	$(BIN)/neurons atlas demo/run --layer $(LAYER) --out demo/atlas
	@echo "open demo/report/index.html or demo/atlas/index.html in a browser"
else
	$(BIN)/neurons demo --out demo
endif

# one thread for each of two workers: beside other work, waiting threads cost more than they bring;
# files in the order of tests/conftest.py: those that take longest come first
PYTEST = OMP_NUM_THREADS=1 $(BIN)/python -m pytest \
	--numprocesses 2 --dist loadfile --no-loadscope-reorder

test: lint
	$(PYTEST)

# which lines no test runs; counting takes half as long again, so `make test` does without
coverage: $(STAMP)
	$(PYTEST) --cov=neurons --cov-report=term-missing:skip-covered

# WORDS="probe split" takes only the mutations with one of these words in their name or file
mutations: $(STAMP)
	$(BIN)/python -m tests.mutations.check $(WORDS)

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

docs: $(STAMP)
	$(BIN)/mkdocs build --strict

# torchvision's wheel needs torch's CUDA build, also on a machine without a GPU: it is in the lock
$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" \
		|| { echo "Python 3.11 or newer is needed; name one with PYTHON="; exit 2; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-virtualenv -r requirements.lock
	$(BIN)/python -m pip install --quiet --require-virtualenv --no-deps --no-build-isolation --editable .
	touch $(STAMP)

# the whole environment, pinned; written again after a change in pyproject.toml
lock:
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 \
		--no-emit-index-url --no-emit-find-links --no-header --output-file requirements.lock

clean:
	rm -rf demo site .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage
