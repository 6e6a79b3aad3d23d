# The two commands are `make run` and `make test`; `make help` lists the others.
SHELL := /bin/sh
PYTHON ?= python3
PORT ?= 8000
DATABASE ?= postgres
SIZE ?= medium
SEED ?= $(shell date +%s)
VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.installed

# Python shows where it was when a Ctrl-C meets it starting: with GNU's env, that waits for main().
LISTENING := $(shell env --block-signal=INT true 2>/dev/null && echo env --block-signal=INT)

.DEFAULT_GOAL := help
.PHONY: help run demo test test-postgres test-sqlite test-browser test-orders try-starts try-starts-quick drill drill-bad-files drill-login lint bench bench-lists bench-seal bench-record bench-timeline bench-jobs pictures house clean

help:  ## This list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 24

run: $(STAMP)  ## Start the product on http://127.0.0.1:8000/admin/ (DATABASE=sqlite, PORT=…)
	@exec $(LISTENING) $(PY) -m backoffice.operations.dev_server --port "$(PORT)" --database "$(DATABASE)"

demo: $(STAMP)  ## The same with 2,000 students and 40 courses (SIZE=large: 50,000 and 1,000)
	@exec $(LISTENING) $(PY) -m backoffice.operations.dev_server --port "$(PORT)" --database "$(DATABASE)" --size "$(SIZE)"

test: lint test-postgres test-sqlite test-browser  ## Everything: style, PostgreSQL, SQLite, browser
	@echo "All tests passed."

lint: $(STAMP)  ## Style, types, and the arrows between the apps
	$(PY) -m ruff check .
	DJANGO_ENV=test DATABASE_URL=sqlite://:memory: $(PY) -m mypy --no-incremental
	$(PY) -c 'from importlinter.cli import lint_imports_command; lint_imports_command()'

test-postgres: $(STAMP)  ## The suite on embedded PostgreSQL
	TEST_DATABASE=postgres $(PY) -m pytest -n 2 --dist worksteal -m "not browser" -q

test-sqlite: $(STAMP)  ## The suite on SQLite
	TEST_DATABASE=sqlite $(PY) -m pytest -n 2 --dist worksteal -m "not browser" -q

test-browser: $(STAMP)  ## The product in a real browser
	TEST_DATABASE=postgres $(PY) -m pytest -n 2 --dist worksteal -m browser -q -rs

# What the server goes without: kinds of plans, or a fixed order of what ties.
ORDERS = --without=ties --without=hashjoin,seqscan \
  --without=mergejoin,indexscan,indexonlyscan,bitmapscan --without=nestloop,material,memoize \
  --without=hashjoin,mergejoin,ties

test-orders: $(STAMP)  ## The suite five times, each in another order and with other plans (45 minutes; SEED=…)
	@seed=$(SEED); failed=0; for options in $(ORDERS); do \
	  echo "Order $$seed, $$options"; \
	  TEST_DATABASE=postgres $(PY) -m pytest -n 2 --dist worksteal -m "not browser" -q \
	    -p randomly --randomly-seed=$$seed $$options || failed=1; \
	  seed=$$((seed + 1)); \
	done; exit $$failed

try-starts: $(STAMP)  ## Both commands in fresh clones: folders, accounts, locales, Pythons (30 minutes)
	TEST_DATABASE=sqlite $(PY) -m pytest -n 2 --dist worksteal -m starts -q -rs tests/starts

try-starts-quick: $(STAMP)  ## Those of them that take less than two minutes together
	TEST_DATABASE=sqlite $(PY) -m pytest -n 2 --dist worksteal -m "starts and quick" -q -rs tests/starts

drill: $(STAMP)  ## Kills, a clock set back, half an hour of use: the table of docs/operator.md (WRITE=1; 45 minutes)
	TEST_DATABASE=postgres $(PY) -m pytest -n 0 -q -s -m drill tests/drills

bench: $(STAMP)  ## The ratios the README quotes
	$(PY) -m benchmarks
	$(PY) -m benchmarks.jobs

bench-lists: $(STAMP)  ## What every list costs over 1,000,000 enrollments
	$(PY) -m benchmarks.lists

bench-seal: $(STAMP)  ## What sealing and verifying the record costs
	$(PY) -m benchmarks.sealing

bench-record: $(STAMP)  ## What the history costs an import, an update, a save
	$(PY) -m benchmarks.recording

bench-timeline: $(STAMP)  ## What the auditor's pages cost over 5,000,000 history rows
	$(PY) -m benchmarks.timeline

bench-jobs: $(STAMP)  ## 1,000,000 rows through the worker: time and memory
	$(PY) -m benchmarks.jobs

drill-bad-files: $(STAMP)  ## Time and memory of every bad file (each at most 5 s and 300 MB)
	$(PY) -m benchmarks.bad_files
	$(PY) -m benchmarks.hostile_uploads

drill-login: $(STAMP)  ## Whether the login page's time tells which names exist (2,000 tries, 20 minutes)
	$(PY) -m benchmarks.logins

pictures: $(STAMP)  ## The pictures of README and docs/, taken anew
	$(PY) -m docs.shooting

house: $(STAMP)  ## The figures of the code: folders, imports, words, lengths (docs/developer.md)
	@$(PY) -m tests.house.figures

clean:  ## Remove the virtual environment and what the tools keep; never var/, the data
	rm -rf $(VENV) $(VENV)-room-* .pytest_cache .ruff_cache .import_linter_cache .hypothesis staticfiles

# A Python that was named is the one that is used, whatever the environment was made with before.
ifneq ($(origin PYTHON),file)
ifneq ($(shell "$(PYTHON)" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null),$(shell cat $(STAMP) 2>/dev/null))
.PHONY: $(STAMP)
endif
endif

$(STAMP): requirements.txt requirements-dev.txt
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "Python 3.11 or newer is needed; '$(PYTHON)' is missing or older. Install it, or say make PYTHON=/path/to/python."; exit 1; }
	@$(LISTENING) "$(PYTHON)" -m backoffice.operations.virtual_environment $(VENV)
