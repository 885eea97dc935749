"""A little of ``benchmarks/fuzz.py``, always the same; the long form looks for what nobody has thought of."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType

import pytest
from conftest import ROOT


def _fuzz() -> ModuleType:
    spec = importlib.util.spec_from_file_location("fuzz", ROOT / "benchmarks" / "fuzz.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["fuzz"] = module  # dataclasses look it up there
    spec.loader.exec_module(module)
    return module


FUZZ = _fuzz()
FEW = {"run folder": 4, "parcels": 4, "photos": 20}  # the slow ones; of the others so many:
SOME = 25


@pytest.mark.parametrize("name", FUZZ.TARGETS)
def test_a_value_or_a_refusal_comes_out(name: str) -> None:
    examples = FEW.get(name, SOME)
    tried, error = FUZZ.throw(FUZZ.TARGETS[name], examples, None, 600)
    if error is not None:
        raise error
    assert tried >= examples / 2
