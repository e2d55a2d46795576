# InvestIQ: `make demo` shows it at work, `make test` proves it. Each sets up what it needs; a second run is quick.
.DEFAULT_GOAL := help
SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.investiq-installed
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export UV_PYTHON_DOWNLOADS := never

.PHONY: help setup setup-browser demo test lab dashboard docs bench fuzz screenshots clean

help: ## List the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk 'BEGIN {FS = ":.*## "} {printf "  make %-14s %s\n", $$1, $$2}'

setup: $(STAMP) ## Make .venv, install InvestIQ with every extra, compile the kernels

$(STAMP): pyproject.toml constraints.txt
	@sh scripts/setup.sh $(VENV)
	@touch $(STAMP)

setup-browser: ## Install Chromium for the browser tests and PDFs (Debian, Ubuntu)
	@sh scripts/setup_browser.sh

demo: setup ## Run the main job offline on the embedded real data: analysis, backtest, tear sheet
	@$(abspath $(BIN))/investiq demo

test: setup ## Run everything that CI runs: linters, types, floors, tests, notebooks, browser, docs
	@$(BIN)/python scripts/check.py

lab: setup ## Open JupyterLab on the gallery of notebooks
	@$(BIN)/jupyter lab --LabApp.default_url=/lab/tree/notebooks/README.md --LabApp.app_settings_dir="$(CURDIR)/scripts/lab_settings" \
	  $$([ "$$(id -u)" != 0 ] || echo --allow-root)

dashboard: setup ## Serve the Voila dashboards on 127.0.0.1, with a token
	@$(BIN)/investiq dashboard

docs: setup ## Build the documentation into site/ and follow its links; then open site/index.html
	@$(BIN)/python scripts/check_docs.py site

bench: setup ## Time InvestIQ against named peers, after checking that results are equal
	@$(BIN)/python benchmarks/run.py

fuzz: setup ## Run the property tests with 2,000 examples each
	@HYPOTHESIS_PROFILE=fuzz $(BIN)/python -m pytest -q -m "not browser" tests

screenshots: setup ## Make the pictures of docs/images from the running dashboard, report and notebook
	@$(BIN)/python scripts/screenshots.py

clean: ## Remove .venv, caches and output (data and reports you made are kept)
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache benchmarks/output
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
