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
CLASSES = ABOUT["classes"]
MODEL = torch.export.load(HERE / "model.pt2").module()


def probabilities(path):
    """Float32 [classes], in the order of ``CLASSES``. All that happens to the decoded photo is in the program."""
    with torch.inference_mode():
        return MODEL(torch.from_numpy(read(path, ABOUT["preprocessing"]["size"]))).numpy()


def main(paths):
    for path in paths:
        try:
            found = probabilities(path)
        except UnreadablePhoto as error:
            print(f"{path}: cannot be read ({error})")
        else:
            best = sorted(zip(found, CLASSES, strict=True), reverse=True)[:3]
            print(f"{path}: " + ", ".join(f"{name} {share:.1%}" for share, name in best))


if __name__ == "__main__":
    main(sys.argv[1:])
