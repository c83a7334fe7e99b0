# Two commands do all the set-up on a fresh machine with Python 3.11 or newer:
#   make demo    scan pictures with a model and write report pages that open from disk, in demo/
#   make test    every check: ruff, mypy, import-linter, pytest

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

# without MODEL= and IMAGES= the demo draws its own pictures and wires its own tiny network, in
# which unit 3 answers to red, 17 to thin stripes, 5 is dead and 40 constant
MODEL ?= local-dir:demo/world/model
IMAGES ?= demo/world/pictures
LAYER ?= visual.layer4
UNITS ?= 3 17 5 40

.PHONY: demo test lint docs lock clean

demo: $(STAMP)
ifeq ($(MODEL),local-dir:demo/world/model)
	$(BIN)/python -m experiments.toy_world demo/world
endif
	$(BIN)/neurons scan --model "$(MODEL)" --images "$(IMAGES)" --layers $(LAYER) --out demo/run
	$(BIN)/neurons report demo/run $(foreach unit,$(UNITS),$(LAYER):$(unit)) --out demo/report
	@echo "open demo/report/index.html in a browser"

test: lint
	$(BIN)/python -m pytest

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
