"""Runs are thrown away with a word on how to bring them back, and brought back."""

from __future__ import annotations

from markupsafe import Markup

from resnet_finetune.runs import history
from resnet_finetune.runs.run_folder import Run, list_runs
from resnet_finetune.ui.drawn.messages import action, message
from resnet_finetune.ui.shared.parts import tried
from resnet_finetune.ui.wording.texts import text


def throw_away(run: Run) -> Markup:
    """What is said of it, with a button: a click on it tells {"do": "restore", "run": its folder}."""
    undo = Markup("<p>{}</p>").format(action(text("runs.deleted.undo"), {"do": "restore", "run": str(run.path)}))
    deleted = message("info", text("runs.deleted.now", name=run.title, days=history.DAYS), more=undo)
    return tried(lambda: history.delete(run)) or deleted


def find(folder: str) -> Run | None:
    """A run that was thrown away. Only known ones: a path that a browser sends is not to be trusted."""
    return next((run for run in list_runs(deleted=True) if str(run.path) == folder), None)
