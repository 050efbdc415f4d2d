# make demo    build the sample newspaper's release and serve it on 127.0.0.1:8000
# make test    linters, type checker, import contract, all tests
# make setup   only the environment; make lock renews the lock files; make clean removes what was made
PYTHON ?= python3.11
VENV   := .venv
BIN    := $(VENV)/bin
PORT   ?= 8000
STORE  := sqlite:///var/demo/articles.db
# wheels only, every file checked against the lock's hashes; torch's file differs by platform, so it is pinned by version
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps

LOCK_OPTIONS := --quiet --upgrade --generate-hashes --strip-extras --unsafe-package torch --no-header --no-annotate \
	--no-emit-find-links --no-emit-index-url

.PHONY: setup setup-dev demo demo-build test lint lock clean
.DELETE_ON_ERROR:

setup: $(VENV)/base.done
setup-dev: $(VENV)/dev.done

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/base.done: $(BIN)/python requirements.lock pyproject.toml
	$(INSTALL) --require-hashes -r requirements.lock
	$(INSTALL) torch==2.13.0
	$(INSTALL) --no-build-isolation --editable .
	touch $@

$(VENV)/dev.done: $(VENV)/base.done requirements-dev.lock
	$(INSTALL) --require-hashes -r requirements-dev.lock
	touch $@

demo-build: setup
	$(BIN)/python -m index nightly index/sample/articles.jsonl --store $(STORE) --releases var/demo/releases

demo: demo-build
	@echo
	@echo "Open, and stop with Ctrl-C:"
	@echo "  http://127.0.0.1:$(PORT)/v1/articles/mc-bridge-03/related"
	@echo "  http://127.0.0.1:$(PORT)/v1/articles/mc-storm-04/similar?k=5&explain=true"
	@echo "  http://127.0.0.1:$(PORT)/docs"
	@$(BIN)/python -m service --releases var/demo/releases --store $(STORE) --port $(PORT)

test: setup-dev lint
	$(BIN)/python -m pytest --need-postgres --nodes

lint: setup-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# pip-tools lives in an environment of its own; torch stays out of the lock (see INSTALL above)
lock:
	$(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/pip install --quiet pip-tools
	$(VENV)-lock/bin/pip-compile $(LOCK_OPTIONS) --extra build --extra eval --extra object-store --extra postgres --output-file requirements.lock pyproject.toml
	$(VENV)-lock/bin/pip-compile $(LOCK_OPTIONS) --extra build --extra eval --extra bench --extra dev --extra fast --extra object-store --extra postgres --extra ray --constraint requirements.lock --output-file requirements-dev.lock pyproject.toml

clean:
	rm -rf $(VENV) var .mypy_cache .ruff_cache .pytest_cache .hypothesis
