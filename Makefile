# make run    install what the app needs into .venv and open the page
# make test   install what the tests need as well, check types and style, run every test
# make audit  look for known holes in the packages that are pinned, where the network allows; a part of "check", which is of "test"
#
# A finished installation is marked by a file named after Python's version and the content of the requirements: a second
# run starts at once, changed requirements are installed, and an installation that was cut short is made anew.

PYTHON ?= python3
VENV   := .venv
PY     := $(VENV)/bin/python
NEEDED := $(if $(filter Darwin,$(shell uname)),4,10)# GB on the disk: what is downloaded, and what is made of it
ID     := $(shell { $(PYTHON) --version; cat requirements.txt requirements-test.txt constraints.txt; } 2>&1 | cksum | cut -d ' ' -f 1)

.PHONY: run test check audit
.DELETE_ON_ERROR:

run: $(VENV)/app-$(ID)
	$(PY) app.py

# Two files of tests at once, with one thread each: two threads of one training would wait for each other most of the time.
test: $(VENV)/test-$(ID) check
	OMP_NUM_THREADS=1 $(PY) -m pytest -n 2 --dist loadfile

check: audit
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

audit: $(VENV)/test-$(ID)
	$(PY) scripts/audit.py

$(VENV)/app-$(ID): REQUIREMENTS := requirements.txt
$(VENV)/test-$(ID): REQUIREMENTS := requirements-test.txt
$(VENV)/app-$(ID) $(VENV)/test-$(ID):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "Python 3.11 or newer is needed, as '$(PYTHON)'. On Debian or Ubuntu: sudo apt-get install python3 python3-venv"; \
	    echo "On macOS: install it from https://www.python.org/downloads/, then start again."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "Python's venv module is missing. On Debian or Ubuntu: sudo apt-get install python3-venv"; exit 1; }
	@$(PYTHON) -c 'import shutil, sys; sys.exit(shutil.disk_usage(".").free < $(NEEDED) * 10**9)' || \
	  { echo "The installation takes up to $(NEEDED) GB, and less than that is free on this disk: make room, then start again."; exit 1; }
	@test ! -e $(VENV)/unfinished && $(PY) -m pip --version >/dev/null 2>&1 || \
	  { echo "Making $(VENV), a place for the app's own packages."; $(PYTHON) -m venv --clear $(VENV); }
	@echo "Installing $(REQUIREMENTS) into $(VENV). The first time this downloads a little over 3 GB on Linux (PyTorch with what an"
	@echo "NVIDIA GPU needs), some hundred MB on macOS, and takes some minutes. pip's own settings are heeded: HTTPS_PROXY, PIP_INDEX_URL."
	@touch $(VENV)/unfinished
	@$(PY) -m pip install --disable-pip-version-check -r $(REQUIREMENTS) -c constraints.txt || \
	  { echo "The installation did not finish: the reason stands above. Check the internet connection, then start again:"; \
	    echo "what was downloaded is kept."; exit 1; }
	@rm -f $(VENV)/unfinished $(filter-out %-$(ID), $(wildcard $(VENV)/app-* $(VENV)/test-*))
	@touch $@
