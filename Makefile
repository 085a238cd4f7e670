# Works on a fresh machine with python3 (with venv) and make; makes its own environment in .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
PEERS ?= colyseus,oarlock
N ?= 50,200,800
REPS ?= 3
INPUTS ?= 100000
OUT ?= bench/results/arena.json
# Checks the types in the browser's modules, nothing more: no build step, no dependency of anything that runs.
TYPESCRIPT := 7.0.2
TSC := $(VENV)/typescript-$(TYPESCRIPT)/node_modules/.bin/tsc
comma := ,
# Of a process that is started anew every minute nothing can be told.
SOAK_FAULTS := node-freeze,node-clock,store-freeze,proxy-freeze,link-cut,link-delay,link-mute,link-hang,delta-drop,delta-double,client-reset,client-hang,client-stall
SOURCES := server shared_state client_bot proof tests bench

.DEFAULT_GOAL := help
.PHONY: help play test fuzz simulate soak check check-web format bench arena profile screenshots clean

help:  ## Show this list.
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST)

play: $(VENV)/runtime  ## Start a store, two nodes, HAProxy and bots; prints the address to open.
	$(BIN)/oarlock up

test: $(VENV)/dev  ## Run all tests.
	$(BIN)/python -m pytest

simulate: $(VENV)/dev  ## Live SEEDS=10000 simulated lives of clusters, FROM=1 on; or one, SEED=7, with its trace.
	$(BIN)/python -m tests.simulation $(if $(SEED),--seed $(SEED),--seeds $(or $(SEEDS),10000) --from $(or $(FROM),1))

soak: $(VENV)/dev  ## Bots on a cluster that is hurt, HOURS=1 of it; the report says how memory grew.
	$(BIN)/oarlock stress --nodes 3 --bots 60 --rate 2 --for $(or $(HOURS),1)h --faults $(SOAK_FAULTS) --report soak.json

check: $(VENV)/dev  ## Format, lint, types, import contracts, structure.
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/flake8-async --disable ASYNC114,ASYNC124,ASYNC128,ASYNC910,ASYNC911,ASYNC912,ASYNC913 $$(git ls-files "server/**.py" "shared_state/**.py" "client_bot/**.py" "proof/**.py")
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest tests/structure
	$(if $(shell command -v npm),$(MAKE) --no-print-directory check-web,@echo "No npm on PATH: types in the browser's modules are not checked.")

check-web: $(TSC)  ## Types of the browser's modules (needs npm).
	$(TSC) --project tsconfig.json

format: $(VENV)/dev  ## Put all sources in the house format.
	$(BIN)/ruff format $(SOURCES)
	$(BIN)/ruff check --fix $(SOURCES)

fuzz: $(VENV)/dev  ## Hostile input at a real node: INPUTS (100,000) at sockets and as many at the codecs; SEED repeats a run.
	$(BIN)/python -m tests.fuzz --inputs $(INPUTS) $(if $(SEED),--seed $(SEED))

bench: $(VENV)/dev  ## Run the benchmarks; figures go to bench/results.
	$(BIN)/python -m bench

arena: $(VENV)/dev  ## Measure Oarlock and its rivals at the same work: PEERS, N, REPS, OUT (bench/arena).
	$(BIN)/python -m bench.arena --peers $(PEERS) --n $(N) --reps $(REPS) --out $(OUT)

profile: $(VENV)/dev  ## Where a node's time goes under the arena with the first number of N: a table, a flame graph.
	$(BIN)/python -m bench.profile --n $(firstword $(subst $(comma), ,$(N)))

screenshots: $(VENV)/dev  ## Take the pictures of the docs anew (docs/images; needs Chromium).
	$(BIN)/python -m tests.browser.screenshots

clean:  ## Remove the environment and what tools left.
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache bench/build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/runtime: $(VENV)/bin/python pyproject.toml constraints.txt
	$(INSTALL) --editable .
	touch $@

$(VENV)/dev: $(VENV)/bin/python pyproject.toml constraints.txt
	$(INSTALL) --editable '.[dev]'
	touch $@ $(VENV)/runtime

$(TSC):
	npm install --silent --no-audit --no-fund --no-save --prefix $(VENV)/typescript-$(TYPESCRIPT) typescript@$(TYPESCRIPT)
