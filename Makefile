# Every target sets up what it needs in .venv first; nothing else has to be installed but Python 3.11+.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: demo test lint run lock bench simulate clean

demo: $(VENV)/.installed-demo
	$(BIN)/python -m bot demo

run: $(VENV)/.installed
	$(BIN)/python -m bot run

test: $(VENV)/.installed-dev
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n auto --dist loadgroup

lint: $(VENV)/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports --no-cache
	$(BIN)/pyright

bench: $(VENV)/.installed-dev
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.moderation

# SEEDS=100000 FROM=0 for a long night.
simulate: $(VENV)/.installed-dev
	$(BIN)/python -m simulation --seeds $(or $(SEEDS),1000) --from $(or $(FROM),0) --jobs 2

# Exact versions with hashes and no addresses; run it to take newer versions, read the diff, run the tests.
lock: $(VENV)/.installed-dev
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header \
		--extra postgres --upgrade -o requirements.lock pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header \
		--extra postgres --group demo -c requirements.lock --upgrade -o requirements-demo.lock pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header \
		--extra postgres --group dev -c requirements-demo.lock -o requirements-dev.lock pyproject.toml

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.lock | $(VENV)/bin/python
	$(PIP) install --require-hashes -r requirements.lock
	touch $@

$(VENV)/.installed-demo: requirements-demo.lock | $(VENV)/bin/python
	$(PIP) install --require-hashes -r requirements-demo.lock
	touch $@ $(VENV)/.installed

$(VENV)/.installed-dev: requirements-dev.lock | $(VENV)/bin/python
	$(PIP) install --require-hashes -r requirements-dev.lock
	touch $@ $(VENV)/.installed-demo $(VENV)/.installed

clean:
	rm -rf $(VENV) demo-out
