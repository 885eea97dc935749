"""The command line: every verb of the app, with sentences for a person or one JSON object for a program.

Answers go to stdout, progress and mistakes to stderr. Exit code 0: done; 1: something to mend, which is said; 2: wrong usage.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields
from itertools import groupby
from pathlib import Path
from typing import Any

from resnet_finetune.data.problems import Problem
from resnet_finetune.exports.formats import FORMATS
from resnet_finetune.runs import run_folder
from resnet_finetune.runs.run_folder import Run
from resnet_finetune.ui.server import PORT, open_page
from resnet_finetune.words import disk, servers, terminal
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.events import (
    Epoch,
    Event,
    Failed,
    Finished,
    FirstAnswer,
    Kept,
    Noted,
    Planned,
    Progress,
    Score,
    Started,
    Step,
    Stopped,
)
from resnet_finetune.words.language import Sentence, aloud, reason, say, speaking
from resnet_finetune.words.settings import Settings

_LIVE = 78  # cells of the line that tells how far it has come

# What programs read by these names, people read in their language.
_WORDS: dict[str, str] = {
    word: word
    for word in (
        *(say("train"), say("validation"), say("test")),
        *(
            say("fetch"),
            say("scan"),
            say("features"),
            say("check"),
            say("remember"),
            say("measure"),
            say("rates"),
            say("prove"),
        ),
        *(say("new"), say("running"), say("finished"), say("stopped"), say("failed"), say("crashed")),
        *(say("empty"), say("not-a-photo"), say("truncated"), say("damaged"), say("too-large"), say("too-small")),
        *(say("unreadable"), say("unreadable-table"), say("link"), say("same-name"), say("no-class"), say("label-table")),
        *(say("label-conflict"), say("leak"), say("shortcut"), say("few-occasions"), say("too-few"), say("imbalance")),
        *(say("missing-in-split"), say("same-scene"), say("duplicate"), say("near-duplicate"), say("series")),
        *(say("dark"), say("blurred"), say("tiny"), say("extreme-shape"), say("no-photos")),
    )
}


@dataclass(frozen=True)
class Reply:
    """What a verb found out: ``values`` for --json, ``lines`` for a person, and the mistakes, if any, for both."""

    values: dict[str, Any]
    lines: list[str]
    mistakes: Sequence[str] = ()


def main(argv: Sequence[str] | None = None) -> int:
    for stream in (sys.stdout, sys.stderr):  # a file name that the console cannot show must not end the program
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    with speaking(terminal.language()):
        terminal.translate_usage()
        return _run(_parser().parse_args(argv))


def _run(args: argparse.Namespace) -> int:
    for said in vars(args).values():
        servers.trust(*(str(path) for path in (said if isinstance(said, list) else [said]) if isinstance(path, str | Path)))
    try:
        reply: Reply = args.verb(args)
    except UserError as error:
        reply = Reply({}, [], error.messages)
    for mistake in reply.mistakes:
        _say(mistake)
    if args.json:
        if values := reply.values | ({"error": list(reply.mistakes)} if reply.mistakes else {}):
            print(json.dumps(aloud(values)))
    else:
        for line in reply.lines:
            print(line)
    return 1 if reply.mistakes else 0


def _check(args: argparse.Namespace) -> Reply:
    from resnet_finetune.data import intake
    from resnet_finetune.data.dataset import scan
    from resnet_finetune.data.split import require_trainable

    dataset = scan(
        intake.open_data(args.data), lambda done, total: _live(say("{done} of {total} files read", done=done, total=total))
    )
    counts = dict.fromkeys(dataset.classes, 0)
    for photo in dataset.photos:
        counts[dataset.classes[photo.label]] += 1
    values = {
        "classes": counts,
        "usable": len(dataset.photos),
        "rejected": dataset.rejected,
        "problems": [asdict(problem) for problem in dataset.problems],
    }
    found = say(
        "{usable} photos can be used, in {classes} classes; {rejected} files cannot.",
        usable=len(dataset.photos),
        classes=len(counts),
        rejected=dataset.rejected,
    )
    lines = [found, *_table([[str(count), name] for name, count in counts.items()]), *_findings(dataset.problems)]
    try:
        require_trainable(dataset)
    except UserError as error:
        return Reply(values, lines, error.messages)
    return Reply(values, lines)


def _findings(problems: Sequence[Problem]) -> list[str]:
    """What cannot be used first, then the remarks on what can; each kind together."""
    lines = []
    for left_out, title in ((True, say("Left out")), (False, say("The doctor says"))):
        found = sorted((problem for problem in problems if problem.left_out == left_out), key=lambda problem: problem.kind)
        if found:
            lines += ["", say("{title}: {n}", title=title, n=len(found))]
        for kind, same in groupby(found, key=lambda problem: problem.kind):
            lines += [f"  {_WORDS.get(kind, kind)}", *(f"    {problem.path}: {problem.message}" for problem in same)]
    return lines


def _advise(args: argparse.Namespace) -> Reply:
    from resnet_finetune.engine.advise import advise
    from resnet_finetune.engine.progress import drained

    advice = drained(advise(Settings(data=args.data)), _show)
    rows: list[list[str]] = [
        [say("depth"), say("million parameters"), say("GB to train"), say("s per epoch"), say("right on your photos")]
    ]
    for one in advice.candidates:
        away = say("not tried: its weights ({megabytes:.0f} MB) are not here", megabytes=one.download_mb)
        right = _score(one.score) if one.score else away
        rows.append([one.model, f"{one.parameters_m:.1f}", f"{one.memory_gb:.1f}", f"{one.epoch_seconds:.1f}", right])
    said = say("Recommended for these {n} photos: {model}.", n=advice.photos, model=advice.recommended)
    return Reply(advice.to_json(), [*_table(rows), said])


def _find_rate(args: argparse.Namespace) -> Reply:
    from resnet_finetune.engine.progress import drained
    from resnet_finetune.engine.rate_finder import find_rate

    trial = drained(find_rate(Settings(**_chosen(args))), _show)
    rows: list[list[str]] = [
        [say("learning rate"), say("loss")],
        *([f"{rate:.1e}", f"{loss:.3f}"] for rate, loss in trial.points[::4]),
    ]
    said = say(
        "Suggested: {suggested:.1e} (the preset takes {usual:.1e}). Use it by --learning-rate.",
        suggested=trial.suggested,
        usual=trial.usual,
    )
    return Reply(trial.to_json(), [*_table(rows), said])


def _train(args: argparse.Namespace) -> Reply:
    from resnet_finetune.data import intake

    chosen = _chosen(args)
    if int(os.environ.get("RANK", "0")) > 0:  # of a team that accelerate launched: the first process owns the run
        return _help_out(Settings(**chosen) if args.resume is None else Run(args.resume.absolute()).settings)
    if args.resume is None:
        if "data" not in chosen:
            args.wrong_usage(str(say("name the photos to train on, or a run to --resume")))
        intake.find(chosen["data"])  # before there is a run of it
        run = Run(Path(run_folder.create(Settings(**chosen)).run_dir))
    else:
        if chosen:
            args.wrong_usage(str(say("a run goes on as it was set up: give nothing else with --resume")))
        run = Run(args.resume.absolute())
        if isinstance(run.last_event(), Finished):
            _say(say("This run is finished: here is its result."))
            return _result(run)
    _for_each_gpu(run, args.json)
    event: Event | None = None
    with _stop_by_signal() as stop:
        for event in run_folder.record(run.settings, stop):
            _show(event)
    return _failed(run, event) if isinstance(event, Failed) else _result(run)


def _for_each_gpu(run: Run, json: bool) -> None:
    """With several GPUs the command starts over, once for each; the run is there already, so it goes on."""
    from resnet_finetune.engine.launch import launch_for_each_gpu

    launch_for_each_gpu(["train", "--resume", str(run.path), *(["--json"] if json else [])])


def _help_out(settings: Settings) -> Reply:
    from resnet_finetune.engine.helper import help_out
    from resnet_finetune.engine.team import Team

    help_out(settings, Team())
    return Reply({}, [])  # the lead alone answers


def _result(run: Run) -> Reply:
    values: dict[str, Any] = {
        "run": str(run.path),
        "state": run.state,
        "first_answer": _first_answer(run),
        "test": None,
    }
    match run.last_event():
        case Finished(test=test, kept=kept, seconds=seconds) | Stopped(test=test, kept=kept, seconds=seconds):
            values |= {"test": test and asdict(test), "kept": kept, "seconds": seconds}
            return Reply(values, [_kept(test, kept), str(run.path)])
    raise RuntimeError(f"{run.path} ended without saying how")  # the engine's promise is broken


def _failed(run: Run, end: Failed) -> Reply:
    """``end`` as it was told: on a disk that is full or gone it cannot be read."""
    first = None
    with suppress(OSError, UserError):
        first = _first_answer(run)
    values = {"run": str(run.path), "state": "failed", "first_answer": first, "test": None, "seconds": None}
    return Reply(values, [], end.messages)


def _kept(test: Score | None, kept: Kept | None) -> str:
    if test is None:
        return say("Stopped before there was any model.")
    if kept == "fine-tuned":
        return say("{score} Kept: the fine-tuned model.", score=_score(test))
    return say("{score} Kept: the first answer.", score=_score(test))


def _first_answer(run: Run) -> dict[str, Any] | None:
    """``accuracy`` is on the test photos, as the final one is; None when it was not tested."""
    report = run.report()
    if report is not None:
        return asdict(report.first_answer)
    for event in run.events():
        if isinstance(event, FirstAnswer):
            return {"accuracy": None, "validation_accuracy": event.validation.accuracy, "seconds": event.seconds}
    return None


def _bundle(args: argparse.Namespace) -> Reply:
    from resnet_finetune.engine.cluster import write_bundle

    files = write_bundle(Settings(**_chosen(args)), args.machines, args.gpus, args.to)
    said = say("What to run on each machine is told in {file}.", file=args.to / "README.txt")
    return Reply({"files": files, "to": str(args.to)}, [said])


def _evaluate(args: argparse.Namespace) -> Reply:
    from resnet_finetune.engine.evaluate import evaluate

    evaluation = evaluate(args.run, args.data)
    report, learnt, unseen = evaluation.all, evaluation.learnt, evaluation.unseen
    values = {
        "accuracy": report.test.accuracy,
        "low": report.test.low,
        "high": report.test.high,
        "n": report.test.n,
        "balanced_accuracy": report.balanced_accuracy,
        "macro_f1": report.macro_f1,
        "classes": report.classes,
        "confusion": report.confusion,
        "per_class": [asdict(row) for row in report.per_class],
        "learnt_from": learnt,
        "unseen": asdict(unseen.test) if unseen else None,
    }
    said = [_score(report.test)]
    if learnt:
        said.append(say("{n} of them were trained on, or chose the model: this score looks better than it is.", n=learnt))
        others = say("Of the others, none of them like those: {score}", score=_score(unseen.test)) if unseen else None
        said.append(others or say("There are no others that are not like those: name photos it has not seen."))
    head: list[str] = [say("class"), say("photos"), say("precision"), say("recall"), "F1"]
    rows = [[c.name, str(c.n), _percent(c.precision), _percent(c.recall), _percent(c.f1)] for c in report.per_class]
    return Reply(values, [*said, *_table([head, *rows])])


def _predict(args: argparse.Namespace) -> Reply:
    from resnet_finetune.model.answers import files_of, table
    from resnet_finetune.model.saved_model import load_model

    model, way = load_model(args.run), None
    files, left = files_of(args.path)
    for problem in left:
        _say(f"{problem.path}: {problem.message}")
    if not files:
        raise UserError(say("There are no files in what was named: name photos, or folders that hold some."))
    if args.fast:
        from resnet_finetune.model.faster import find_way

        model, way = find_way(model, list(files.values()), _compared)
    predictions: list[dict[str, Any]] = []
    answers = []
    for name, answer in zip(files, model.classify(list(files.values())), strict=True):
        answers.append(answer)
        scores = None if answer.scores is None else dict(zip(model.classes, answer.scores, strict=True))
        predictions.append({**asdict(answer), "path": name, "scores": scores})
        _live(say("{done} of {total} photos", done=len(predictions), total=len(files)))
    mistakes: list[str] = []
    if args.csv is not None:
        try:
            _write(args.csv, table(model.classes, list(files), answers, way.name if way else None))
        except UserError as error:  # the answers, which may have taken hours, are told all the same
            mistakes += error.messages
    if not any(answer.scores for answer in answers):
        mistakes.append(
            say("No photo that can be read is among these files ({n}): name photos, or folders that hold some.", n=len(answers))
        )
    if way:
        _say(way.why)
    values = {"predictions": predictions, **({"way": way.name, "why": way.why} if way else {})}
    return Reply(values, _table([[p["path"], _said_of(p)] for p in predictions]), mistakes)


def _compared(done: int, total: int) -> None:
    _live(say("asked both ways: {done} of {total} photos", done=done, total=total))


def _said_of(prediction: dict[str, Any]) -> str:
    if prediction["error"]:
        return str(prediction["error"])
    if prediction["none_of_these"]:
        nearest, score = max(prediction["scores"].items(), key=lambda pair: pair[1])
        return say("none of these (of them, most like {name}  {score})", name=nearest, score=_percent(score))
    return f"{prediction['label']}  {_percent(prediction['confidence'])}"


def _write(to: Path, content: bytes) -> None:
    try:
        disk.write_bytes(to.absolute(), content)
    except OSError as error:
        raise UserError(
            say(
                "{path} cannot be written ({reason}): close it if it is open, or choose another place.",
                path=to,
                reason=reason(error),
            )
        ) from error


def _export(args: argparse.Namespace) -> Reply:
    from resnet_finetune.engine.progress import drained
    from resnet_finetune.exports.export import export, require_own_place

    require_own_place(args.to)
    exported = drained(export(args.run, args.format, args.to), _show)
    parity = asdict(exported.parity)
    values = {"files": [str(file) for file in exported.files], "parity": parity}
    said = say(
        "{agree} of {n} photos get the same answer from both, right or wrong; probabilities differ by {gap:.1e} at most.",
        agree=parity["agree"],
        n=parity["n"],
        gap=parity["max_abs_diff"],
    )
    return Reply(values, [*values["files"], said])


def _runs(args: argparse.Namespace) -> Reply:
    rows: list[dict[str, Any]] = []
    for run in run_folder.list_runs():
        test = run.score
        rows.append({"run": str(run.path), "model": run.settings.model, "state": run.state, "accuracy": test and test.accuracy})
    lines = _table([[row["model"], _WORDS[row["state"]], _percent(row["accuracy"]), row["run"]] for row in rows])
    return Reply({"runs": rows}, lines or [say("There are no runs yet.")])


@contextmanager
def _stop_by_signal() -> Iterator[Callable[[], bool]]:
    """Ctrl-C (or SIGTERM) asks the training to stop and to keep its best model; a second one ends it at once."""
    wanted = threading.Event()

    def ask(number: int, _: object) -> None:
        signal.signal(number, before[number])
        wanted.set()
        _say(say("Stopping; the best model so far is kept."))

    before: dict[int, Any] = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield wanted.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _show(event: Event) -> None:
    """One event as a sentence on stderr."""
    match event:
        case Started():
            photos = [say("{n} for {split}", n=sum(counts), split=_WORDS[split]) for split, counts in event.counts.items()]
            _say(
                say(
                    "{classes} classes; photos: {photos}; {rejected} files left out.",
                    classes=len(event.classes),
                    photos=photos,
                    rejected=event.rejected,
                )
            )
            for note in event.notes:
                _say(note)
            about = {"model": event.model, "device": event.device, "weights": event.weights}
            _say(say("{model} on {device}; its weights: {weights}.", **about))
        case Noted():
            _say(event.note)
        case Progress():
            _live(say("{stage}: {done} of {total}", stage=_WORDS[event.stage], done=event.done, total=event.total))
        case FirstAnswer():
            _say(say("First answer after {seconds:.0f} s: {score}", seconds=event.seconds, score=_score(event.validation)))
        case Planned():
            plan = {"epochs": event.epochs, "pixels": event.photo_size, "batch": event.batch}
            if event.seconds is None:
                _say(say("Fine-tuning: {epochs} epochs of photos at {pixels} pixels, {batch} at a time.", **plan))
            else:
                _say(
                    say(
                        "Fine-tuning: {epochs} epochs of photos at {pixels} pixels, {batch} at a time, about {seconds:.0f} s.",
                        **plan,
                        seconds=event.seconds,
                    )
                )
        case Step():
            _live(
                say(
                    "step {step} of {steps}, loss {loss:.3f}, {seconds:.0f} s left",
                    step=event.step,
                    steps=event.steps,
                    loss=event.loss,
                    seconds=event.seconds_left,
                )
            )
        case Epoch():
            how = {"epoch": event.epoch, "epochs": event.epochs, "accuracy": _percent(event.validation_accuracy)}
            if event.best:
                _say(say("Epoch {epoch} of {epochs}: {accuracy} right on validation, the best so far.", **how))
            else:
                _say(say("Epoch {epoch} of {epochs}: {accuracy} right on validation.", **how))
        case Finished() | Stopped() | Failed():
            pass  # the reply says it


def _score(score: Score) -> Sentence:
    return say(
        "{accuracy} of {n} photos are right (95 % interval {low} to {high}).",
        accuracy=_percent(score.accuracy),
        n=score.n,
        low=_percent(score.low),
        high=_percent(score.high),
    )


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.1f} %"


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns of equal width, numbers to the right."""
    shown = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(terminal.width, column)) for column in zip(*shown, strict=True)]
    return [
        "  "
        + "  ".join(
            terminal.padded(cell, width, right=cell[:1].isdigit()) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in shown
    ]


def _say(text: str) -> None:
    text = str(text)
    print(terminal.padded(text, _LIVE) if sys.stderr.isatty() else text, file=sys.stderr, flush=True)


def _live(text: str) -> None:
    """A line that the next one overwrites; only where somebody is looking."""
    if sys.stderr.isatty():
        print(f"{terminal.padded(str(text), _LIVE)}\r", end="", file=sys.stderr, flush=True)


def _called() -> str:
    """As the person has to type it."""
    return "resnet-finetune" if Path(sys.argv[0]).stem == "resnet-finetune" else "resnet_finetune"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=_called(), description=str(say("Fine-tune a ResNet on folders of photos.")))
    verbs = parser.add_subparsers(required=True, metavar="VERB")

    def add(name: str, verb: Callable[[argparse.Namespace], Reply], help: str) -> argparse.ArgumentParser:
        command = verbs.add_parser(name, help=str(help), description=str(help))
        command.add_argument("--json", action="store_true", help=str(say("print one JSON object as the last line")))
        command.set_defaults(verb=verb)
        return command

    check = add("check", _check, say("look through the photos without training"))
    check.add_argument(
        "data",
        metavar="DATA",
        help=str(say("a folder with one sub-folder per class, a .zip or .tar of one, or the word 'demo'")),
    )

    advise = add("advise", _advise, say("measure which depth suits these photos and this machine"))
    advise.add_argument("data", metavar="DATA", help=str(say("labelled photos, laid out as for training")))

    rates = add("find-rate", _find_rate, say("try learning rates on these photos, from low to high"))
    _add_settings(rates)

    train = add("train", _train, say("fine-tune a model"))
    train.set_defaults(wrong_usage=train.error)
    _add_settings(train)
    train.add_argument(
        "--resume", metavar="RUN", type=Path, help=str(say("go on with this run after a stop or a crash, as it was set up"))
    )

    bundle = add("bundle", _bundle, say("write down what to run on several machines with GPUs to train one network"))
    _add_settings(bundle)
    bundle.add_argument("--machines", metavar="N", type=int, default=2, help=str(say("how many")))
    bundle.add_argument("--gpus", metavar="N", type=int, default=1, help=str(say("on each of them")))
    bundle.add_argument("--to", metavar="DIR", type=Path, required=True, help=str(say("the folder to write into")))

    evaluate = add("evaluate", _evaluate, say("test a model on other labelled photos"))
    evaluate.add_argument("run", metavar="RUN", type=Path, help=str(say("the folder that a training wrote")))
    evaluate.add_argument("data", metavar="DATA", help=str(say("labelled photos, laid out as for training")))

    predict = add("predict", _predict, say("classify new photos"))
    predict.add_argument("run", metavar="RUN", type=Path, help=str(say("the folder that a training wrote")))
    predict.add_argument("path", metavar="PATH", nargs="+", type=Path, help=str(say("photos, or folders or archives of them")))
    predict.add_argument(
        "--csv", metavar="FILE", type=Path, help=str(say("also write the answers as a table for a spreadsheet"))
    )
    faster = say("faster, for thousands of photos: the same classes, but confidences may differ by some points")
    predict.add_argument("--fast", action="store_true", help=str(faster))

    export = add("export", _export, say("take the model away, to use it outside this app"))
    export.add_argument("run", metavar="RUN", type=Path, help=str(say("the folder that a training wrote")))
    export.add_argument("--format", choices=FORMATS, default="onnx", help=str(say("as what; onnx unless said otherwise")))
    export.add_argument("--to", metavar="DIR", type=Path, required=True, help=str(say("the folder to write into")))

    add("runs", _runs, say("list the runs made on this computer"))

    page = add("page", _page, say("open the page, in the browser, on this computer"))
    port = say("where to serve the page; the next free one if it is taken (default {port})", port=PORT)
    page.add_argument("--port", type=_port, default=PORT, help=str(port))
    where = page.add_mutually_exclusive_group()
    where.set_defaults(where="browser")
    nowhere = say("do not open the page")
    where.add_argument("--no-browser", dest="where", action="store_const", const="nowhere", help=str(nowhere))
    window = say("open a window of its own; needs pywebview")
    where.add_argument("--window", dest="where", action="store_const", const="window", help=str(window))
    return parser


def _port(said: str) -> int:
    with suppress(ValueError):
        if 0 <= (port := int(said)) <= 65535:
            return port
    raise argparse.ArgumentTypeError(str(say("a port is a number from 0 to 65535")))


def _page(args: argparse.Namespace) -> Reply:
    open_page(args.port, args.where)
    return Reply({"state": "closed"}, [])


def _chosen(args: argparse.Namespace) -> dict[str, Any]:
    """The settings that were said."""
    return {spec.name: getattr(args, spec.name) for spec in fields(Settings) if hasattr(args, spec.name)}


def _add_settings(command: argparse.ArgumentParser) -> None:
    for spec in fields(Settings):
        command.add_argument(
            spec.name if spec.name == "data" else "--" + spec.name.replace("_", "-"),
            nargs="?" if spec.name == "data" else None,
            type={"int": int, "float | None": float}.get(str(spec.type), str),
            default=argparse.SUPPRESS,  # what is not said is left to Settings
            metavar=spec.name.upper(),
            help=str(spec.metadata["help"]).replace("%", "%%"),
        )
