"""The ONNX file: alone, on photos of every shape, it answers as the app does."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from resnet_finetune.engine.export import export_onnx

from resnet_finetune.data.images import square
from resnet_finetune.model.saved_model import load_model
from resnet_finetune.words.errors import UserError


@pytest.fixture(scope="module")
def exported(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported")
    done = export_onnx(trained, folder)
    assert done.parity.agree == done.parity.n == 12
    assert done.parity.max_abs_diff < 1e-3
    assert all(file.is_file() for file in done.files)
    return folder


@pytest.mark.parametrize("shape", [(320, 320), (348, 464), (641, 333), (40, 30), (9, 200), (1000, 700)])
def test_photos_of_any_shape_get_the_apps_answer(trained: Path, exported: Path, shape: tuple[int, int]) -> None:
    photo = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    session = onnxruntime.InferenceSession(exported / "model.onnx", providers=["CPUExecutionProvider"])
    (theirs,) = session.run(["probabilities"], {"photo": photo})
    model = load_model(trained)
    ours = model.scores(square(photo, model.preprocessing.size)[None])[0]
    assert np.abs(ours - theirs).max() < 1e-3


def test_the_file_names_its_classes(exported: Path) -> None:
    properties = {prop.key: prop.value for prop in onnx.load(exported / "model.onnx").metadata_props}
    assert json.loads(properties["classes"]) == ["blue", "green", "red"]


def test_an_export_that_cannot_be_proven_is_refused(trained: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(trained, run)
    report = json.loads((run / "report.json").read_text(encoding="utf-8"))
    (run / "report.json").write_text(json.dumps(report | {"root": str(tmp_path / "gone")}), encoding="utf-8")
    with pytest.raises(UserError, match="needed to prove"):
        export_onnx(run, tmp_path / "to")
    assert not (tmp_path / "to").exists()


def test_a_run_without_results_is_told(trained: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(trained, run, ignore=shutil.ignore_patterns("report.json"))
    with pytest.raises(UserError, match="no results yet"):
        export_onnx(run, tmp_path / "to")


def test_a_damaged_report_is_told(trained: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(trained, run)
    (run / "report.json").write_text('{"judged": 3}', encoding="utf-8")
    with pytest.raises(UserError, match="damaged"):
        export_onnx(run, tmp_path / "to")
