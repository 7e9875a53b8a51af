# Every target sets up .venv/ in this checkout by itself, with pip and the versions of constraints.txt.
#   make demo        from sample images to a graph and answers     make demo-query  questions only, no TensorFlow
#   make test        all tests                                     make test-query  without those of the reconstruction
#   make check       format, lint, types, imports, wheel           make clean       remove what was made here
#   make bench       benchmarks beside peers                       make soak        what takes minutes and gigabytes
#   make test-slow   those that take seconds: kill processes, start several, drive a browser, train
#   make thorough    all tests, each property on ten times as many examples

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready
READY_QUERY := .venv/ready-query
REAL := $(wildcard ../shared/data)
ifndef GRAPHKIT_REAL_DATA
ifneq ($(REAL),)
export GRAPHKIT_REAL_DATA := $(abspath $(REAL))
endif
endif

.PHONY: demo demo-query test test-query test-slow thorough check bench soak clean setup
setup: $(READY)

$(READY): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[dev]"
	touch $(READY) $(READY_QUERY)

$(READY_QUERY): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	touch $(READY_QUERY)

demo: $(READY)
	$(BIN)/graphkit reconstruct data-samples/tissue/run.toml
	$(BIN)/graphkit info demo/run/dataset
	$(BIN)/graphkit query "motifs in region neuropil" -d demo/run/dataset
	$(BIN)/graphkit query "regions" -d demo/run/dataset
	@echo
	@echo "From images to a graph: demo/run holds the segmentation, meshes, skeletons, synapses and the dataset;"
	@echo "demo/run/report.html compares them with the truth, in pictures. Next, for instance:"
	@echo "    $(BIN)/graphkit view demo/run"
	@echo "    $(BIN)/graphkit query \"connections with at least 2 synapses\" -d demo/run/dataset"
	@echo "    $(BIN)/graphkit reconstruct --example > run.toml      # your own images"
	@echo "    make demo-query                                       # questions about a larger, generated connectome"

demo-query: $(READY_QUERY)
	$(BIN)/graphkit info data-samples/ring
	$(BIN)/graphkit query "motifs in region EB" -d data-samples/ring
	$(BIN)/graphkit query "inputs of EPG by type limit 8" -d data-samples/ring
	$(BIN)/graphkit query "connections between type 'ER*' and type 'EPG' by type limit 8" -d data-samples/ring
	@echo
	@echo "That was data-samples/ring, a generated sample. Ask it yourself, for instance:"
	@echo "    $(BIN)/graphkit query \"outputs of type 'MBON*' by region\" -d data-samples/ring"
	@echo "    $(BIN)/graphkit query --help"

test: $(READY)
	$(BIN)/python -m pytest -n auto --dist worksteal

test-query: $(READY)
	$(BIN)/python -m pytest -n auto --dist worksteal --ignore tests/pipeline --ignore tests/end_to_end/test_tissue_sample.py

test-slow: $(READY)
	$(BIN)/python -m pytest -n auto --dist worksteal -m slow

thorough: $(READY)
	GRAPHKIT_THOROUGH=1 $(BIN)/python -m pytest -n auto --dist worksteal -m "not soak and not wheel"

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -m wheel tests/test_package.py

bench: $(READY)
	GRAPHKIT_BENCH=1 $(BIN)/python -m pytest benchmarks --benchmark-enable -s -m "not wheel"

soak: $(READY)
	GRAPHKIT_THOROUGH=1 $(BIN)/python -m pytest -m soak -s

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache demo dist
