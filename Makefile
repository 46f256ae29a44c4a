# make run    the main job: set up all that is needed, then let the agent do the example task
# make large  what --model coterie-large needs, the larger model: 0.5 GB to fetch, 1.3 GB built
# make test   the tests (make check adds format, lint, types and import contracts)
.PHONY: run large test check format bench demo-score clean
SHELL := /bin/bash
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null && echo $$p && break; done || true)
SETUP = $(or $(PYTHON),python3) .setup/install.py
BIN = .venv/bin
TASK ?=
ARGS ?=

run:
	@$(SETUP) runtime
	@$(BIN)/coterie model build > /dev/null
	@$(if $(TASK),$(BIN)/coterie run "$(TASK)" $(ARGS),$(BIN)/python examples/run.py $(ARGS))

large:
	@$(SETUP) runtime large
	@$(BIN)/coterie model build coterie-large

test:
	@$(SETUP) runtime dev benchmarks agents inspect ray
	@$(BIN)/coterie model build > /dev/null
	@$(BIN)/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder --max-worker-restart 0 $(ARGS)

check:
	@$(SETUP) runtime dev
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy -p coterie
	@$(BIN)/lint-imports

format:
	@$(SETUP) runtime dev
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

bench:
	@$(SETUP) runtime
	@$(BIN)/coterie model bench $(ARGS)

demo-score:
	@$(SETUP) runtime
	@$(BIN)/coterie model build > /dev/null
	@COTERIE_IDLE_STOP_S=1800 $(BIN)/coterie serve start --batch-invariant > /dev/null
	@$(BIN)/coterie eval run examples --trials 1 --seed 0 --concurrency 4 --fail-under 0.7 $(ARGS)

clean:
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache
