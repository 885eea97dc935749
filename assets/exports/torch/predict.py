"""Says what is on photos: python predict.py PHOTO ...

Needs torch, numpy and Pillow (see requirements.txt), and nothing of the app that trained the model.
"""

import json
import sys
from pathlib import Path

import torch
from photo import UnreadablePhoto, read

HERE = Path(__file__).parent
ABOUT = json.loads((HERE / "model.json").read_text(encoding="utf-8"))
CLASSES, KNOWS = ABOUT["classes"], ABOUT["none_of_these"]  # the last: from when on a photo is like none that it learnt from
NONE_OF_THESE = "none of these; if it were one, "
MODEL = torch.export.load(HERE / "model.pt2").module()


def look(path):
    """Probabilities float32 [classes], in the order of ``CLASSES``, and whether the photo is of none of them. All that happens
    to the decoded photo is in the program."""
    with torch.inference_mode():
        found = MODEL(torch.from_numpy(read(path, ABOUT["preprocessing"]["size"])))
    return (found[0].numpy(), bool(found[1] > KNOWS["threshold"])) if KNOWS else (found.numpy(), False)


def main(paths):
    for path in paths:
        try:
            found, none = look(path)
        except UnreadablePhoto as error:
            print(f"{path}: cannot be read ({error})")
        else:
            best = sorted(zip(found, CLASSES, strict=True), reverse=True)[:3]
            print(f"{path}: {NONE_OF_THESE if none else ''}" + ", ".join(f"{name} {share:.1%}" for share, name in best))


if __name__ == "__main__":
    main(sys.argv[1:])
