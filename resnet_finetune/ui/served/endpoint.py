"""The door for other programs on this computer: a photo in, what a model says of it out, over plain HTTP."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, File, Form, UploadFile
from fastapi.responses import JSONResponse
from markupsafe import Markup

from resnet_finetune.runs.run_folder import Run, list_runs
from resnet_finetune.ui.shared import finished
from resnet_finetune.ui.wording.texts import text
from resnet_finetune.words.errors import UserError

ADDRESS = "/api/predict"
_PLAIN = r"\w[\w .()-]*"  # a name that says nothing else to a shell, between quotation marks

_INPUTS = {name: Markup("<code>{}</code>").format(name) for name in ("photo", "model", "readiness")}

_router = APIRouter()


def add_routes(app: FastAPI) -> None:
    """To be called before Gradio is mounted at "/", because what is mounted there answers everything else."""
    app.include_router(_router)


@_router.post(ADDRESS)
def _predict(
    photo: Annotated[UploadFile, File()],
    model: Annotated[str | None, Form()] = None,
    readiness: Annotated[float | None, Form(ge=0, le=100)] = None,
) -> JSONResponse:
    """``model`` is what a training is called, which may go on, or its folder; without one, the newest that is over answers.
    ``readiness``: of ``Gallery.threshold_at``.
    """
    if model is None:
        run = next((run for run in list_runs() if finished.has_model(run)), None)
    else:
        run = next((run for run in list_runs() if finished.written(run) and model in _names(run)), None)
    if run is None:
        return JSONResponse({"error": text("endpoint.no_model")}, status_code=404)
    try:
        classifier = finished.model(run)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "photo")
            with file.open("wb") as copy:
                shutil.copyfileobj(photo.file, copy)
            (answer,) = classifier.classify([file])
        if classifier.gallery:
            answer = answer.judged(classifier.classes, classifier.gallery.threshold_at(readiness))
    except (UserError, OSError) as error:
        return JSONResponse({"error": str(error)}, status_code=422)
    if answer.scores is None:
        return JSONResponse({"error": answer.error}, status_code=422)
    scores = dict(zip(classifier.classes, answer.scores, strict=True))
    said: dict[str, Any] = {"label": answer.label, "confidence": answer.confidence, "none_of_these": answer.none_of_these}
    return JSONResponse({"model": run.title, **said, "scores": scores})


def _names(run: Run) -> tuple[str, ...]:
    return run.title, run.path.name, str(run.path)


def examples(run: Run | None, server: str) -> Markup:
    """How to ask it, for the model that is chosen. ``server`` is the address of the page. What is copied into a shell must say
    no more there than a name: a run may come from a stranger, whose title is any text.
    """
    name = run.title if run else "…"
    if run and not re.fullmatch(_PLAIN, name):
        name = run.path.name
    curl = f'curl -F photo=@photo.jpg -F "model={name}" {server}{ADDRESS}'
    python = f"""import requests

with open("photo.jpg", "rb") as photo:
    answer = requests.post("{server}{ADDRESS}", files={{"photo": photo}}, data={{"model": {name!r}}})
print(answer.json()["label"])"""
    return Markup("<p>{}</p><p>{}</p><h4>curl</h4><pre><code>{}</code></pre><h4>Python</h4><pre><code>{}</code></pre>").format(
        text("endpoint.lead"), Markup(text("endpoint.inputs", **_INPUTS)), curl, python
    )
