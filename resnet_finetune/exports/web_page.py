"""One .html file that classifies photos in a browser with nothing fetched: it holds the model and what runs it."""

from __future__ import annotations

import base64
import gzip
import json
from dataclasses import asdict
from pathlib import Path
from string import Template

from resnet_finetune.exports.formats import WEB_PAGE
from resnet_finetune.exports.seal import Parity
from resnet_finetune.exports.whole_photo import ONNX
from resnet_finetune.model.saved_model import Classifier
from resnet_finetune.words import disk
from resnet_finetune.words.assets import ASSETS
from resnet_finetune.words.language import Language, speaking
from resnet_finetune.words.report import Report

_RUNTIME = ASSETS / "onnxruntime-web"
_LANGUAGES: dict[str, Language] = {"en": "en", "zh-CN": "zh"}  # of the page, which takes the one of the browser


def replace_by_page(folder: Path, model: Classifier, report: Report, parity: Parity) -> None:
    """Nothing but the page is left in ``folder``, which held an export as ``ONNX``. How good it is, ``report`` tells."""
    about = {
        "classes": model.classes,
        "size": model.preprocessing.size,
        "threshold": model.gallery and model.gallery.threshold,
        "same": {"n": parity.n, "agree": parity.agree},
        "score": asdict(report.test) | {"right": report.test.right},
        "crossed": report.cross_validated,
        "notes": {name: _said(report.notes, language) for name, language in _LANGUAGES.items()},
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


def _said(notes: list[str], language: Language) -> list[str]:
    with speaking(language):
        return [str(note) for note in notes]


def _encoded(content: bytes) -> str:
    """What every browser can unpack without asking for anything."""
    return base64.b64encode(gzip.compress(content, mtime=0)).decode()
