"""One .html file that classifies photos in a browser with nothing fetched: it holds the model and what runs it."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path
from string import Template

from resnet_finetune.exports.formats import WEB_PAGE
from resnet_finetune.exports.seal import Parity
from resnet_finetune.exports.whole_photo import ONNX
from resnet_finetune.model.saved_model import Classifier
from resnet_finetune.words import disk
from resnet_finetune.words.assets import ASSETS

_RUNTIME = ASSETS / "onnxruntime-web"


def replace_by_page(folder: Path, model: Classifier, parity: Parity) -> None:
    """Nothing but the page is left in ``folder``, which held an export as ``ONNX``."""
    about = {
        "classes": model.classes,
        "size": model.preprocessing.size,
        "threshold": model.gallery and model.gallery.threshold,
        "n": parity.n,
        "agree": parity.agree,
    }
    page = Template((ASSETS / "exports" / "web" / "page.html").read_text(encoding="utf-8")).substitute(
        # The classes may be called anything, the end of a script too.
        about=json.dumps(about).replace("<", "\\u003c"),
        licence=(_RUNTIME / "LICENSE").read_text(encoding="utf-8"),
        runtime=_encoded((_RUNTIME / "ort.wasm.bundle.min.mjs").read_bytes()),
        wasm=_encoded((_RUNTIME / "ort-wasm-simd-threaded.wasm").read_bytes()),
        model=_encoded((folder / ONNX).read_bytes()),
    )
    for file in folder.iterdir():
        file.unlink()
    disk.write_bytes(folder / WEB_PAGE, page.encode())


def _encoded(content: bytes) -> str:
    """What every browser can unpack without asking for anything."""
    return base64.b64encode(gzip.compress(content, mtime=0)).decode()
