"""What a run is doing, or how it ended, in words; and its first answer."""

from __future__ import annotations

import shutil
import signal

from markupsafe import Markup

from resnet_finetune.runs import lock
from resnet_finetune.runs.run_folder import State
from resnet_finetune.ui.drawn import matrix, way
from resnet_finetune.ui.drawn.messages import message
from resnet_finetune.ui.drawn.story import Story
from resnet_finetune.ui.wording.texts import duration, left, percent, text
from resnet_finetune.words.events import Failed, Finished, Planned, Progress, Step, Stopped

LITTLE = 200e6  # bytes on a disk: less than two checkpoints of the smallest network


def status(story: Story, state: State) -> Markup:
    """What is going on, or how it ended."""
    if state == "running":
        return _running(story)
    title = f"{text(f'train.state.{state}')} · {story.run.title}"
    end = story.end if state != "crashed" else None  # how it ended once before, it may have told
    if isinstance(end, Failed):
        return message("bad", title, end.messages)
    if isinstance(end, Finished | Stopped):
        if end.test is None:
            return message("info", title, [text("train.stopped.untested" if story.first_answer else "train.stopped.early")])
        ended = "train.stopped" if isinstance(end, Stopped) else _of_crossed(story, "train.finished")
        says = text(ended, right=end.test.right, n=end.test.n, time=duration(end.seconds))
        return message("good", title, [says, *([text("train.stopped.ways")] if isinstance(end, Stopped) else [])])
    return message("bad", title, [_why_crashed(story), *_full(story), text("train.crashed", log=story.run.log)])


def _full(story: Story) -> list[str]:
    """On a full disk a run cannot even write down that the disk is full."""
    try:
        free = shutil.disk_usage(story.run.path).free
    except OSError:
        return []
    return [text("train.crashed.full", megabytes=free / 1e6)] if free < LITTLE else []


def _why_crashed(story: Story) -> str:
    code = story.run.exit_code
    if code is None:
        return text("train.crashed.unseen")
    if code >= 0:
        return text("train.crashed.code", code=code)
    if code == -signal.Signals.SIGKILL:
        return text("train.crashed.killed")
    return text("train.crashed.signal")


def _running(story: Story) -> Markup:
    title, facts = text("train.state.running"), []
    match story.last:
        case None:
            facts.append(text("train.starting"))
        case Progress() as stage:
            title = text(f"train.stage.{stage.stage}")
            if stage.seconds_left is None or stage.seconds_left >= 1:  # the steps that follow take longer than none
                facts.append(_left(stage.seconds_left))
        case Step() | Planned() if lock.asked_to_stop(story.run.path):
            title = text("train.state.stopping")
        case Step() as step if story.planned:
            epoch = 1 + (step.step - 1) * story.planned.epochs // step.steps
            title = text("train.stage.tune", epoch=epoch, epochs=story.planned.epochs)
            facts += [_left(step.seconds_left), _speed(step.images_per_second)]
        case Planned() as plan:
            epoch = max(1, len(story.epochs))  # epoch 0, the first answer, is among them
            title = text("train.stage.tune", epoch=epoch, epochs=plan.epochs)
            facts.append(_left(plan.seconds))
    facts.append(story.run.title)
    if story.started:
        facts += story.notes
        facts.append(text("train.about", model=story.started.model, device=story.started.device, weights=story.started.weights))
    return way.draw(story.way, title, facts)


def _left(seconds: float | None) -> str:
    return left(None) if seconds is None else text("train.left.part", left=left(seconds))


def _speed(photos: float) -> str:
    """``photos`` a second; of few, the seconds that each takes."""
    return text("train.speed", n=photos) if photos >= 10 else text("train.slow", seconds=1 / photos)


def _is_crossed(story: Story) -> bool:
    """Whether the set is tiny: there are no validation photos, and nothing is fine-tuned."""
    return story.started is not None and not any(story.started.counts["validation"])


def _of_crossed(story: Story, key: str) -> str:
    return f"{key}.crossed" if _is_crossed(story) else key


def first_answer(story: Story) -> Markup:
    first = story.first_answer
    if first is None or story.started is None:
        return Markup("")
    score = first.validation
    says = text(
        _of_crossed(story, "train.first.says"),
        time=duration(first.seconds),
        right=score.right,
        n=score.n,
        accuracy=percent(score.accuracy),
        low=percent(score.low),
        high=percent(score.high),
    )
    surer = score.accuracy == 1 and not _is_crossed(story)
    perfect = Markup("<p>{}</p>").format(text("train.first.perfect")) if surer else Markup("")
    return Markup('<section class="card"><h3>{}</h3><p>{}</p>{}{}</section>').format(
        text("train.first"),
        says,
        perfect,
        matrix.draw(story.started.classes, first.confusion, matrix.View(range(len(story.started.classes)), opens=False)),
    )
