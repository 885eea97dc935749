"""What each block of a trained network adds: one picture of it, and the numbers and the code of the block that is pressed."""

from __future__ import annotations

import inspect
from typing import Any

import gradio as gr
from gradio.components import Component
from markupsafe import Markup

from resnet_finetune.insight.anatomy import REFERENCES, Anatomy, Block, Convolution, reads_the_same
from resnet_finetune.insight.residual import kept, measure
from resnet_finetune.runs.run_folder import Run
from resnet_finetune.ui.drawn import network_picture
from resnet_finetune.ui.drawn.figures import table
from resnet_finetune.ui.drawn.network_picture import size_of, value
from resnet_finetune.ui.shared import finished
from resnet_finetune.ui.shared.parts import clicked_on, into_view
from resnet_finetune.ui.shared.trial import Attempt, of_run
from resnet_finetune.ui.wording.texts import photos, text
from resnet_finetune.words.events import Event

_NOTHING = Markup("")


def build(run: gr.Dropdown) -> list[Component]:
    """The parts that ``shown`` fills when another run is looked at."""
    gr.HTML(Markup("<p>{}</p>").format(text("network.lead")))
    found = gr.State(None)
    drawn = _ATTEMPT.build(run, found, network_picture.KEYS)
    card = gr.HTML(elem_id="network-block")
    drawn.click(
        _open,
        inputs_kwargs={"found": found},
        outputs=card,
        queue=False,
        show_progress="hidden",
        trigger_mode="multiple",
    ).then(fn=None, js=into_view("network-block"))
    return [found, drawn, card]


def shown(run: Run | None) -> list[Any]:
    """What was measured of this run before."""
    drawn, found = _before(str(run.path) if run else None)
    return [found, drawn, _NOTHING]


def _open(event: gr.EventData, found: Anatomy | None) -> Markup:
    """A browser may send anything: only a block of the network that it was shown opens."""
    match clicked_on(event):
        case {"block": int(number)} if found and 0 <= number < len(found.blocks):
            return card(found, found.blocks[number])
        case _:
            return _NOTHING


# --- What is said of the whole ------------------------------------------------------------------------------------------


def _drawn(found: Anatomy) -> Markup:
    return Markup('<section class="found">{}</section>{}').format(
        _NOTHING.join(Markup("<p>{}</p>").format(sentence) for sentence in _sentences(found)), network_picture.draw(found)
    )


def _sentences(found: Anatomy) -> list[str]:
    """Which photos, what it costs to leave a block out, and what fine-tuning moved."""
    numbers = {"photos": photos(found.photos), "of": found.of, "right": found.right}
    whole = found.photos == found.of
    which = text("network.crossed" if found.crossed else "network.which.all" if whole else "network.which", **numbers)
    plain = [block for block in found.blocks if not block.projects]
    cheap = sum(block.right >= found.right - 1 for block in plain)
    dear = min(found.blocks, key=lambda block: block.right)
    key = {0: "network.none_cheap", 1: "network.cheap.one"}.get(cheap, "network.cheap")
    said = [which, text(key, cheap=cheap, all=len(plain))]
    if dear.right < found.right:
        key = "network.dearest.projects" if dear.projects else "network.dearest"
        said.append(text(key, name=dear.name, without=dear.right, right=found.right))
    changes = [(block.moved, block.name) for block in found.blocks if block.moved is not None]
    if changes:
        most, name = max(changes)
        said.append(text("network.most", name=name, share=f"{100 * most:.2g}") if most else text("network.none_moved"))
    return said


# --- What is said of a block --------------------------------------------------------------------------------------------


