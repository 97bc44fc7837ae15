# `make` lists the targets. Each sets up .venv first, which takes no time when nothing has changed.
# PYTHON=... names the Python that .venv is made with; otherwise the newest from 3.11 on that works.

START := exec sh deploy/local/start
PYTEST_ARGS ?=
# Three at once suit two cores, since many tests wait for processes of their own.
PARALLEL ?= -n 3 --dist loadgroup
TYPED := shared/src services/*/src deploy/sandbox/src deploy/local tests

.DEFAULT_GOAL := help
.PHONY: help run up down test test-faults lint bench screenshots format docs clean
.SILENT:

help: ## list the targets
	awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## run everything on this machine until Ctrl-C (PORT=8080 DATA=./var)
	$(START) run python -m deploy.local.run

up: ## run the production stack with Docker Compose (PROFILE=demo needs no set-up; PORT=8080)
	exec sh deploy/compose/stack up

down: ## stop the stack; the data stay (VOLUMES=1 removes them)
	exec sh deploy/compose/stack down

test: ## run the whole test suite (PYTEST_ARGS='-k slots')
	$(START) dev python -m pytest $(PARALLEL) $(PYTEST_ARGS)

test-faults: ## run the fault tests in their long form, which takes hours (PYTEST_ARGS='-k storm')
	FAULTS=long $(START) dev python -m pytest tests/faults $(PYTEST_ARGS)

lint: ## check style, types and who may import what
	sh deploy/local/start dev ruff check .
	sh deploy/local/start dev ruff format --check .
	sh deploy/local/start dev mypy $(TYPED)
	sh deploy/local/start dev lint-imports

bench: ## measure it beside bare peers; a table, and bench.json
	$(START) run python tests/benchmarks

screenshots: ## take every page as wide as a phone and a desk into build/screenshots
	$(START) dev python tests/screenshots

format: ## mend what the linter can mend by itself
	sh deploy/local/start dev ruff check --fix .
	sh deploy/local/start dev ruff format .

docs: ## write the pages that are generated from the code
	sh deploy/local/start dev python -P -m shared.events.document > docs/events.md.half
	mv docs/events.md.half docs/events.md

clean: ## remove .venv and all caches; ./var stays
	find . -name .venv -prune -o -name .git -prune -o -path ./var -prune -o \
	  \( -name __pycache__ -o -name '*.egg-info' -o -name .mypy_cache -o -name .ruff_cache -o -name .pytest_cache \
	  -o -name .hypothesis -o -name .import_linter_cache \) -prune -exec rm -rf {} +
	rm -rf .venv build
