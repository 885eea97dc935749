"""The page: five steps from photos to a model, a look inside, all models so far, and the way it is served."""

from __future__ import annotations

from typing import Any

import gradio as gr
from fastapi import FastAPI, Response
from markupsafe import Markup

from resnet_finetune.runs import history, jobs
from resnet_finetune.ui.served import collect, doors, downloads, endpoint, languages, news
from resnet_finetune.ui.served.doors import Doors
from resnet_finetune.ui.served.guard import Guard
from resnet_finetune.ui.served.languages import PAGES, Languages
from resnet_finetune.ui.served.streams import Streams
from resnet_finetune.ui.shared.parts import HIDDEN
from resnet_finetune.ui.steps import data_step, inside_step, model_step, my_runs, results_step, train_step, try_step
from resnet_finetune.ui.wording.texts import text
from resnet_finetune.words.assets import ASSETS
from resnet_finetune.words.language import speaking

_ASSETS = ASSETS / "ui"
_DAY = 24 * 60 * 60  # seconds
_TABS = 100  # the server remembers what was done in so many
_SYSTEM_FONTS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "sans-serif")  # nothing is fetched


def build() -> gr.Blocks:
    page: gr.Blocks
    with languages.Speaking(title=text("app.title"), analytics_enabled=False, delete_cache=(_DAY, _DAY)) as page:
        gr.HTML(
            Markup('<header class="app">{}<h1>{}</h1><p>{}</p></header>').format(
                languages.switch(), text("app.title"), text("app.promise")
            ),
            js_on_load=languages.SWITCH,
        )
        chosen = gr.State(None)  # desk.Chosen, once there are photos to train on
        wanted = gr.State(None)  # folder of the run whose results are asked for
        to_try = gr.State(None)  # folder of the run that is to be tried
        asked = gr.State(None)  # desk.Desk: photos that another step wants looked at
        going = news.build()
        with gr.Tabs(elem_classes="steps", overflow_behavior="wrap") as tabs:
            with gr.Tab(text("step.data"), id="data") as data_tab:
                look_again, train_at_once = data_step.build(page, tabs, data_tab, chosen, wanted, asked)
            with gr.Tab(text("step.model"), id="model") as model_tab:
                choices, starts_from = model_step.build(page, tabs, model_tab, chosen)
            train_tab = gr.Tab(text("step.train"), id="train")
            with gr.Tab(text("step.results"), id="results") as results_tab:
                results_step.build(tabs, results_tab, wanted, to_try, look_again, asked)
            with gr.Tab(text("step.try"), id="try") as try_tab:
                tried = try_step.build(tabs, try_tab, to_try)
            with gr.Tab(text("step.inside"), id="inside") as inside_tab:
                inside_step.build(tabs, inside_tab, chosen, tried)
            with gr.Tab(text("runs"), id="runs") as runs_tab:
                my_runs.build(tabs, runs_tab, wanted, choices, starts_from, look_again, asked)
        with train_tab:
            train_step.build(page, tabs, chosen, choices, wanted, to_try, going, train_at_once)
        kept = gr.Textbox("", visible=HIDDEN)
        page.load(_opened, inputs=kept, js=languages.KEPT, outputs=tabs, queue=False, show_progress="hidden")
        tabs.change(fn=None, js="() => { scrollTo(0, 0); return [] }")  # each step begins at its top
    return page


def _opened(kept: str) -> Any:
    """The step that the page begins with: that of before the change of the language, or a training that goes on."""
    step = kept or ("train" if jobs.current() else "")
    return gr.Tabs(selected=step) if step else gr.skip()


def _theme() -> gr.themes.Base:
    theme = gr.themes.Base(
        primary_hue="indigo", neutral_hue="slate", font=_SYSTEM_FONTS, font_mono=("ui-monospace", "monospace")
    )
    return theme.set(  # easy to read, which the theme's own light gray on white and white on indigo 500 are not quite
        body_text_color_subdued="*neutral_500",
        block_info_text_color="*neutral_500",
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        block_radius="*radius_lg",
        input_radius="*radius_md",
        button_large_radius="*radius_lg",
    )


def _no_heartbeat() -> Response:
    """By Gradio's heartbeat the server learns that a tab was closed: a connection that every tab keeps open. But a browser
    opens six at most, so the sixth tab would stay blank. Here the oldest tabs are forgotten instead.
    """
    return Response(media_type="text/event-stream")


def serve() -> Guard:
    """The page as an ASGI app that answers nobody but the page itself."""
    history.erase_old()
    downloads.clear_old()
    doors.clear_old()
    app = FastAPI(openapi_url=None)
    collect.add_routes(app)
    downloads.add_routes(app)
    endpoint.add_routes(app)
    news.add_routes(app)
    languages.add_routes(app)
    for language, path in PAGES.items():
        with speaking(language):
            _add_page(app, path)
    return Guard(Languages(Doors(Streams(app))))


def _own_words() -> gr.I18n:
    """In place of some of Gradio's: what it tells a screen reader when an event is over, for which it has no Chinese, and what
    it calls an upload, where nothing leaves the computer.
    """
    ours = {
        "common.complete": text("announced.complete"),
        "upload_text.drop_file": text("upload.drop"),
        "upload_text.click_to_upload": text("upload.click"),
    }
    return gr.I18n(**dict.fromkeys(("en", "zh-CN", "zh-TW"), ours))


def _add_page(app: FastAPI, path: str) -> None:
    """The page in the language that is spoken, at ``path``."""
    app.add_api_route(f"{path.rstrip('/')}/gradio_api/heartbeat/{{session}}", _no_heartbeat)
    blocks = build()
    blocks.state_session_capacity = _TABS
    gr.mount_gradio_app(
        app,
        blocks,
        path=path,
        root_path="",
        i18n=_own_words(),
        footer_links=[],
        run_history=False,
        enable_monitoring=False,
        ssr_mode=False,
        mcp_server=False,
        max_file_size="4gb",
        favicon_path=str(_ASSETS / "favicon.png") if path == "/" else None,  # of both: browsers ask for it at the root
        css_paths=[_ASSETS / "page.css", _ASSETS / "collect.css"],
        head="".join(f'<script type="module" src="/collect/script/{name}"></script>' for name in ("paste.js", "leave.js")),
        theme=_theme(),
    )
