PYTHON ?= python3
BIN := .venv/bin

.PHONY: install test lint

install: .venv/installed

.venv/installed: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --editable . --group dev
	touch $@

lint: install
	$(BIN)/ruff check graphcdp tests
	$(BIN)/ruff format --check graphcdp tests
	$(BIN)/mypy

test: lint
	$(BIN)/python -m pytest
