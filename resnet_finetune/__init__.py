"""Fine-tune ResNets on folders of photos: for the page, for the command line and for Python.

    from pathlib import Path
    from resnet_finetune import Settings, load_model, train

    for event in train(Settings(data="photos", run_dir="my-run")):
        print(event)
    for answer in load_model("my-run").classify([Path("new.jpg")]):
        print(answer.label, answer.confidence)  # None, None for a photo that is of none of the classes

Torch is imported when something is trained or loaded, not before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from resnet_finetune.words.events import Event
from resnet_finetune.words.settings import Settings

if TYPE_CHECKING:
    from resnet_finetune.model.saved_model import Classifier

__version__ = "0.1.0"
__all__ = ["Settings", "load_model", "train"]


def train(settings: Settings, stop: Callable[[], bool] = lambda: False) -> Iterator[Event]:
    """Fine-tune, and say what happens. The last event is ``Finished``, ``Stopped`` or ``Failed``.

    ``stop`` is asked at every step; once it is true the best model so far is kept, tested and written.

    Raises:
        UserError: a setting is wrong, or the run folder holds a run already or cannot be written.
    """
    from resnet_finetune.runs import run_folder
    from resnet_finetune.words import servers

    servers.trust(*settings.places)
    return run_folder.record(run_folder.create(settings), stop)


def load_model(folder: Path | str) -> Classifier:
    """The model of a run folder together with its preprocessing. Raises ``UserError`` when there is none or it is damaged."""
    from resnet_finetune.model import saved_model

    return saved_model.load_model(folder)
