# Every target makes the environment it needs in .venv: on the first call, and again when pyproject.toml or
# constraints.txt have changed. Needs Python 3.11 or newer with its venv module; nothing else.

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
SCENARIO ?= scenarios/export_ban.yaml
PYTHON ?=
WORKERS ?= 2
NOTEBOOKS := $(wildcard notebooks/*.py)

.DEFAULT_GOAL := help
.PHONY: help install run test test-slow check format bench golden docs notebooks clean

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

install: $(STAMP)  ## make the environment in .venv

run: $(STAMP)  ## run SCENARIO (default: scenarios/export_ban.yaml) and write results/NAME/
	$(BIN)/sim run $(SCENARIO)

test: $(STAMP)  ## run the tests, without the slow ones
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal --benchmark-disable

test-slow: $(STAMP)  ## run the slow tests: more random networks, longer horizons
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal --benchmark-disable -m "slow and not bench"

check: $(STAMP)  ## lint, format, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMP)  ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(STAMP)  ## measure speed and memory (not part of the tests)
	$(BIN)/python -m pytest tests/bench -m bench -s

golden: $(STAMP)  ## write the golden results anew; name the change in CHANGELOG.md
	$(BIN)/python -m tests.golden.update

docs: $(STAMP)  ## write docs/reference anew from the declarations in the code
	$(BIN)/python -m sim.report.reference

notebooks: $(STAMP)  ## execute the notebooks; writes notebooks/*.ipynb, which git ignores
	$(BIN)/jupytext --quiet --to ipynb --set-kernel python3 $(NOTEBOOKS)
	$(BIN)/jupyter-execute --inplace $(NOTEBOOKS:.py=.ipynb)

clean:  ## remove the environment and what tools have left behind
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .hypothesis .benchmarks .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The versions in constraints.txt are those with which results are the same bytes everywhere. Where an index
# does not have them (another Python, another processor), any version within the bounds of pyproject.toml will do.
$(STAMP): pyproject.toml constraints.txt
	@set -e; \
	new_enough='import sys; sys.exit(sys.version_info < (3, 11))'; \
	if ! $(BIN)/python -c "$$new_enough" 2>/dev/null; then \
	  found=; \
	  for candidate in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11 python; do \
	    if "$$candidate" -c "$$new_enough" 2>/dev/null; then found=$$candidate; break; fi; \
	  done; \
	  if [ -z "$$found" ]; then \
	    echo "make: Python 3.11 or newer is needed and was not found; install it, or name it: make PYTHON=/path/to/python" >&2; \
	    exit 1; \
	  fi; \
	  if ! "$$found" -c 'import ensurepip, venv' 2>/dev/null; then \
	    echo "make: $$found has no venv module; on Debian and Ubuntu: apt-get install python3-venv" >&2; \
	    exit 1; \
	  fi; \
	  echo "making an environment in $(VENV) with $$("$$found" --version)"; \
	  "$$found" -m venv --clear $(VENV); \
	fi; \
	echo "installing critmin-sim and its tools into $(VENV) (once; a few minutes)"; \
	if ! $(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'; then \
	  echo "make: the versions of constraints.txt are not to be had here; trying others within pyproject.toml" >&2; \
	  $(BIN)/python -m pip install --quiet --editable '.[dev]'; \
	fi; \
	touch $@
