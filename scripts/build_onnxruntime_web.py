"""Rebuild assets/onnxruntime-web from the npm package: the smallest build that runs a model in a browser on the CPU.

    python scripts/build_onnxruntime_web.py [--package FILE] [--to FOLDER]

Without --package it is fetched with npm. It is only ever read as an archive: never installed, none of its scripts is run.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import subprocess
import tarfile
import tempfile
from pathlib import Path

PACKAGE = "onnxruntime-web@1.30.0"
PACKAGE_SHA256 = "d2228df7e4616bc3348bf504ee888f3bec43789a273f0a63f3e68d203ce3bf71"
FILES = {  # in the package's folder dist → sha256
    "ort.wasm.bundle.min.mjs": "11e64bd8ffe11bd1a2a2f0d6275fdfbbba7262f0b76b99b53d228a8a22ef3d90",
    "ort-wasm-simd-threaded.wasm": "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2",
}


def fetch(folder: Path) -> Path:
    """The package as the registry gives it, in ``folder``."""
    subprocess.run(["npm", "pack", "--silent", "--ignore-scripts", PACKAGE], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return next(folder.glob("*.tgz"))


def checked(content: bytes, sha256: str, what: str) -> bytes:
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise SystemExit(f"{what} has sha256 {found}, expected {sha256}: it is not the file this was written for.")
    return content


def build(package: Path) -> dict[str, bytes]:
    """Name → content."""
    content = checked(package.read_bytes(), PACKAGE_SHA256, package.name)
    files = {}
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        for name, sha256 in FILES.items():
            member = archive.extractfile(f"package/dist/{name}")
            assert member is not None
            files[name] = checked(member.read(), sha256, name)
    return files


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--package", type=Path, help=f"{PACKAGE}, already here")
    parser.add_argument("--to", type=Path, default=Path(__file__).parents[1] / "assets" / "onnxruntime-web", metavar="FOLDER")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files = build(arguments.package or fetch(Path(folder)))
    arguments.to.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (arguments.to / name).write_bytes(content)
        print(arguments.to / name, len(content), "bytes, sha256", FILES[name])


if __name__ == "__main__":
    main()
