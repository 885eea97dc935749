"""Runs in a process of its own (``python -I``), in an export's folder: answers for photos with the export's own code.

One JSON text a line: in comes the path of a photo, out go its probabilities and whether it is none of these. This file imports
nothing of the app, and nothing that it runs can.
"""

import json
import sys
from importlib import import_module
from pathlib import Path


def answer_all() -> None:
    replies = sys.stdout
    sys.stdout = sys.stderr  # what a library prints is no reply
    sys.modules["resnet_finetune"] = None  # type: ignore[assignment]  # to import it fails
    sys.path.insert(0, str(Path.cwd()))
    look = import_module("predict").look
    for line in sys.stdin:
        probabilities, none = look(json.loads(line))
        print(json.dumps([[float(share) for share in probabilities], bool(none)]), file=replies, flush=True)


if __name__ == "__main__":
    answer_all()
