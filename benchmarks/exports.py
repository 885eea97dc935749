"""Whether what is taken away answers as the app does: on the demo's 75 new photos, and on images that are odd but can be read.

    .venv/bin/python benchmarks/exports.py RUN [--odd FOLDER] [--formats onnx onnx-int8 torch safetensors]

Every format is written from RUN, a run on the demo, and asked in a process of its own that has nothing of the app. Of ``--odd``
the first 200 files that can be read are taken. Of 8 bits also is said how many of the new photos it names right.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from resnet_finetune.data.images import UnreadablePhoto, decode
from resnet_finetune.engine.progress import drained
from resnet_finetune.exports.export import export
from resnet_finetune.exports.seal import Labelled, prove
from resnet_finetune.model.saved_model import load_model
from resnet_finetune.words.errors import UserError

NEW_PHOTOS = Path(__file__).parents[1] / "assets" / "demo" / "new_photos.zip"
ODD = 200


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="the folder of a run on the demo")
    parser.add_argument("--odd", type=Path, help="a folder of images of all kinds")
    parser.add_argument("--formats", nargs="+", default=["onnx", "onnx-int8", "torch", "safetensors"])
    arguments = parser.parse_args()
    model = load_model(arguments.run)
    model.net.cpu()
    with tempfile.TemporaryDirectory() as folder:
        sets = {"new": new_photos(Path(folder), model.classes), "odd": readable(arguments.odd, model.preprocessing.size)}
        for format in arguments.formats:
            to = Path(folder, format)
            try:
                drained(export(arguments.run, format, to))
            except UserError as error:
                print(f"{format:12} {error}")
                continue
            for name, photos in sets.items():
                parity = drained(prove(model, photos, to))
                right = f", right on {parity.right}, the app on {parity.right_in_app}" if name == "new" else ""
                gap = f"{parity.max_abs_diff:.1e} apart at most"
                print(f"{format:12} {name}: {parity.agree} of {parity.n} the same, {gap}{right}", flush=True)


def new_photos(to: Path, classes: list[str]) -> list[Labelled]:
    with zipfile.ZipFile(NEW_PHOTOS) as archive:
        archive.extractall(to / "new")
    return [(photo, classes.index(photo.parent.name)) for photo in sorted(to.joinpath("new").rglob("*.jpg"))]


def readable(folder: Path | None, side: int) -> list[Labelled]:
    """Evenly from all of them; they are of no class, and 0 stands for that."""
    found: list[Labelled] = []
    files = sorted(path for path in folder.rglob("*") if path.is_file()) if folder else []
    for file in files[::3]:
        try:
            decode(file, side)
        except UnreadablePhoto:
            continue
        found.append((file, 0))
    return found[:ODD]


if __name__ == "__main__":
    main()
