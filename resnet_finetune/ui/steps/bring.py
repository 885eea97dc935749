"""Photos come in through the browser: a zone for folders, and a place to make a data set from nothing.

Both are scripts of the page (``assets/ui``) that send files to ``ui/served/collect.py``. Both fire ``submit`` once their photos
are on the disk; ``brought`` tells which.
"""

from __future__ import annotations

from typing import Any

import gradio as gr

from resnet_finetune.data import collection, images, names
from resnet_finetune.data.collection import Collection
from resnet_finetune.ui.wording.texts import texts

# The scripts are modules of the page's own; Gradio runs this line when it has put the component into the page.
_START = """import("/collect/script/{script}.js").then(
    (module) => module.{start}(element.querySelector(".bring"), props.setup, (made) => trigger("submit", made))
);"""


def drop_zone() -> gr.HTML:
    """The zone that takes folders, dropped or chosen. ``.submit(f)`` with ``f(event: gr.EventData)``; see ``brought``."""
    return _script("drop_zone", "dropZone", "bring-folder", {"archives": names.ARCHIVES, "photos": images.SUFFIXES})


def maker() -> gr.HTML:
    """The place where classes get their photos from the camera or from files. ``.submit`` as of ``drop_zone``."""
    return _script("maker", "maker", "bring-maker", {})


def brought(event: gr.EventData) -> Collection:
    """The photos that came, which are kept from now on. Their folder is ``.photos``; ``.name`` may be any text.

    Raises:
        UserError: they are not there any more, or the disk is full.
    """
    found = collection.find(str(event.id))
    found.keep()
    return found


def _script(script: str, start: str, elem_id: str, more: dict[str, Any]) -> gr.HTML:
    setup = {
        "texts": texts("bring."),
        "system": sorted(names.SYSTEM_NAMES),
        "maxFiles": collection.MAX_FILES,
        "maxFileBytes": collection.MAX_FILE_BYTES,
        **more,
    }
    return gr.HTML(
        html_template='<section class="bring"></section>',
        js_on_load=_START.format(script=script, start=start),
        apply_default_css=False,
        elem_id=elem_id,
        setup=setup,
    )
