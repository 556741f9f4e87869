# Everything happens in .venv, which the targets set up by themselves (scripts/provision.sh).
SHELL := /bin/bash
export PATH := $(CURDIR)/.venv/bin:$(PATH)
JLPM := cd labextension && jlpm

.PHONY: help demo lab test lint typecheck frontend wheel bench-accuracy bench-overhead bench-panel bench-export pictures provision engine-down clean

help: ## list the targets
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 20

demo: ## the demo notebook's missteps found and mended, then its whole way to a running service
	@bash scripts/provision.sh demo
	@python binder/run_demo.py

lab: ## the demo notebook in JupyterLab, a copy of it to work on
	@bash scripts/provision.sh demo
	@python binder/lab.py

test: lint typecheck frontend wheel ## every test; installs Chromium and a Docker Engine where there is none
	pytest -m "browser or engine" --ignore tests/browser
	pytest -n auto --maxprocesses 4 --dist loadfile -m "not browser and not engine" --ignore tests/browser

bench-accuracy: ## how often the check is right (docs/benchmarks.md)
	@bash scripts/provision.sh demo
	@python benchmarks/accuracy.py --sessions 150

bench-overhead: ## what tracking costs, side by side with other tools (docs/benchmarks.md)
	@bash scripts/provision.sh demo
	@python benchmarks/overhead.py

bench-panel: ## how soon the panel answers and what it costs
	@bash scripts/provision.sh test
	@python benchmarks/panel.py

bench-export: ## whether exported packages give the notebook's values, beside other tools (docs/benchmarks.md)
	@bash scripts/provision.sh test
	@python benchmarks/exporting.py

pictures: ## every state of the panel in light, dark and high contrast, into build/panel; and those of the README
	@bash scripts/provision.sh test
	@python scripts/panel_pictures.py
	@python scripts/pictures.py

provision:
	@bash scripts/provision.sh test

lint: provision ## ruff, and the same for the TypeScript
	ruff check .
	$(JLPM) lint:check

typecheck: provision ## mypy, and the same for the TypeScript
	mypy
	$(JLPM) typecheck

frontend: provision ## unit tests of the TypeScript
	$(JLPM) test

wheel: provision ## the wheel in a clean environment without Node, and the panel in a browser there
	bash scripts/wheel.sh

engine-down: ## end the Docker Engine that the tests started
	bash tests/engine/engine.sh down

clean: ## remove what was built and what the demo left; .venv stays
	rm -rf build dist demo-work jupyter_prodkit/labextension labextension/{lib,tsconfig.tsbuildinfo}
	rm -rf .mypy_cache .pytest_cache .ruff_cache
