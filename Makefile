# The list of commands. Needs Debian (or the like) with Python 3.11, cargo, cc, make and git, for the fuzz targets c++ too;
# everything else is set up here, in .venv and target.
#
#   make run                    build, start the server on a bundled model, send a first request, serve until Ctrl-C
#   make run ONCE=1             the same, but end after the first request
#   make test                   build, then all tests; SUITES="rust python e2e fuzz" chooses
#   make lint                   all checks of form; silent when clean

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3.11
PORT ?= 8500
REST_PORT ?= 8501
ONCE ?=
SUITES ?= rust python e2e fuzz
TARGET ?=
SECONDS ?= 60
NPM ?= npm
CHROMIUM ?= /usr/bin/chromium

VENV := $(CURDIR)/.venv
CLIENTS := $(CURDIR)/.venv-clients
BIN := $(VENV)/bin
SITE = $(VENV)/lib/python3.11/site-packages
DEPENDENCIES := $(VENV)/.dependencies
EXTENSION := $(VENV)/.extension
CLIENT_DEPENDENCIES := $(CLIENTS)/.dependencies
FUZZ := $(CURDIR)/.venv-fuzz
FUZZ_DEPENDENCIES := $(FUZZ)/.dependencies

RUST_SOURCES := Cargo.toml Cargo.lock $(shell find crates -name '*.rs' -o -name Cargo.toml 2>/dev/null)

# One interpreter for every build of the binding crate: a change of it would compile the crate anew.
export PYO3_PYTHON := $(BIN)/python
export SALVER_TENSORFLOW_LIB = $(SITE)/tensorflow
export VIRTUAL_ENV := $(VENV)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# Two makes at the same time wait for each other here instead of writing into each other's environment.
LOCKED = flock .make.lock
# Shows what a command said only when it failed.
quiet = said=$$($(1) 2>&1) || { printf '%s\n' "$$said"; exit 1; }

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1|\2/' | column -t -s '|'

# --- set-up ------------------------------------------------------------------------------------------------------------

.PHONY: build
build: $(EXTENSION) ## Set up .venv and build the extension, as far as needed
	@:

$(BIN)/python:
	@$(LOCKED) $(PYTHON) -m venv $(VENV)

$(DEPENDENCIES): requirements/dev.txt | $(BIN)/python
	@echo "Installing Python packages into .venv (the first time takes minutes)"
	@$(LOCKED) $(BIN)/python -m pip install --quiet -r requirements/dev.txt
	@touch $@

$(EXTENSION): $(RUST_SOURCES) pyproject.toml $(DEPENDENCIES)
	@echo "Building the extension (the first time takes minutes)"
	@$(call quiet,$(LOCKED) $(BIN)/maturin develop --quiet --release)
	@touch $@

.PHONY: clients
clients: $(CLIENT_DEPENDENCIES) ## Set up .venv-clients: TensorFlow Serving's own client, for the end-to-end tests

# The client brings message classes that must not meet the server's in one environment; TensorFlow itself it takes from
# .venv, which saves half a minute and a gigabyte.
$(CLIENT_DEPENDENCIES): requirements/clients.txt $(DEPENDENCIES)
	@echo "Installing Python packages into .venv-clients"
	@$(LOCKED) $(PYTHON) -m venv $(CLIENTS)
	@$(LOCKED) $(CLIENTS)/bin/python -m pip install --quiet --no-deps -r requirements/clients.txt
	@echo $(SITE) > $(CLIENTS)/lib/python3.11/site-packages/shared.pth
	@touch $@

# The same for the fuzzer of Python code, which nothing else needs.
$(FUZZ_DEPENDENCIES): requirements/fuzz.txt $(DEPENDENCIES)
	@echo "Installing Python packages into .venv-fuzz"
	@$(LOCKED) $(PYTHON) -m venv $(FUZZ)
	@$(LOCKED) $(FUZZ)/bin/python -m pip install --quiet --no-deps -r requirements/fuzz.txt
	@echo $(SITE) > $(FUZZ)/lib/python3.11/site-packages/shared.pth
	@touch $@

# --- use ---------------------------------------------------------------------------------------------------------------

.PHONY: run
run: build ## Start the server on a bundled model and send a first request (PORT, REST_PORT, ONCE=1)
	@exec $(BIN)/python scripts/run.py --port=$(PORT) --rest-port=$(REST_PORT) $(if $(ONCE),--once)

.PHONY: bench
bench: build clients ## Run the load benchmarks (some 12 minutes; ARGS="..." chooses)
	@$(BIN)/python -m benches $(ARGS)

# --- checks ------------------------------------------------------------------------------------------------------------

.PHONY: test
test: build clients $(if $(filter e2e,$(SUITES)),$(CHROMIUM)) $(if $(filter fuzz,$(SUITES)),$(FUZZ_DEPENDENCIES)) ## Run all tests and say how many passed (SUITES="rust python e2e fuzz" chooses)
	@$(BIN)/python -m scripts.run_tests $(SUITES)

