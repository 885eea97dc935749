"""As what a model can be taken away. Standard library only: the command line and the page list them before torch is there."""

from __future__ import annotations

from typing import Literal, get_args

Format = Literal["web", "folder", "space", "onnx", "onnx-int8", "torch", "safetensors"]
FORMATS: tuple[Format, ...] = get_args(Format)

PARITY = "parity.json"  # beside every export: what its proof found
WEB_PAGE = "classify.html"
