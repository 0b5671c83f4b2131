# What can be done here; `make` alone lists it. Every target sets up what it needs first.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.runtime
DEVELOPMENT := $(VENV)/.development
COMPARED := $(VENV)/.compared
AUDIT := build/audit
AUDITING := $(AUDIT)/.auditing
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Installed again only when the pins changed. What pip says goes to stderr: stdout is the target's own.
$(RUNTIME): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo 'Seraphim needs Python 3.11 or newer: make PYTHON=python3.12 …' >&2; exit 1; }
	@echo 'Setting up: a virtual environment with the pinned packages …' >&2
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) install --require-hashes -r requirements.txt >&2
	@$(PIP) install --no-deps --no-build-isolation --editable . >&2
	@touch $@

$(DEVELOPMENT): $(RUNTIME) requirements-dev.txt
	@echo 'Setting up: the tools for tests and checks …' >&2
	@$(PIP) install --require-hashes -r requirements-dev.txt >&2
	@touch $@

# What Seraphim is measured beside: wanted by nothing else, and heavy.
$(COMPARED): $(DEVELOPMENT) requirements-bench.txt
	@echo 'Setting up: the libraries to compare with …' >&2
	@$(PIP) install --require-hashes -r requirements-bench.txt >&2
	@touch $@

# Apart from all the rest: what audits is no part of what is audited.
$(AUDITING): requirements-audit.txt
	@echo 'Setting up: the tools for the audit …' >&2
	@test -x $(AUDIT)/bin/python || $(PYTHON) -m venv $(AUDIT)
	@$(AUDIT)/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes -r requirements-audit.txt >&2
	@touch $@

.PHONY: setup
setup: $(DEVELOPMENT) ## the virtual environment, with all that is pinned

.PHONY: sandbox
sandbox: $(RUNTIME) ## the real bot in a Discord of its own: no token needed; reads a script from stdin too
	@$(BIN)/seraphim sandbox

.PHONY: run
run: $(RUNTIME) ## the bot with your .env
	@$(BIN)/seraphim run

.PHONY: test
test: lint types house unit test-e2e ## everything: format, lint, types, house rules, tests

.PHONY: lint
lint: $(DEVELOPMENT) ## format and lint
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

.PHONY: types
types: $(DEVELOPMENT) ## strict types
	$(BIN)/basedpyright

.PHONY: house
house: $(DEVELOPMENT) ## who may import whom
	$(BIN)/lint-imports

.PHONY: unit
unit: $(DEVELOPMENT) ## the tests of both packages
	$(BIN)/python -m pytest tests --ignore=tests/end_to_end --numprocesses 2 --dist worksteal

.PHONY: test-e2e
test-e2e: $(DEVELOPMENT) ## the real bot, a real node, and what the listeners hear
	$(BIN)/python -m pytest tests/end_to_end --numprocesses 2 --dist worksteal

.PHONY: bench
bench: $(COMPARED) ## every benchmark, with its gates
	@failed=0; for name in actors audio commands limiter link memory recovery; do $(BIN)/python -m benchmarks $$name || failed=1; done; exit $$failed

.PHONY: simulate
simulate: $(DEVELOPMENT) ## a hundred thousand simulated guild-hours of faults
	$(BIN)/python -m tests.simulation --hours 100000

.PHONY: fuzz
fuzz: $(DEVELOPMENT) ## broken files, hostile requests and nonsense in bytes, for six minutes
	$(BIN)/python -m tests.fuzz

# Who is asked: PyPI, or with ADVISORIES=osv somebody else.
ADVISORIES ?= pypi

# Markers are cut off: pip-audit would leave out what is pinned for other platforms. What it writes to stdout
# are weaknesses; where it fails and finds none, it could not ask.
.PHONY: audit
audit: $(RUNTIME) $(AUDITING) ## known weaknesses of what is pinned; a bill of materials; licences
	@$(AUDIT)/bin/python -W ignore -m cyclonedx_py requirements --pyproject pyproject.toml \
		--output-reproducible --output-file build/sbom.json requirements.txt
	@$(BIN)/python -m tests.licences > build/licences.md
	@echo 'What Seraphim stands on is in build/sbom.json, and under which licences in build/licences.md.'
	@sed 's/ ; .*\\$$/ \\/' requirements.txt > build/pinned.txt
	@if found=$$($(AUDIT)/bin/python -m pip_audit --strict --disable-pip --require-hashes --progress-spinner off \
			--vulnerability-service $(ADVISORIES) --requirement build/pinned.txt 2> build/audit.log); then \
		echo 'No weakness is known of anything that is pinned.'; \
	elif [ "$$found" ]; then \
		echo 'Weaknesses are known:'; echo "$$found"; exit 1; \
	else \
		tail -n 1 build/audit.log >&2; \
		echo 'The advisories could not be asked about all that is pinned: whether weaknesses are known is open.' >&2; \
		exit 1; \
	fi

.PHONY: format
format: $(DEVELOPMENT) ## put the code into shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: pins
pins: $(DEVELOPMENT) ## resolve the pinned requirements anew
	$(BIN)/uv pip compile --quiet $(PINNED) pyproject.toml --group build -o requirements.txt
	$(BIN)/uv pip compile --quiet $(PINNED) pyproject.toml --group build --extra dev -c requirements.txt -o requirements-dev.txt
	$(BIN)/uv pip compile --quiet $(PINNED) pyproject.toml --group build --extra dev --extra bench -c requirements-dev.txt -o requirements-bench.txt
	printf '%s\n' $(AUDITORS) | $(BIN)/uv pip compile --quiet $(PINNED) - -o requirements-audit.txt

# Hashes, for every platform, and no index address: where packages come from is the machine's business.
PINNED := --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate

# They share no environment with what pyproject.toml asks for.
AUDITORS := pip-audit==2.10.1 cyclonedx-bom==7.5.0

.PHONY: clean
clean: ## away with the virtual environment and what the sandbox left
	rm -rf $(VENV) build *.egg-info
