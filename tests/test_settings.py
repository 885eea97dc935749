"""What a person may choose, and what they are told when it is wrong."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from resnet_finetune.words.errors import UserError
from resnet_finetune.words.settings import Settings

MODELS = ("resnet18", "resnet50")
GOOD = Settings(run_dir="run")


def test_the_defaults_are_sound() -> None:
    GOOD.check(MODELS)


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    absent = str(tmp_path / "absent.safetensors")
    wrong = Settings(run_dir="", model="vgg", preset="fast", seed=-1, minutes=0.0, weights=absent)
    with pytest.raises(UserError) as told:
        wrong.check(MODELS)
    messages = told.value.messages
    told_of = ("run folder", "'vgg'", "'fast'", "Seed is -1", "minutes is 0.0", "absent")
    for message, words in zip(messages, told_of, strict=True):
        assert words in message
    assert str(told.value) == " ".join(messages)
    assert "resnet18, resnet50" in messages[1]  # what to choose from is named


@pytest.mark.parametrize(
    ("field", "value", "sound"),
    [
        ("seed", 0, True),
        ("seed", 2**31 - 1, True),
        ("seed", 2**31, False),
        ("minutes", None, True),
        ("minutes", 0.2, True),
        ("minutes", 0.19, False),
        ("minutes", 10_000, True),
        ("minutes", 10_001, False),
        ("minutes", float("nan"), False),
        ("weights", ".", False),  # a folder is no file
    ],
)
def test_ranges(field: str, value: Any, sound: bool) -> None:
    settings = replace(GOOD, **{field: value})
    if sound:
        settings.check(MODELS)
    else:
        with pytest.raises(UserError) as told:
            settings.check(MODELS)
        assert len(told.value.messages) == 1


def test_every_setting_is_explained() -> None:
    for field in fields(Settings):
        assert field.metadata["label"] and field.metadata["help"], field.name


def test_a_name_that_is_no_text_is_told(tmp_path: Path) -> None:
    """Such as a folder in Latin-1 on Linux."""
    with pytest.raises(UserError, match=r"The name '.*caf\\udce9' is no text"):
        Settings(data=str(tmp_path / "caf\udce9"), run_dir=str(tmp_path)).check(("resnet18",))


def test_settings_survive_json_and_keys_of_a_newer_app() -> None:
    settings = Settings(
        data="photos", run_dir="run", model="resnet50", preset="thorough", seed=7, minutes=1.5, corrections="list", weights="w"
    )
    again = Settings.from_json(json.loads(json.dumps(settings.to_json() | {"of_a_newer_app": 1})))
    assert again == settings


@pytest.mark.parametrize("foreign", [[], None, "demo", 3], ids=str)
def test_what_is_no_object_is_refused(foreign: Any) -> None:
    with pytest.raises(ValueError, match="not settings"):
        Settings.from_json(foreign)
