"""Which depth to pick: the race on the person's own photos, as the page shows it."""

from __future__ import annotations

from markupsafe import Markup

from resnet_finetune.engine.advise import advise
from resnet_finetune.model import catalog
from resnet_finetune.ui.drawn.figures import table
from resnet_finetune.ui.drawn.messages import message
from resnet_finetune.ui.shared.trial import Attempt, of_desk
from resnet_finetune.ui.wording.texts import duration, parameters, percent, photos, text
from resnet_finetune.words.advice import Advice, Candidate
from resnet_finetune.words.events import Event, Progress


def _doing(last: Event | None) -> str:
    return text(f"advisor.{last.stage if isinstance(last, Progress) else 'scan'}")


def _advice(advice: Advice) -> Markup:
    name = _name(advice.recommended)
    return message("good", text("advisor.says", name=name), [_why(advice)]) + _table(advice)


def _why(advice: Advice) -> str:
    """The measurement, or what is known where there is none."""
    usual, many = _name(advice.usual), photos(advice.photos)
    if advice.too_few:
        return text("advisor.why.few", photos=many, usual=usual)
    if len(advice.raced) < 2:
        return text("advisor.why.alone", photos=many, usual=usual)
    if advice.recommended == advice.usual:
        return text("advisor.why.usual", photos=many, usual=usual)
    return text("advisor.why.raced", photos=many, usual=usual)


def _table(advice: Advice) -> Markup:
    heads = [text(f"advisor.{column}") for column in ("depth", "parameters", "memory", "epoch", "right")]
    rows = (_row(one, one.model == advice.recommended) for one in advice.candidates)
    return table(heads, rows, "depths") + Markup('<p class="aside">{}</p>').format(text("advisor.how"))


def _row(one: Candidate, recommended: bool) -> tuple[str | Markup, list[str]]:
    name = Markup("<strong>{}</strong>").format(_name(one.model)) if recommended else _name(one.model)
    return name, [
        parameters(one.parameters_m),
        text("advisor.gb", n=one.memory_gb),
        duration(one.epoch_seconds),
        _right(one),
    ]


def _right(one: Candidate) -> str:
    score = one.score
    if score is None and one.here:
        return text("advisor.too_few")
    if score is None:
        return text("advisor.not_here", megabytes=one.download_mb)
    shares = {key: percent(getattr(score, key)) for key in ("accuracy", "low", "high")}
    return text("advisor.score", n=score.n, **shares)


def _name(model: str) -> str:
    return catalog.find(model).title


ATTEMPT = Attempt("advisor", advise, _doing, lambda advice, chosen: (_advice(advice), advice), of_desk)
