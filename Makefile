# The developer loop. `make` lists it.

PYTHON ?= python3
VENV := .venv/bin/
MANAGE := $(VENV)python manage.py
args ?=
ARGS ?=
N ?= 200
SEED ?= 1
ERP ?= business_central

# Where the machine forbids it, every process would compile all modules again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup demo run work browser test check fix bench chaos screenshots

help:  ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

.venv/installed: requirements.txt requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed: make setup PYTHON=python3.11"; exit 1; }
	test -x .venv/bin/python || $(PYTHON) -m venv .venv
	$(VENV)python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

setup: .venv/installed  ## virtualenv, packages, database, first administrator; safe to repeat
	@$(MANAGE) setup

demo: .venv/installed  ## two stores, one ERP, 22 orders (ARGS=--once ends by itself; ERP=…)
	@$(MANAGE) demo --erp $(ERP) $(ARGS)

run: setup  ## web server and workers at http://127.0.0.1:8000/admin/
	@$(MANAGE) run $(ARGS)

work: setup  ## one more worker host on the same database
	@$(MANAGE) work $(ARGS)

browser:  ## Chromium for the browser tests, where we may install it
	@sh .ci/browser

test: .venv/installed browser  ## all tests, or some: make test args="-k payout"
	@$(VENV)python -m pytest -n 5 --dist loadfile --no-loadscope-reorder $(args)

check: .venv/installed browser  ## everything that CI checks
	$(VENV)ruff check .
	$(VENV)ruff format --check .
	$(VENV)mypy
	$(VENV)lint-imports --no-cache
	$(MANAGE) makemigrations --check --dry-run
	$(MANAGE) check --fail-level WARNING
	$(VENV)python -m pytest -n 5 --dist loadfile --no-loadscope-reorder $(args)

fix: .venv/installed  ## repair what ruff can repair
	$(VENV)ruff check --fix .
	$(VENV)ruff format .

bench: .venv/installed  ## figures, as ratios within one run (ERP=…)
	@$(VENV)python -W ignore -m benchmarks --erp $(ERP) $(ARGS)

chaos: .venv/installed  ## orders under faults and killed workers: make chaos N=2000 SEED=7 ERP=…
	@$(VENV)python -W ignore -m benchmarks.chaos --erp $(ERP) --orders $(N) --seed $(SEED) $(ARGS)

screenshots: .venv/installed browser  ## pictures of the main pages, anew, in docs/screenshots
	@$(VENV)python -W ignore -m screenshots
