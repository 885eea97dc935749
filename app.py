"""Open the page: ``python app.py``. It is served on this computer only. Ctrl+C closes it; a training goes on."""

from __future__ import annotations

import sys

from resnet_finetune.cli import main

if __name__ == "__main__":
    sys.exit(main(["page", *sys.argv[1:]]))
