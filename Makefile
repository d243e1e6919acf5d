# The daily commands; `make help` lists them. Each is a line or two that you can also run by hand.
# Everything is installed into .venv, from hash-locked lists, the first time it is needed.

PYTHON ?= python3
ARGS   ?=

VENV := .venv
PY   := $(VENV)/bin/python
SQL  := .cache/revision-sql

.DEFAULT_GOAL := help
.PHONY: help run test lint style types layers migrations images scripts compose drill bench bench-transfer bench-sync lock clean

help:  ## List these commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | while IFS= read -r line; do \
	  printf '  make %-14s %s\n' "$${line%%:*}" "$${line##*## }"; done

run: $(VENV)/run.stamp  ## Serve the app on SQLite at http://127.0.0.1:8000
	$(PY) dev_server.py $(ARGS)

test: $(VENV)/dev.stamp  ## Run all tests but the long drills (ARGS="-k name" for some)
	$(PY) -m pytest -m "not slow" $(ARGS)

lint: style types layers migrations images scripts compose  ## Run every linter (make -k lint: all of them, whatever fails)

style: $(VENV)/dev.stamp
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

types: $(VENV)/dev.stamp
	$(PY) -m mypy
	$(PY) -m mypy dev_server.py sync_databases.py docker/app/*.py

layers: $(VENV)/dev.stamp
	$(VENV)/bin/lint-imports

migrations: $(VENV)/dev.stamp
	$(PY) -m tests.repo.revision_sql $(SQL)
	$(VENV)/bin/squawk $(SQL)/*.sql

images: $(VENV)/dev.stamp
	git ls-files -z '*Dockerfile*' | xargs -0 $(VENV)/bin/hadolint

scripts: $(VENV)/dev.stamp
	git ls-files -z '*.sh' .ci/run | xargs -0 $(VENV)/bin/shellcheck

compose: $(VENV)/dev.stamp
	git ls-files -z '*compose*.y*ml' | xargs -0 $(PY) -m check_jsonschema --builtin-schema vendor.compose-spec

drill: $(VENV)/dev.stamp  ## Run the long drills whole: swaps under load, first boots killed (needs Docker)
	$(PY) -m pytest -m slow $(ARGS)

bench: $(VENV)/dev.stamp  ## Measure the main endpoints on both engines
	$(PY) -m benchmarks.endpoints $(ARGS)

bench-transfer: $(VENV)/dev.stamp  ## Measure the transfer beside pgloader, with 3.4 million rows
	$(PY) -m benchmarks.transfer $(ARGS)

bench-sync: $(VENV)/dev.stamp  ## Measure the sync of two databases with a million rows
	$(PY) -m benchmarks.sync $(ARGS)

lock: $(VENV)/dev.stamp  ## Resolve requirements*.in again, with hashes, for every Python and platform
	$(PY) -m uv pip compile --quiet --universal --generate-hashes --python-version 3.11 \
	  --custom-compile-command "make lock" --upgrade requirements.in -o requirements.txt
	$(PY) -m uv pip compile --quiet --universal --generate-hashes --python-version 3.11 \
	  --custom-compile-command "make lock" --upgrade -c requirements.txt requirements-backup.in -o requirements-backup.txt
	$(PY) -m uv pip compile --quiet --universal --generate-hashes --python-version 3.11 \
	  --custom-compile-command "make lock" requirements-dev.in -o requirements-dev.txt

clean:  ## Remove the environment and every cache (data stays)
	rm -rf $(VENV) .cache .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp is touched only after a complete installation, so an interrupted one is done again,
# and a list that has changed is installed on top.
define install
@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
  echo "$(PYTHON) is: $$($(PYTHON) -V 2>&1). Python 3.11 or later is needed;" >&2; \
  echo "name one that you have: make PYTHON=python3.13 $(MAKECMDGOALS)" >&2; exit 1; }
@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { \
  echo "$(PYTHON) cannot make environments. On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
@echo "Installing $< into $(VENV) (a minute or two the first time) ..."
@$(PYTHON) -m venv $(VENV)
@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
@touch $@
endef

$(VENV)/run.stamp: requirements.txt
	$(install)

$(VENV)/dev.stamp: requirements-dev.txt
	$(install)
