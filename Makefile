# Everything happens in .venv; `make test VENV=/path` uses a virtual environment of yours as it is.
VENV ?= .venv
PYTEST_ARGS ?= -n 2 --dist loadfile --no-loadscope-reorder
BIN := $(VENV)/bin
export PATH := $(abspath $(BIN)):$(PATH)
# Commands are named by their path all the same: the make of macOS looks them up before it exports.

ifeq ($(VENV),.venv)
RUN_READY := .venv/.ready-run
TEST_READY := .venv/.ready-test
endif

.PHONY: help run test bench docs-numbers
.DEFAULT_GOAL := help

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' Makefile

run: $(RUN_READY)  ## open the dashboard on http://127.0.0.1:8501
	@$(BIN)/seewhy

test: $(TEST_READY)  ## style, types, the rules of the rooms, and all tests, those in a browser included
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@$(BIN)/python -m tests.chromium
	$(BIN)/python -m pytest $(PYTEST_ARGS)

bench: $(TEST_READY)  ## cost of each explanation in units of one bare forward, side by side with other libraries
	@$(BIN)/python -m tests.benchmarks

docs-numbers: $(TEST_READY)  ## every number of docs/calibration.md measured anew, and what the calibration page opens on
	@$(BIN)/python -m tests.benchmarks.docs_numbers

.venv/.ready-run: pyproject.toml .ci/venv
	@sh .ci/venv .
	@touch $@

.venv/.ready-test: pyproject.toml .ci/venv
	@sh .ci/venv '.[dev,peers]'
	@touch $@ .venv/.ready-run
