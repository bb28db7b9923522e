# Everything happens in .venv; `make test VENV=/path` uses a virtual environment of yours as it is.
VENV ?= .venv
PYTEST_ARGS ?= -n 2 --dist loadfile
BIN := $(VENV)/bin
export PATH := $(abspath $(BIN)):$(PATH)

ifeq ($(VENV),.venv)
RUN_READY := .venv/.ready-run
TEST_READY := .venv/.ready-test
endif

.PHONY: help run test bench
.DEFAULT_GOAL := help

help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-6s %s\n", $$1, $$2}' Makefile

run: $(RUN_READY)  ## open the dashboard on http://127.0.0.1:8501
	@seewhy

test: $(TEST_READY)  ## style, types, the rules of the rooms, and all tests, those in a browser included
	ruff check .
	ruff format --check .
	mypy
	lint-imports
	@python -m tests.chromium
	python -m pytest $(PYTEST_ARGS)

bench: $(TEST_READY)  ## cost of each explanation in units of one bare forward, side by side with other libraries
	@python -m tests.benchmarks

.venv/.ready-run: pyproject.toml .ci/venv
	@sh .ci/venv .
	@touch $@

.venv/.ready-test: pyproject.toml .ci/venv
	@sh .ci/venv '.[dev,peers]'
	@touch $@ .venv/.ready-run