.PHONY: fuzz
fuzz: build $(FUZZ_DEPENDENCIES) ## Run the fuzz targets shortly, or one long: TARGET=tensor SECONDS=3600 (fuzz/README.md)
	@$(BIN)/python -m scripts.fuzz $(if $(TARGET),$(TARGET) --seconds=$(SECONDS))

.PHONY: lint lint-python lint-rust lint-words
lint: lint-words lint-python lint-rust ## Check form, types and stubs; silent when clean

lint-python: build
	@$(BIN)/ruff check --quiet .
	@$(call quiet,$(BIN)/ruff format --check .)
	@$(BIN)/mypy --no-error-summary
	@$(call quiet,MYPYPATH=python $(BIN)/python -m mypy.stubtest salver._native --concise --allowlist .stubtest-allowlist)

lint-rust: build
	@cargo fmt --all --check
	@cargo clippy --quiet --locked --workspace --all-targets -- -D warnings
	@cargo clippy --quiet --locked --package=salver-core --features=shuttle --test=wakeups -- -D warnings
	@cd fuzz && cargo fmt --check && cargo clippy --quiet --locked --release --target-dir=../target/fuzz -- -D warnings

# Where packages come from is the machine's setting: no file names a host for it. (Cargo.lock names cargo's own index.)
HOSTS := py[p]i[.]org|pythonh[o]sted[.]org|(static|index)[.]crates[.]io|an[a]conda[.]org|index[-]url|/w[o]rk/(main|shared)
lint-words:
	@if git grep --no-index --exclude-standard -nIE '$(HOSTS)' -- . ':!Cargo.lock' ':!target' ':!.venv*'; then exit 1; fi

.PHONY: fmt
fmt: $(DEPENDENCIES) ## Format all code
	@$(BIN)/ruff check --quiet --fix-only .
	@$(BIN)/ruff format --quiet .
	@cargo fmt --all

# --- packages ----------------------------------------------------------------------------------------------------------

# The environment of a developer has all it takes; a machine that only builds wheels gets a small one.
PACKER = $(if $(wildcard $(BIN)/maturin),$(VENV),$(CURDIR)/.venv-wheel)

.PHONY: wheel sdist wheel-test version
wheel: ## Build the wheel of this machine's kind into dist/
	@$(MAKE) --no-print-directory $(PACKER)/bin/maturin
	@rm -rf dist/*.whl
	@VIRTUAL_ENV=$(PACKER) PYO3_PYTHON=$(PACKER)/bin/python $(PACKER)/bin/maturin build --release --locked --out dist

sdist: ## Build the source distribution into dist/
	@$(MAKE) --no-print-directory $(PACKER)/bin/maturin
	@rm -rf dist/*.tar.gz
	@$(PACKER)/bin/maturin sdist --out dist

wheel-test: ## Check the wheel in dist/: install it on its own, serve a model, predict
	@$(PYTHON) scripts/wheel.py dist

version: ## Show the version that a release has
	@sed -nE '/^\[workspace.package\]/,/^version/ s/^version = "(.*)"/\1/p' Cargo.toml

$(CURDIR)/.venv-wheel/bin/maturin: requirements/dev.txt
	@$(PYTHON) -m venv $(CURDIR)/.venv-wheel
	@$(CURDIR)/.venv-wheel/bin/python -m pip install --quiet --constraint requirements/dev.txt maturin

# --- the console, and the browser that tests it ----------------------------------------------------------------------

.PHONY: console
console: ## Check, test and build the console from console/ (needs node; what is built is committed)
	@cd console && $(NPM) ci --silent && $(NPM) run --silent check && $(NPM) test --silent && $(NPM) run --silent build

.PHONY: chromium
chromium: $(CHROMIUM) ## Install Debian's Chromium, for the tests of the console

$(CHROMIUM):
	@echo "Installing Chromium"
	@sudo=$$([ $$(id -u) = 0 ] || echo sudo); \
	command -v apt-get > /dev/null && { [ -z "$$sudo" ] || command -v sudo > /dev/null; } || { \
		echo "The tests of the console need Chromium at $(CHROMIUM): install it, or say CHROMIUM=PATH" >&2; exit 1; }; \
	$(call quiet,$$sudo apt-get update && $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends chromium)

# --- generated files ---------------------------------------------------------------------------------------------------

.PHONY: docs
docs: build ## Write the generated pages, check links, and build the site with search into site/
	@$(BIN)/python -m scripts.docs

.PHONY: chart
chart: ## Render the Helm chart for the tests, where helm is installed
	@$(PYTHON) scripts/chart.py

.PHONY: proto
proto: $(DEPENDENCIES) ## Write the message descriptors from proto/
	@$(BIN)/python scripts/make_descriptors.py

.PHONY: lock
lock: $(DEPENDENCIES) ## Pin newer Python and Rust packages
	@$(BIN)/python scripts/lock.py
	@cargo update --quiet
	@cd fuzz && cargo update --quiet

.PHONY: clean
clean: ## Remove everything that was built or installed here
	@rm -rf .venv .venv-clients .venv-fuzz target .make.lock .mypy_cache .pytest_cache .ruff_cache .hypothesis .cache
	@rm -f python/salver/_native*.so
	@find python scripts tests -name __pycache__ -type d -prune -exec rm -rf {} +
