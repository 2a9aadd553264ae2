# `make` alone lists every target. Everything runs in .venv, which the first target that needs it makes.
PYTHON ?= python3.11
BIN := .venv/bin
READY := .venv/.ready
CORES ?= --numprocesses auto --maxprocesses 4 --dist worksteal
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-memory test test-deep lint format up down clean bench-update bench-margin bench-watch bench-gate bench-simulate bench-ingest bench-graph bench-structure bench-step bench-cora bench-model bench-gowalla bench-forgetting bench-variants tune

help: ## List every target
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## Make .venv from requirements.lock (every other target does this by itself)

$(READY): requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

demo: $(READY) ## Run the main job under Airflow on real data: a first champion, then three weekly updates
	$(BIN)/python -m pipelines.local demo

demo-memory: $(READY) ## Run the demo and print the peak of its processes' summed memory (PSS)
	$(BIN)/python -m pipelines.local demo --memory

test: $(READY) ## Run the tests, on all cores
	$(BIN)/python -m pytest -m "not deep" $(CORES)

test-deep: $(READY) ## Run all tests, those that take long too
	$(BIN)/python -m pytest $(CORES)

lint: $(READY) ## Check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(READY) ## Mend style where a tool can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

up: $(READY) ## Start the Airflow and MLflow user interfaces on loopback
	$(BIN)/python -m pipelines.local up

down: $(READY) ## Stop what `make up` started
	$(BIN)/python -m pipelines.local down

bench-update: $(READY) ## Compare the cost and quality of an incremental update with a full fit
	$(BIN)/python -m benchmarks update

bench-margin: $(READY) ## Measure the noise that the gate's margin has to stand, on weeks before the demo's
	$(BIN)/python -m benchmarks margin

bench-gate: $(READY) ## Measure how often the gate promotes what it should not, on simulated windows
	$(BIN)/python -m benchmarks gate

bench-simulate: $(READY) ## Measure how fast the simulator makes events, and that its memory does not grow
	$(BIN)/python -m benchmarks simulate

bench-ingest: $(READY) ## Take ten million simulated events through collect, validate and snapshot
	$(BIN)/python -m benchmarks ingest

bench-graph: $(READY) ## Compare folding a delta into the graph with building it anew, and with plain SQL
	$(BIN)/python -m benchmarks graph

bench-model: $(READY) ## The flagship, kept up to date in four ways, against tuned baselines (needs TIDEGRAPH_DATA; long)
	$(BIN)/python -m benchmarks model $(CONTESTS)

bench-gowalla: $(READY) ## The flagship on Gowalla's public split, beside what others published (needs TIDEGRAPH_DATA)
	$(BIN)/python -m benchmarks gowalla

bench-forgetting: $(READY) ## What twenty incremental updates forget, with replay and without
	$(BIN)/python -m benchmarks forgetting

bench-variants: $(READY) ## Compare parts of the flagship that could be otherwise, on weeks for tuning (long)
	$(BIN)/python -m benchmarks variants

bench-watch: $(READY) ## How often the daily watch raises a false alarm, and how soon it sees a worse champion
	$(BIN)/python -m benchmarks watch

tune: $(READY) ## Choose the settings of every model anew, on earlier spans only (needs TIDEGRAPH_DATA; hours; goes on where it was)
	$(BIN)/python -m benchmarks tune $(CONTESTS)

bench-structure: $(READY) ## Measure what leaving out bots and weak edges saves, and what it costs in quality
	$(BIN)/python -m benchmarks structure

bench-step: $(READY) ## Compare a training step over a symmetric CSR adjacency with PyG's over edge_index (needs TIDEGRAPH_DATA)
	$(BIN)/python -m benchmarks step

bench-cora: $(READY) ## Compare graph convolutions on Cora, GCN and the interest graph's own (needs TIDEGRAPH_DATA)
	$(BIN)/python -m benchmarks cora

clean: ## Remove everything made at run time (var/), keep .venv
	rm -rf var