def card(found: Anatomy, block: Block) -> Markup:
    return Markup(
        '<section class="card block"><h4>{title}</h4><dl>{facts}</dl>{layers}{why}{narrow}<h4>{code_title}</h4>'
        '<p>{code_lead}</p><pre tabindex="0"><code>{code}</code></pre></section>'
    ).format(
        title=text("network.block", name=block.name, kind=text(f"network.kind.{block.kind}")),
        facts=_NOTHING.join(
            Markup("<div><dt>{}</dt><dd>{}</dd><p>{}</p></div>").format(*fact) for fact in _facts(found, block)
        ),
        layers=_layers(block),
        why=_why_1x1(block) if block.projects else _NOTHING,
        narrow=_why_narrow(block) if block.kind.endswith("Bottleneck") else _NOTHING,
        code_title=text("network.code"),
        code_lead=text("network.code.lead" if reads_the_same(block) else "network.code.differs"),
        code=inspect.getsource(REFERENCES[block.kind]),
    )


def _facts(found: Anatomy, block: Block) -> list[tuple[str, str, str]]:
    """A name, a number, and what it means."""
    projects = ".projects" if block.projects else ""
    moved = "network.moved.unknown" if block.moved is None else "network.moved.means"
    lost = text("network.points", points=value(found, block, "lost"))
    without = text("network.without", without=block.right, photos=found.photos, right=found.right)
    return [
        (text("network.ratio"), value(found, block, "ratio"), text(f"network.ratio.says{projects}")),
        (text("network.lost"), lost, f"{without} {text(f'network.lost.says{projects}')}"),
        (text("network.moved"), value(found, block, "moved"), text(moved)),
        (text("network.shapes"), f"{size_of(block.takes)} → {size_of(block.gives)}", text("network.shapes.means")),
        (text("network.parameters"), f"{block.parameters:,}", text("network.parameters.means")),
    ]


def _layers(block: Block) -> Markup:
    """Of groups nothing is said where there is only one, as in most networks."""
    columns = ["path", "kernel", "channels", "stride", "groups"][
        : 5 if any(one.groups > 1 for one in block.convolutions) else 4
    ]
    rows = ((path, numbers[: len(columns) - 1]) for path, numbers in map(_row, block.convolutions))
    return table([text(f"network.{column}") for column in columns], rows)


def _row(one: Convolution) -> tuple[str, list[str]]:
    path = text("network.path.shortcut" if one.in_shortcut else "network.path.residual")
    return path, [f"{one.kernel} × {one.kernel}", f"{one.inputs} → {one.outputs}", str(one.stride), str(one.groups)]


def _why_1x1(block: Block) -> Markup:
    takes, gives = block.takes, block.gives
    said = [
        text("network.1x1.shapes", takes=size_of(takes), gives=size_of(gives)),
        text("network.1x1.why", weights=f"{takes[0] * gives[0]:,}", larger=f"{9 * takes[0] * gives[0]:,}"),
        text("network.1x1.rare"),
    ]
    return _aside(text("network.1x1"), said)


def _why_narrow(block: Block) -> Markup:
    """Of a bottleneck: what its convolutions of 1 × 1 save."""
    takes, gives = block.takes[0], block.gives[0]
    inside = [one for one in block.convolutions if not one.in_shortcut]
    weights = sum(one.kernel**2 * one.inputs // one.groups * one.outputs for one in inside)
    larger = 9 * (takes * gives + gives * gives)
    said = [
        text("network.narrow.how", takes=takes, narrow=inside[0].outputs, gives=gives),
        text("network.narrow.saves", weights=f"{weights:,}", larger=f"{larger:,}"),
    ]
    return _aside(text("network.narrow"), said)


def _aside(question: str, answer: list[str]) -> Markup:
    return Markup('<aside class="message info"><strong>{}</strong>{}</aside>').format(
        question, _NOTHING.join(Markup("<p>{}</p>").format(sentence) for sentence in answer)
    )


def _doing(last: Event | None) -> str:
    return text("network.doing")


def _before(path: str | None) -> tuple[Markup, Anatomy | None]:
    run = finished.find(path)
    found = kept(run.path) if run else None
    return _drawn(found) if found else _NOTHING, found


_ATTEMPT = Attempt("network", measure, _doing, lambda found, path: (_drawn(found), found), of_run, _before)
