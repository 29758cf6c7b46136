# `make run` and `make test` set up what they need in .venv; Python 3.11 or newer is all that must be there.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
JOBS ?= 2
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
PYTEST := $(BIN)/python -m pytest -n $(JOBS) --dist loadgroup
# Tests that need no screen, no process of their own, no other runtime, and do not hold long runs against each other.
UNIT := tests/vm tests/debugger tests/ui --ignore tests/ui/test_snapshots.py --ignore tests/ui/test_serve.py \
  --ignore tests/ui/test_bad_input.py --ignore tests/ui/test_run.py --ignore tests/debugger/test_live.py \
  --ignore tests/debugger/test_damaged_dwarf.py --ignore tests/debugger/test_coredump_objects.py \
  --ignore tests/debugger/test_counting.py --ignore tests/debugger/test_heat.py --ignore tests/debugger/test_listings.py \
  --ignore tests/debugger/test_history.py --ignore tests/debugger/test_recording.py \
  --ignore tests/ui/test_any_line.py --ignore-glob 'tests/ui/test_*_screen.py' --ignore tests/ui/test_export.py \
  --ignore tests/ui/test_source_commands.py --ignore-glob 'tests/ui/test_tui*.py' --ignore-glob 'tests/ui/test_*_pane*.py'

.PHONY: help run test test-reference check format fuzz bench spec clean

help:
	@echo "make run     open the debugger on a sample module"
	@echo "make test    all tests, natively in the newest era"
	@echo "make test-reference   the same by the reference executor, in an invented era"
	@echo "make check   format, lint, types, import contracts and unit tests"
	@echo "make fuzz    damaged modules and random edits, many of them"
	@echo "make bench   speed: execution beside a peer, pauses, the screen"
	@echo "make spec    every official script below WASMSCOPE_SPEC_SUITE, by both executors"

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "wasmscope needs Python 3.11 or newer: make PYTHON=python3.12 ..." >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.run: $(VENV)/.made pyproject.toml
	@echo "setting up in $(VENV) ..."
	@$(PIP) -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.made pyproject.toml tests/programs.txt
	@echo "setting up in $(VENV) ..."
	@$(PIP) -e '.[dev,bench]'
	@$(PIP) --no-deps -r tests/programs.txt
	@touch $@ $(VENV)/.run

run: $(VENV)/.run
	@$(BIN)/wasmscope sample-modules/fib/fib.wasm -- 12

test: $(VENV)/.dev
	$(PYTEST) tests

test-reference: $(VENV)/.dev
	WASMSCOPE_TEST_ERA=invented WASMSCOPE_TEST_EXECUTOR=reference $(PYTEST) tests --ignore tests/golden --ignore tests/fuzz --ignore tests/e2e

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(PYTEST) $(UNIT)

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

fuzz: $(VENV)/.dev
	WASMSCOPE_FUZZ_ROUNDS=20000 $(PYTEST) tests/fuzz/test_mutation.py
	WASMSCOPE_FUZZ_ROUNDS=6000 $(PYTEST) tests/fuzz --ignore tests/fuzz/test_mutation.py
	WASMSCOPE_FUZZ_ROUNDS=100000 $(PYTEST) tests/vm/test_poke.py

# A peer that is built from C; without a compiler its column is left out.
$(VENV)/.peers: $(VENV)/.dev
	@$(PIP) pywasm3 || echo "pywasm3 could not be installed: the comparison with wasm3 is left out"
	@$(PIP) -e '.[lldb]' || echo "LLDB could not be installed: the comparison with it is left out"
	@touch $@

bench: $(VENV)/.peers
	$(BIN)/python -m tests.bench

spec: $(VENV)/.dev
	@for executor in native reference; do echo "$$executor:"; $(BIN)/wasmscope wast --executor $$executor \
	  "$${WASMSCOPE_SPEC_SUITE:?names a clone of github.com/WebAssembly/testsuite}" || exit 1; done

clean:
	rm -rf $(VENV) dist build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
