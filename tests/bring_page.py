"""A page of nothing but the drop zone and the maker, served as the app serves its own: ``python tests/bring_page.py``."""

from __future__ import annotations

import sys
from pathlib import Path

import gradio as gr
import uvicorn

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from resnet_finetune.ui import page, server  # noqa: E402  it lies beside this folder
from resnet_finetune.ui.steps import bring  # noqa: E402


def build() -> gr.Blocks:
    blocks: gr.Blocks
    with gr.Blocks(analytics_enabled=False) as blocks:
        zone = bring.drop_zone()
        gr.File(show_label=False, height=60, elem_id="data-zip")
        making = bring.maker()
        told = gr.Textbox(show_label=False, elem_id="told")
        gr.on([zone.submit, making.submit], tell, outputs=told, show_progress="hidden")
    return blocks


def tell(event: gr.EventData) -> str:
    found = bring.brought(event)
    return f"{found.id} {found.name}"


if __name__ == "__main__":
    page.build = build
    serving = page.serve()
    with server.listen(0) as listener:
        print(f"http://{server.HOST}:{listener.getsockname()[1]}", flush=True)
        uvicorn.Server(uvicorn.Config(serving, log_level="warning", timeout_graceful_shutdown=1)).run(sockets=[listener])
