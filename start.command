#!/bin/sh
# For a double click on macOS: does what "make run" does. Not tried on a real machine yet.
cd "$(dirname "$0")" || exit 1
if ! command -v make >/dev/null 2>&1; then
  echo "Apple's command line tools are needed. A window asks whether to install them: do so, then double-click again."
  xcode-select --install
else
  make run || echo "The page could not be opened: the reason stands above."
fi
echo "You may close this window."
