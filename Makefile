# make run    install what the app needs into .venv and open the page
# make test   install what the tests need as well, check types and style, run every test
# make check  the same, after a look for known holes in the packages that are pinned, where the network allows
#
# install.py does the installing: only the first time, and when the requirements have changed.

# The first of these that the app can run on. PyTorch and ONNX Runtime are not made for every Python.
SUITS  := import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 15))
NAMES  := python3 python3.13 python3.12 python3.11 python3.14
PYTHON ?= $(shell for name in $(NAMES); do if $$name -c '$(SUITS)' 2>/dev/null; then echo $$name; break; fi; done)
PY     := .venv/bin/python

.PHONY: run test check style audit tools suited

run: suited
	@$(PYTHON) install.py
	$(PY) app.py

# Two files of tests at once, the longest first, with one thread each: two threads of one training would wait for each other most
# of the time.
test: style
	OMP_NUM_THREADS=1 $(PY) -m pytest -n 2 --dist loadfile --no-loadscope-reorder

check: audit test

audit: tools
	$(PY) scripts/audit.py

style: tools
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

tools: suited
	@$(PYTHON) install.py requirements-test.txt

suited:
	@test -n "$(PYTHON)" && $(PYTHON) -c '$(SUITS)' 2>/dev/null || \
	  { echo "Python 3.11, 3.12, 3.13 or 3.14 is needed, with its module venv. On Debian 12, Ubuntu 24.04 or newer: sudo apt-get install python3-venv"; \
	    echo "On macOS: install Python 3.13 from https://www.python.org/downloads/, then start again in a new window."; exit 1; }
