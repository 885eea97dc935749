#!/bin/sh
# For a double click on macOS: does what "make run" does, without make. Not tried on a real machine yet.
cd "$(dirname "$0")" || exit 1
# On a Mac with Apple's processor /usr/local/bin, which is in PATH already, may hold an Intel Python, and PyTorch is not made for it.
PATH="/opt/homebrew/bin:$PATH:/usr/local/bin"
suits='import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 15))'
# The system's own python3, if it is one at all, is too old, and asks for Apple's tools: it comes last.
for python in python3.13 python3.12 python3.11 python3.14 python3; do
  "$python" -c "$suits" 2>/dev/null && break
  python=
done
if [ -z "$python" ]; then
  echo "The app needs Python. Install Python 3.13 from https://www.python.org/downloads/, then double-click this file again."
elif ! "$python" install.py; then
  echo "The app could not be installed: the reason stands above."
elif ! .venv/bin/python app.py; then
  echo "The page stopped with an error: the reason stands above."
fi
echo "You may close this window."
