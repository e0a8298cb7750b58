# make help lists what there is to do.
SHELL := /bin/bash
MAKEFLAGS += --no-builtin-rules --no-print-directory
python := .venv/bin/python
i18n := $(wildcard i18n/*/LC_MESSAGES/kiosk.po)
broken := $(shell $(python) -c '' 2>/dev/null || echo anew)

.PHONY: help setup anew debian demo test check bench lock clean ruff format types contracts messages sizes storm kill fuzz gallery

help: ## show this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 10

setup: .venv/ready build/fonts/ready build/messages ## install what is missing; at once when nothing is

debian:
	@tools/debian.sh kiosk

.venv/ready: requirements/lock.txt pyproject.toml tools/setup.sh $(broken) | debian
	@tools/setup.sh
	@touch $@

build/fonts/ready: tools/fonts.py assets/fonts.toml | .venv/ready
	@mkdir -p $(@D)
	$(python) tools/fonts.py build/fonts
	@touch $@

build/messages: $(i18n) tools/messages.py | .venv/ready
	@mkdir -p $(@D)
	$(python) tools/messages.py compile
	@touch $@

demo: setup ## the kiosk, its far ends and a branch; HEADLESS=1 plays a script, DEMO=landscape turns the panel
	@exec $(python) -m kiosk.demo

test: setup ## all tests, on the real parts
	@tools/debian.sh tests
	$(python) -m pytest

storm: setup ## VISITS=2000 SEED=…: whole visits in bad weather; prints what met what, a failing storm is made smaller
	@$(python) -m tests.storm $(or $(VISITS),2000) "$(SEED)" "$(WITHOUT)"

kill: setup ## ROUNDS=20 SEED=…: kill -9 of terminals and branch under load; DATABASE=postgresql+psycopg://… for another one
	@$(python) -m tests.kill $(or $(ROUNDS),20) "$(SEED)" "$(DATABASE)"

fuzz: setup ## SECONDS=60 TARGET=…: atheris on each codec (ENGINE=own without it); a find is kept and replayed by the tests
	@$(python) -m tests.fuzz $(or $(SECONDS),60) "$(TARGET)" "$(ENGINE)"

gallery: setup ## every screen in every language, size and orientation, for human eyes
	@$(python) tests/ui/glass_pictures.py sheets build/gallery

check: setup ## ruff, types, import contracts, messages, sizes: about a minute
	@$(MAKE) --keep-going --jobs=2 --output-sync=target ruff format types contracts messages sizes

ruff:
	$(python) -m ruff check

format:
	$(python) -m ruff format --check

types:
	$(python) -m mypy

contracts:
	.venv/bin/lint-imports

messages:
	$(python) tools/messages.py check

sizes:
	$(python) tools/sizes.py

bench: setup ## each figure we claim, beside a peer; results in build/bench
	$(python) -m bench

lock: .venv/ready ## pin requirements/in.txt into requirements/lock.txt
	@tools/lock.sh

clean: ## remove what was built and cached; .venv stays
	rm -rf build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info
	find . -name .venv -prune -o \( -name __pycache__ -o -name '*.mo' \) -prune -exec rm -rf {} +
