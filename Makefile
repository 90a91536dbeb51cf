# untrap: `make demo` and `make test` work on a fresh Linux machine with Python 3.11 or newer and make.
PYTHON ?= python3
# Many tests wait for a device double: more workers than cores finish sooner.
JOBS ?= 4
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

.PHONY: help setup demo test check format lint types docs peers soak bench lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | sort

setup: $(READY) ## make the virtual environment from the hashed lock

$(READY): requirements/lock.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "untrap needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V). Try: make PYTHON=python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "Python's venv and ensurepip are missing; on Debian or Ubuntu: apt install python3-venv" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "setting up $(VENV) from requirements/lock.txt …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/lock.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(READY)

demo: $(READY) ## play the bundled plant, scan it, list the gaps, write demo/
	@$(BIN)/untrap demo demo

test: $(READY) ## run the whole test suite
	@$(BIN)/python -m pytest -q -n $(JOBS) --dist loadgroup

check: $(READY) format lint types docs test ## format, lint, types, docs, then the tests

format: $(READY)
	@$(BIN)/ruff format --check .

lint: $(READY)
	@$(BIN)/ruff check .

types: $(READY)
	@$(BIN)/mypy

docs: $(READY) ## fail when a generated page differs from the code
	@$(BIN)/python -m docs.generate --check

peers: ## install the real servers that the tests run against (apt and npm; needs root)
	@bash tests/peers/install.sh

soak: $(READY) ## the long campaigns (an hour and more)
	@$(BIN)/python -m pytest -q -m soak --timeout 7200 --hypothesis-profile default

bench: $(READY) ## timings and ratios against other tools; writes build/bench.md
	@$(BIN)/python -m benchmarks

lock: ## rewrite requirements/lock.txt (needs uv)
	@uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-header \
		--python-version 3.11 --all-extras --group dev --output-file requirements/lock.txt pyproject.toml

clean:
	rm -rf $(VENV) build dist demo .mypy_cache .ruff_cache .pytest_cache
