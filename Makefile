# Every target sets up .venv/ in this checkout by itself, with pip and the versions of constraints.txt.
#   make demo    answer questions about the sample connectome        make test   all tests
#   make check   format, lint, types, import rules, wheel             make bench  benchmarks beside peers
#   make soak    the tests that take minutes and gigabytes           make clean  remove what was made here

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready
REAL := $(wildcard ../shared/data)
ifndef GRAPHKIT_REAL_DATA
ifneq ($(REAL),)
export GRAPHKIT_REAL_DATA := $(abspath $(REAL))
endif
endif

.PHONY: demo test check bench soak clean setup
setup: $(READY)

$(READY): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[dev]"
	touch $(READY)

demo: $(READY)
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

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -m wheel tests/test_package.py

bench: $(READY)
	GRAPHKIT_BENCH=1 $(BIN)/python -m pytest benchmarks --benchmark-enable -s

soak: $(READY)
	$(BIN)/python -m pytest -m soak -s

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache demo dist
