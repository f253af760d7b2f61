# Pitwire in a few words: `make demo` shows it, `make test` proves it. Needs Python ≥ 3.11 and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DATA ?= ../shared/data
# What a run loads is compiled beforehand: its first start would spend seconds on it, and each where Python may keep nothing.
LOADED := bot.cli.start, bot.cli.run, bot.commands.desk, bot.outbox, adapters.discord.gateway, adapters.telegram.adapter, feedparser
COMPILE = for how in "" -OO; do \
	PYTHONDONTWRITEBYTECODE= $(BIN)/python $$how -c "import bot.app, $(LOADED); bot.app.warm_up()"; done

.DEFAULT_GOAL := help
.PHONY: help demo run test check format lock bench eval train docs clean

help: ## Show what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort

demo: $(VENV)/.run ## A race weekend in your terminal: no token, no network
	@$(BIN)/pitwire demo

run: $(VENV)/.run ## Run Pitwire with the settings of this folder
	@$(BIN)/pitwire run

test: $(VENV)/.dev ## Run all tests
	@$(BIN)/python -m pytest

check: $(VENV)/.dev ## Format, lint, types, import contracts, secrets, docs, Dockerfile
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/python -m tools.secrets
	@$(BIN)/python -m tools.docs --check
	@$(BIN)/hadolint Dockerfile

format: $(VENV)/.dev ## Format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lock: $(VENV)/.dev ## Pin what is newest now, with hashes and no addresses
	@$(BIN)/python -m tools.lock

bench: $(VENV)/.dev ## Measure speed: paired ratios in one run
	@$(BIN)/python -m tools.bench

eval: $(VENV)/.dev ## Measure reading and merging: make eval DATA=folder
	@$(BIN)/python -m tools.eval --data $(DATA)

train: $(VENV)/.dev ## Fit the small models that ship with Pitwire: make train DATA=folder
	@$(BIN)/python -m tools.train --data $(DATA)

docs: $(VENV)/.dev ## Write the generated reference pages anew
	@$(BIN)/python -m tools.docs

clean: ## Remove what was made
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(VENV)/.run: requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@$(COMPILE)
	@touch $@

$(VENV)/.dev: requirements-dev.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@$(COMPILE)
	@touch $@ $(VENV)/.run
