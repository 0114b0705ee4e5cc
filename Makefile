# Everything a newcomer needs: `make drill` on a fresh clone sets up, performs a drill and says where its report lies.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup images drill drills test prove unit fuzz soak bench clean-containers

# An engine that only offers a Podman socket is found by the same rules everywhere.
BIN := . fixtures/setup/surroundings.sh && .venv/bin/

help: ## what can be made
	@sed -n 's/^\([a-z-]*\):[^#]*## /  make \1\t/p' Makefile | expand -t 26

setup: ## container engine, images and Python; the second run takes two seconds
	@fixtures/setup/setup.sh

images: setup ## the same; changed images are built anew

drill: setup ## one drill, with its report
	@$(BIN)pytest drills/liferay-dxp.drill.yaml; outcome=$$?; \
	  echo "Report: reports/liferay-dxp/latest/report.html"; exit $$outcome

drills: setup ## all drills
	@$(BIN)pytest drills/

test: setup ## what has to be green before a change goes in: style, types, tests
	@$(BIN)ruff check .
	@$(BIN)mypy --strict harness
	@$(BIN)pytest tests -m "not prove" --durations=10

prove: setup ## everything, the long proofs included
	@fixtures/setup/chromium.sh
	@$(BIN)pytest tests

unit: ## the tests that need no container engine
	@fixtures/setup/python.sh
	@.venv/bin/pytest tests/unit -m "not prove"

fuzz: ## read 100,000 drill files made wrong: each is refused with its places, or valid (some ten minutes)
	@fixtures/setup/python.sh
	@.venv/bin/pytest tests/unit/prepare/test_fuzz.py -m prove -s

soak: setup ## clean drills and random faults for hours, with a score; SOAK="--hours 8" ends it (tests/soak)
	@$(BIN)python tests/soak/soak.py $(SOAK)

bench: setup ## the figures of the README, on a quiet machine; BENCH=--paste puts them there (tests/bench)
	@$(BIN)python tests/bench/make_figures.py $(BENCH)

clean-containers: ## remove what runs have left behind
	@$(BIN)portal-drill gc
