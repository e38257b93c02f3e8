# Two commands matter: `make demo` and `make test`. Both set up .venv first, once.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.DELETE_ON_ERROR:
.PHONY: demo test fuzz fuzz-long mutants soak class lint bench golden clean

$(VENV)/pyvenv.cfg:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Chalkgrad needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.core: pyproject.toml | $(VENV)/pyvenv.cfg
	$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	touch $@

# all of it in one go, which is quicker than the core first
$(VENV)/.dev: pyproject.toml | $(VENV)/pyvenv.cfg
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $(VENV)/.core $@

demo: $(VENV)/.core  ## sheet 000, question 2: one neuron, drawn and tabled
	@mkdir -p out
	$(BIN)/chalkgrad show 'f(w_0, w_1, w_2, x_0, x_1) = 1/(1 + e^{-(w_0x_0 + w_1x_1 + w_2)})' \
	    w_0=2 w_1=-3 w_2=-3 x_0=-1 x_1=-2 --save out/neuron.svg --save out/neuron.png

test: $(VENV)/.dev  ## the whole suite
	$(BIN)/python -m pytest -n auto --dist worksteal

fuzz: $(VENV)/.dev  ## 100 000 random programs, by every route and in JAX and PyTorch; FUZZ="--seed 2" for others
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[peers]'
	$(BIN)/python tests/fuzz/run.py --count 100000 --seed 1 --jobs 2 $(FUZZ)

fuzz-long: $(VENV)/.dev  ## 5 000 random functions of long arrays, as machine code; FUZZ="--seed 2" for others
	$(BIN)/python tests/fuzz/long_arrays.py $(FUZZ)

mutants: $(VENV)/.dev  ## wrong derivative rules on purpose: the tests must fail with each
	$(BIN)/python tests/mutants/run.py

soak: $(VENV)/.dev  ## compiles 100 000 functions, and memory must not grow; SOAK="--count 2000" for fewer
	$(BIN)/python tests/native/soak.py $(SOAK)

class: $(VENV)/.dev  ## a simulated class of a thousand, marked, and more seats; the suite has three hundred
	$(BIN)/python -m pytest -n auto --whole-class tests/classroom/test_simulated.py tests/classroom/variants/test_seeds.py

lint: $(VENV)/.dev
	$(BIN)/ruff check src tests examples benchmarks
	$(BIN)/ruff format --check src tests examples benchmarks
	$(BIN)/pyright
	$(BIN)/lint-imports

TORCH_INDEX ?= https://download.pytorch.org/whl/cpu

# the peers get an environment of their own; PyTorch comes without the parts for graphics cards, which are gigabytes
.bench/ready: pyproject.toml
	$(PYTHON) -m venv .bench
	.bench/bin/pip install --quiet --disable-pip-version-check --editable '.[bench]' $(addprefix --extra-index-url ,$(TORCH_INDEX))
	touch $@

bench: .bench/ready  ## the table of speed, beside its peers; BENCH="--only network --quick" for some of it, GRADBENCH=FOLDER
	.bench/bin/python benchmarks/run.py $(BENCH)

golden: $(VENV)/.dev  ## write the golden files anew; look at the difference before committing it
	$(BIN)/python -m pytest tests --update-golden

clean:
	rm -rf $(VENV) .bench out build dist .pytest_cache .ruff_cache .hypothesis
