"""Under the loss: how large the gradient is in each stage of the network, and what to do when it is not healthy."""

from __future__ import annotations

from math import log10

from markupsafe import Markup

from resnet_finetune.ui.drawn.story import Story
from resnet_finetune.ui.wording.texts import text
from resnet_finetune.words.gradients import Health, Norms, health

WIDTH, HEIGHT = 120, 34  # of a stage's curve, in its own units
FLOOR = 1e-12  # what is smaller is drawn as this: a power of ten needs a number above 0


def strip(story: Story) -> Markup:
    """A small curve for each stage, all on the same scale (powers of ten), and one sentence; nothing before the first step."""
    if not story.gradients:
        return Markup("")
    first, last = story.gradients[0][1], story.gradients[-1][1]
    now = health(last, first)
    low, high = _range([norms for _, norms in story.gradients])
    cells = Markup("").join(
        Markup('<li class="{}"><b>{}</b>{}<span>{}</span></li>').format(
            "" if _well(name, now, last) else "ill", _name(name), _curve(story, name, low, high), _number(norm)
        )
        for name, norm in last.items()
    )
    return Markup(
        '<section class="card gradients {}" role="group" aria-label="{}"><h3>{}</h3><ol>{}</ol><p>{}</p></section>'
    ).format("" if now == "healthy" else "ill", text("gradients"), text("gradients"), cells, _says(story, now, last))


def _says(story: Story, now: Health, last: Norms) -> Markup:
    word = Markup("<strong>{}</strong> ").format(text(f"gradients.{now.replace(' ', '_')}"))
    if now == "healthy":
        if story.ill is None:
            return word + text("gradients.healthy.what")
        step, how = story.ill
        return word + text("gradients.again", step=step, how=text(f"gradients.{how.replace(' ', '_')}.was"))
    told = {name: norm for name, norm in last.items() if norm is not None}
    if now == "vanishing":
        return word + text(
            "gradients.vanishing.what",
            least=_name(min(told, key=told.__getitem__)),
            most=_name(max(told, key=told.__getitem__)),
        )
    return word + text(f"gradients.{now.replace(' ', '_')}.what")


def _well(name: str, now: Health, last: Norms) -> bool:
    """Whether the stage has no part in what is wrong."""
    if now == "vanishing":
        return last[name] != min(norm for norm in last.values() if norm is not None)
    return now == "healthy" or (now == "no number" and last[name] is not None)


def _name(stage: str) -> str:
    return text("gradients.layer", n=stage.removeprefix("layer")) if stage.startswith("layer") else text(f"gradients.{stage}")


def _number(norm: float | None) -> str:
    if norm is None:
        return "∞"
    return f"{norm:.2g}" if 1e-3 <= norm < 1e4 or norm == 0 else f"{norm:.0e}"


def _range(all_norms: list[Norms]) -> tuple[float, float]:
    """Powers of ten, at least three of them."""
    powers = [_power(norm) for norms in all_norms for norm in norms.values() if norm is not None] or [0.0]
    low, high = min(powers), max(powers)
    spare = max(0.0, 3 - (high - low)) / 2
    return low - spare, high + spare


def _power(norm: float) -> float:
    return log10(max(norm, FLOOR))


def _curve(story: Story, name: str, low: float, high: float) -> Markup:
    """Up to the present step; where there was no number, nothing is drawn."""
    last = max(1, story.gradients[-1][0])
    points = " ".join(
        f"{WIDTH * step / last:.1f},{HEIGHT * (high - _power(norm)) / (high - low):.1f}"
        for step, norms in story.gradients
        if (norm := norms.get(name)) is not None
    )
    return Markup(
        '<svg viewBox="0 0 {} {}" preserveAspectRatio="none" aria-hidden="true"><polyline points="{}"/></svg>'
    ).format(WIDTH, HEIGHT, points)
