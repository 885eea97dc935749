"""The trainings that left a model, for the person to choose among."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import gradio as gr

from resnet_finetune.model.saved_model import ABOUT, Classifier, load_model
from resnet_finetune.runs.run_folder import Run, list_runs
from resnet_finetune.ui.wording.texts import percent

Choice = tuple[str, str]  # in words, and the folder


def dropdown(label: str, elem_id: str) -> gr.Dropdown:
    return gr.Dropdown([], value=None, label=label, elem_id=elem_id, interactive=True, filterable=False)


def offer(chosen: str | None) -> gr.Dropdown:
    """The choices as they are now, newest first; what was chosen stays so while it is there."""
    return offer_of(choices(), chosen)


def choices() -> list[Choice]:
    return [(f"{run.title} · {percent(test.accuracy)}", str(run.path)) for run in list_runs() if (test := run.score)]


def offer_of(choices: list[Choice], chosen: str | None) -> gr.Dropdown:
    paths = [path for _, path in choices]
    return gr.Dropdown(choices, value=chosen if chosen in paths else next(iter(paths), None))


def find(path: str | None) -> Run | None:
    """The run that was offered. Only known runs: a path that a browser sends is not to be trusted."""
    return next((run for run in list_runs() if str(run.path) == path), None)


def written(run: Run) -> int:
    """When the model was, in ns; while a training goes on it is so again and again. 0: it is gone."""
    try:
        return (run.path / ABOUT).stat().st_mtime_ns
    except OSError:
        return 0


def of_now(path: str | None) -> tuple[str | None, int]:
    """A training and its model as it is now: once it was gone on with, what was found out before is of another."""
    run = find(path)
    return path, written(run) if run else 0


def model(run: Run) -> Classifier:
    """To be asked, not to be changed. Raises ``UserError`` when it is gone or damaged."""
    return _loaded(run.path, written(run))


@lru_cache(maxsize=1)
def _loaded(folder: Path, written: int) -> Classifier:
    """The model that was asked last, as it was ``written``: loading takes longer than answering."""
    return load_model(folder)


def has_model(run: Run) -> bool:
    return run.score is not None
