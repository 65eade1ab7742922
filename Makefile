PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
RUN = runs/classification/digits_lenet5/0

.PHONY: demo test lint schemas clean

## Train, evaluate, explain, export and serve one network on embedded data.
demo: $(VENV)/.installed
	$(BIN)/dlapps classification train digits_lenet5
	$(BIN)/dlapps classification evaluate $(RUN)
	$(BIN)/dlapps classification explain $(RUN)
	$(BIN)/dlapps classification export $(RUN)
	$(BIN)/python examples/write_digit.py $(RUN)/digit.png
	@$(BIN)/python examples/classify_png.py saved_models/digits_lenet5 $(RUN)/digit.png \
	  2>$(RUN)/serving.log || { cat $(RUN)/serving.log; exit 1; }
	@echo "pictures:   $(RUN)/pictures"
	@echo "report:     $(RUN)/report.html"
	@echo "SavedModel: saved_models/digits_lenet5"

## Check the style, the types and the floors, and run the tests: one config for each model of each
## application. DLAPPS_EVERYTHING=1 takes every config, and the slow tests too, as CI does. One thread a process: more would wait for one another.
test: $(VENV)/.installed-test lint
	TF_NUM_INTRAOP_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 \
	  --dist worksteal --durations 20

lint: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo
	$(BIN)/mypy

## Write the JSON schemas that editors check configs against.
schemas: $(VENV)/.installed
	for application in $(notdir $(wildcard configs/*)); do \
	  $(BIN)/dlapps config schema $$application > schemas/$$application.json || exit 1; done

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[test]'
	touch $@

clean:
	rm -rf $(VENV) build dist
