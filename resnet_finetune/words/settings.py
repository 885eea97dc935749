"""Everything a person can choose about a run: label, help, range and default declared once, beside the field."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from resnet_finetune.words import servers
from resnet_finetune.words.disk import is_text
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.fitting import fitted
from resnet_finetune.words.language import say

PRESETS = ("quick", "balanced", "thorough")


def _setting(default: Any, label: str, help: str, low: float | None = None, high: float | None = None) -> Any:
    return field(default=default, metadata={"label": label, "help": help, "low": low, "high": high})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One run, before it starts. Passed by name, kept in ``run.json``."""

    data: str = _setting(
        "demo", say("Your data"), say("A folder with one sub-folder per class, a .zip or .tar of one, or the word 'demo'.")
    )
    run_dir: str = _setting("", say("Run folder"), say("Where the model and all results are written."))
    model: str = _setting("resnet18", say("Depth"), say("Deeper networks can learn more and need more photos and time."))
    preset: str = _setting(
        "quick",
        say("How thorough"),
        say("Quick: half a minute to two minutes on 200 photos. Balanced and Thorough train longer."),
    )
    seed: int = _setting(0, say("Seed"), say("The same seed gives the same split and the same training."), 0, 2**31 - 1)
    minutes: float | None = _setting(None, say("I have … minutes"), say("Plan the training to fit this time."), 0.2, 10_000)
    learning_rate: float | None = _setting(
        None, say("Learning rate"), say("The highest that the last layer gets; without one, the preset’s."), 1e-7, 1.0
    )
    corrections: str | None = _setting(
        None,
        say("Corrections"),
        say(
            "A JSON file that says of photos to which class they belong, or null for those that are not to be used; or a JSON "
            "list of these."
        ),
    )
    split_of: str | None = _setting(
        None,
        say("Judged like"),
        say("The folder of an earlier run: its test photos are tested on again, so that the two can be compared."),
    )
    train_on: str | None = _setting(
        None,
        say("Train on from"),
        say("The folder of an earlier run: it starts from that model, and its test photos stay test photos."),
    )
    weights: str | None = _setting(
        None, say("Weights file"), say("A .safetensors file to start from, instead of the usual weights.")
    )

    def check(self, models: tuple[str, ...]) -> None:
        """Raise one ``UserError`` that names every mistake; ``models`` are the names the catalogue knows."""
        servers.check(*self.places)
        mistakes = [
            say(
                "The name {name} is no text that can be written down: rename that folder or file, and use no letters but those "
                "of your language.",
                name=ascii(place),
            )
            for place in (*self.places, self.run_dir)
            if place and not is_text(place)
        ]
        if not self.run_dir:
            mistakes.append(say("No run folder was given: name one with --run-dir."))
        if self.model not in models:
            mistakes.append(say("There is no model called {model!r}: choose one of {names}.", model=self.model, names=models))
        if self.preset not in PRESETS:
            mistakes.append(
                say("There is no preset called {preset!r}: choose one of {names}.", preset=self.preset, names=PRESETS)
            )
        for spec in fields(self):
            value, low, high = getattr(self, spec.name), spec.metadata["low"], spec.metadata["high"]
            if value is not None and low is not None and not low <= value <= high:
                mistakes.append(
                    say(
                        "{label} is {value}: give a number from {low} to {high}.",
                        label=spec.metadata["label"],
                        value=value,
                        low=low,
                        high=high,
                    )
                )
        if self.weights is not None and not Path(self.weights).is_file():
            mistakes.append(say("The weights file {path} does not exist: check the path.", path=self.weights))
        if self.train_on is not None and not Path(self.train_on, "model.safetensors").is_file():
            mistakes.append(
                say(
                    "There is no trained model in {folder}: name the folder of a run that gave an answer.",
                    folder=self.train_on,
                )
            )
        if self.train_on is not None and self.weights is not None:
            mistakes.append(say("A run trains on from an earlier run or from a weights file: give one of them."))
        if mistakes:
            raise UserError(*mistakes)

    @property
    def places(self) -> tuple[str | None, ...]:
        """What is read, but for the run folder itself."""
        return self.data, self.weights, self.train_on, self.split_of, self.corrections

    def absolute(self) -> Settings:
        """The same from any folder. The photos stay as they were named where that is no path that is there."""
        a_path = self.data != "demo" and os.path.exists(self.data)  # noqa: PTH110  Path.exists raises for some names
        names = ["weights", "train_on", "split_of", "corrections", *(["data"] if a_path else [])]
        paths: dict[str, Any] = {name: str(Path(value).absolute()) for name in names if (value := getattr(self, name))}
        return replace(self, **paths)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Settings:
        """Unknown keys are ignored, so that an older app can open a newer run. Raises ``ValueError`` for no settings."""
        if not isinstance(values, dict):
            raise ValueError("not settings")
        known = {spec.name for spec in fields(cls)}
        settings: Settings = fitted(cls, {key: value for key, value in values.items() if key in known})
        if settings.preset not in PRESETS:
            raise ValueError("a preset of another version")
        return settings
