# Everything a person runs, by name. All of it works in .venv, which is made on first use and again when a lock changes.

PYTHON ?= python3
UPGRADE ?=
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install
NODE := tests/tools/node/node_modules
PEERS := .bench/peers

.PHONY: demo test test-long test-tools harness harness-long kills kills-long bench bench-short bench-convergence soak lint format lock manifests mutation clean
.DEFAULT_GOAL := demo

demo: $(VENV)/installed  ## the main job: billing, platforms and the daemon on loopback, until all has converged
	@$(BIN)/iptv-reconciler demo

test: $(VENV)/installed-dev  ## all tests but the long ones
	@$(BIN)/python -m pytest -n 2 $(ARGS)

test-long: $(VENV)/installed-dev  ## the whole demo, judged from outside: what takes minutes
	@$(BIN)/python -m pytest -n 2 -m long $(ARGS)

test-tools: $(VENV)/installed-dev $(NODE)/installed  ## alerts, dashboards, status page and image against the real parts
	@$(BIN)/python -m pytest -n 2 --dist loadfile -m tools tests/tools $(ARGS)

harness: $(VENV)/installed-dev  ## injected faults, as many as fit into minutes; CASE=... runs one case again
	@$(HARNESS) $(if $(CASE),--case='$(CASE)',-n 2 --profile=small --seed=$(SEED)) $(ARGS)

harness-long: $(VENV)/installed-dev  ## every fault at every crossing of every scenario, and thousands of pairs
	@$(HARNESS) -n 2 --profile=long --seed=$(SEED) $(ARGS)

HARNESS = $(BIN)/python -m pytest -m harness tests/harness
SEED ?= 1

kills: $(VENV)/installed-dev  ## kill -9 of real processes over the real file, at some of the crossings
	@$(BIN)/python -m pytest -n 2 -m kills tests/kills $(if $(KILL),--kill='$(KILL)') $(ARGS)

kills-long: $(VENV)/installed-dev  ## the same at every crossing, and once more while the next one recovers
	@$(BIN)/python -m pytest -n 2 -m kills tests/kills --every $(ARGS)

bench: $(VENV)/installed-dev $(PEERS)/installed  ## every goal of performance, to a million accounts: hours; .bench/bench.json has all runs
	@$(BENCH) --json .bench/bench.json $(ARGS)

bench-short: $(VENV)/installed-dev $(PEERS)/installed  ## the same at small sizes, in three minutes
	@$(BENCH) --short --json .bench/bench-short.json $(ARGS)

bench-convergence: $(VENV)/installed-dev  ## 100,000 new accounts, and 1 % changed of a million, against physics
	@$(BENCH) --goal first --goal changed --json .bench/bench-convergence.json $(ARGS)

soak: $(VENV)/installed-dev  ## a day in an hour among 100,000 accounts; ARGS="--accounts 20000 --hours 2" takes 5 minutes
	@$(BIN)/python -m tests.benchmarks.soak --json .bench/soak.json $(ARGS)

BENCH = $(BIN)/python -m tests.benchmarks

lint: $(VENV)/installed-dev  ## style, types and the direction of imports
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(VENV)/installed-dev  ## rewrites what `make lint` would object to
	@$(BIN)/ruff check --fix --quiet .
	@$(BIN)/ruff format .

mutation: $(VENV)/installed-dev  ## are the core's tests any good? fails under 90 % of killed mutants
	@$(BIN)/mutmut run
	@$(BIN)/mutmut export-cicd-stats
	@$(BIN)/python tests/kill_rate.py mutants/mutmut-cicd-stats.json 90

lock: $(VENV)/installed-dev  ## writes the lock files anew; UPGRADE=--upgrade takes the newest versions
	@$(LOCK) --group build --extra tracing pyproject.toml --output-file deploy/requirements.lock
	@$(LOCK) --group build --extra dev --constraint deploy/requirements.lock pyproject.toml \
		--output-file deploy/requirements-dev.lock
	@$(LOCK) tests/benchmarks/peers/requirements.in --output-file tests/benchmarks/peers/requirements.lock

LOCK = $(BIN)/uv pip compile --quiet --no-config --generate-hashes --universal --python-version 3.11 \
	--no-annotate --no-header --no-emit-index-url $(UPGRADE)

manifests: $(VENV)/installed-dev  ## the plain manifests and the chart's schema anew, from the chart and the configuration's schema
	@$(BIN)/python -m tests.tools.manifests

clean:
	@rm -rf $(VENV) $(NODE) .bench mutants .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

# The three stages of the environment. A stage that was interrupted has no stamp and is done again, from scratch.

$(VENV)/made:
	@command -v $(PYTHON) >/dev/null || { \
		echo "make: no $(PYTHON) here; install Python 3.11 or later, or name it: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "make: $(PYTHON) is $$($(PYTHON) --version); Python 3.11 or later is needed: make PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "make: $(PYTHON) cannot make virtual environments; on Debian: apt-get install python3-venv" >&2; exit 1; }
	@echo "making $(VENV) ..."
	@$(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(VENV)/installed: $(VENV)/made deploy/requirements.lock pyproject.toml
	@echo "installing the product ..."
	@$(PIP) --require-hashes -r deploy/requirements.lock
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed deploy/requirements-dev.lock
	@echo "installing the tools ..."
	@$(PIP) --require-hashes -r deploy/requirements-dev.lock
	@touch $@

# What the benchmarks compare with, in an environment of its own.

$(PEERS)/installed: $(VENV)/made tests/benchmarks/peers/requirements.lock
	@echo "installing what is compared with ..."
	@$(PYTHON) -m venv --clear $(PEERS)
	@$(PEERS)/bin/python -m pip --disable-pip-version-check --quiet install \
		--require-hashes -r tests/benchmarks/peers/requirements.lock
	@touch $@

# What only the tests need of npm; without npm those tests are skipped, and say so.

$(NODE)/installed: tests/tools/node/package-lock.json
	@mkdir -p $(NODE)
	@if command -v npm >/dev/null; then npm ci --silent --prefix tests/tools/node && touch $@; \
	else echo "make: no npm here; the tests that need its packages are skipped"; fi
