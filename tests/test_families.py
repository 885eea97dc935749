"""Every kind of ResNet is trained, asked, explained and taken away, from weights in a file of the person's own."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch
from conftest import Cli, make_photos
from safetensors.torch import save_file

from resnet_finetune.engine import plan
from resnet_finetune.insight.explain import heat_map
from resnet_finetune.model.catalog import CATALOG, Model, families, find
from resnet_finetune.model.saved_model import load_model

QUICK = ("resnet18d", "resnetv2_18")  # "Recipe" has the layers of the usual ones
SMALLEST = [min((one for one in CATALOG if one.family == family), key=lambda one: one.gflops) for family in families()[1:]]
CHOSEN = [*SMALLEST, find("resnext50_32x4d.ssl")]
SLOW = [pytest.param(one, id=one.name, marks=[] if one.name in QUICK else pytest.mark.long) for one in CHOSEN]


@pytest.mark.parametrize("model", SLOW)
def test_it_learns_answers_and_says_where_it_looked(
    model: Model, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(plan.PRESETS, "quick", plan.Preset(96, 1, 5e-5, 0.3))  # a single pass over small photos
    photos = make_photos(tmp_path / "photos", each=18)
    torch.manual_seed(0)
    weights = tmp_path / "weights.safetensors"
    save_file({name: value.contiguous() for name, value in timm.create_model(model.timm_name).state_dict().items()}, weights)
    run, table = tmp_path / "run", tmp_path / "answers.csv"
    asked = ("--model", model.name, "--weights", weights, "--run-dir", run, "--json")
    done = cli("train", photos, *asked)
    assert done.returncode == 0, done.stderr
    assert (f"under {model.licence}: commercial use is forbidden" in done.stderr) == (not model.commercial)
    epochs = [event for event in map(json.loads, (run / "events.jsonl").read_text().splitlines()) if event["event"] == "Epoch"]
    assert [event["epoch"] for event in epochs] == [0, 1]  # the first answer, and what a pass made of it
    answered = cli("predict", run, photos, "--csv", table)
    assert answered.returncode == 0, answered.stderr
    with table.open(encoding="utf-8") as lines:
        assert len(list(csv.DictReader(lines))) == 54

    classifier = load_model(run)
    pixels = classifier.preprocessing.read(photos / "red" / "00.png")
    net: Any = classifier.net
    with torch.inference_mode():  # folded and with the head taken apart it says what timm's network does
        plain = net.eval()(classifier.preprocessing.normalise(torch.from_numpy(pixels[None])))
    assert np.allclose(classifier.look(pixels[None])[1], plain.numpy(), rtol=1e-3, atol=1e-3)
    assert heat_map(classifier, pixels, 0).shape == pixels.shape[:2]
    if model.name == "resnetv2_18":
        out = cli("export", run, "--format", "folder", "--to", tmp_path / "out", "--json")
        assert out.returncode == 0, out.stderr
        parity = json.loads(out.stdout.splitlines()[-1])["parity"]
        assert parity["agree"] == parity["n"] > 0 and parity["max_abs_diff"] < 1e-4
        assert f"Their licence: {model.licence}." in (tmp_path / "out" / "MODEL_CARD.md").read_text(encoding="utf-8")
