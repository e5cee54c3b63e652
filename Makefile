PYTHON ?= python3
BIN := .venv/bin

.PHONY: install demo test lint bench

install: .venv/installed

.venv/installed: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --editable . --group dev
	touch $@

demo: install
	$(BIN)/graphcdp demo

lint: install
	$(BIN)/ruff check graphcdp tests benchmarks
	$(BIN)/ruff format --check graphcdp tests benchmarks
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint
	$(BIN)/python -m pytest

bench: install
	$(BIN)/python benchmarks/record.py
	$(BIN)/python benchmarks/identity.py
	$(BIN)/python benchmarks/read.py
	$(BIN)/python benchmarks/bulk.py
	$(BIN)/python benchmarks/feed.py
	$(BIN)/python benchmarks/segments.py
