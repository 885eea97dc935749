"""Throw what a stranger may send at all that reads it: ``python benchmarks/fuzz.py [--minutes 60] [--only TARGET …]``.

Names, archives, settings, whole run folders, models, label tables, corrections, parcels, photos brought in and photos decoded:
out comes a value or a refusal that was meant (``UserError`` and its like), never another exception, and nothing is written but
where it was told to. Each target gets its turn for a tenth of a minute, then the next; what fails is said with the input that
did it, made as small as hypothesis can. The last line is JSON: examples and failures by target, the slowest decoding in
seconds, and the most memory that this process ever had, in MB. ``tests/test_fuzz.py`` runs a few of the same.
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import os
import random
import resource
import sys
import tarfile
import tempfile
import time
import traceback
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PureWindowsPath
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))

from resnet_finetune.data import archives, collection, images, intake
from resnet_finetune.data.label_table import UnreadableTable, read_table
from resnet_finetune.data.names import Places, UnsafeName, safe_parts, shown
from resnet_finetune.data.unpacking import NotWhole
from resnet_finetune.engine import checkpoint
from resnet_finetune.model import catalog
from resnet_finetune.model.saved_model import load_model
from resnet_finetune.runs import lock, parcel, repeat, run_folder, verdicts
from resnet_finetune.runs.run_folder import Run
from resnet_finetune.ui.drawn import report_page
from resnet_finetune.ui.drawn.story import Story
from resnet_finetune.ui.steps import my_runs, results_step, train_step
from resnet_finetune.words import corrections
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.report import Report

ROOT = Path(__file__).parents[1]
GOLDEN = ROOT / "tests" / "golden_run"
HOSTILE = ROOT.parent / "shared" / "data" / "hostile_images.tar.gz"
TURN = 6  # seconds, after which another target has its turn
LONGEST = 20  # seconds that a photo may take to be decoded or refused

MEANT = (UserError, UnsafeName, NotWhole, UnreadableTable, images.UnreadablePhoto)


# --- What strangers send ------------------------------------------------------------------------------------------------

NASTY_NAMES = (
    "..", ".", "", "/", "\\", "../x", "a/../../x", "C:\\x", "/etc/passwd", "con", "nul.jpg", "a\0b", "\u202egpj.exe", "=1+1",
    "<img src=x onerror=alert(1)>", "x" * 300, "é" * 130, "e\u0301", "\ud800", "A/1.jpg", "a/1.jpg", "a", "a/", ".hidden",
    "{0.__class__}", "%s%n", "~root", "file:///etc/passwd",
)  # fmt: skip
NASTY_VALUES = (
    None, True, 0, -1, 2**31, 2**63, 10**40, 10**400, 1e308, float("nan"), float("inf"), -0.0, "", "\ud800", "\0", "x" * 5000,
    [], {}, [[]], {"": None}, "<script>alert(1)</script>", "{0.__class__}", "quick", "resnet18", "demo", "2026-01-01",
    "2026-01-01T00:00:00", "9999-12-31T23:59:59+00:00", "0001-01-01T00:00:00+14:00",
    {"text": "x", "template": "{label} is {value}: give a number from {low} to {high}.", "values": {"label": 10**400}},
)  # fmt: skip

paths = st.text(st.sampled_from('\\/.?:aU "\t'), max_size=8)
names = st.sampled_from(NASTY_NAMES) | st.text(max_size=40)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(NASTY_VALUES)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4), max_leaves=12
)


def json_bytes(value: Any) -> bytes:
    return json.dumps(value).encode()


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


# Of a JSON file: other JSON, or something that is none.
documents = (
    values.map(json_bytes)
    | st.binary(max_size=200)
    | st.integers(1, 3000).map(nested)
    | st.integers(1, 900).map(lambda depth: b'{"event": "Noted", "note": ' + nested(depth) + b"}\n")
)


@st.composite
def changed_json(draw: st.DrawFn, document: bytes) -> bytes:
    """The same with one or two of its values replaced, taken away or repeated."""
    value = json.loads(document)
    for _ in range(draw(st.integers(1, 2))):
        value = _changed(draw, value)
    return json_bytes(value)


def _changed(draw: st.DrawFn, value: Any) -> Any:
    if isinstance(value, dict) and value and draw(st.integers(0, 9)):
        key = draw(st.sampled_from(sorted(value)))
        match draw(st.integers(0, 9)):
            case 0:
                return {other: inner for other, inner in value.items() if other != key}
            case 1:
                return {**value, draw(st.text(max_size=8)): draw(values)}
            case _:
                return {**value, key: _changed(draw, value[key])}
    if isinstance(value, list) and value and draw(st.integers(0, 9)):
        place = draw(st.integers(0, len(value) - 1))
        match draw(st.integers(0, 9)):
            case 0:
                return value[:place] + value[place + 1 :]
            case 1:
                return value * 2
            case _:
                return [*value[:place], _changed(draw, value[place]), *value[place + 1 :]]
    return draw(values)


@st.composite
def hurt(draw: st.DrawFn, content: bytes) -> bytes:
    """The same with some bytes changed, and perhaps cut, doubled or shifted."""
    data = bytearray(content)
    for _ in range(draw(st.integers(0, 8))):
        if data:
            # The first kilobyte holds the headers, in which a change does most.
            last = draw(st.sampled_from((min(len(data), 1024), len(data)))) - 1
            data[draw(st.integers(0, last))] = draw(st.sampled_from((0, 1, 127, 128, 255)) | st.integers(0, 255))
    match draw(st.integers(0, 5)):
        case 0:
            del data[draw(st.integers(0, len(data))) :]
        case 1:
            start = draw(st.integers(0, len(data)))
            data[start:start] = draw(st.binary(max_size=20))
    return bytes(data)


@st.composite
def zips(draw: st.DrawFn) -> bytes:
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a name that comes twice
        with zipfile.ZipFile(file, "w", draw(st.sampled_from((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)))) as archive:
            for name in draw(st.lists(names, max_size=6)):
                about = zipfile.ZipInfo(name.encode(errors="replace").decode())
                about.external_attr = draw(st.sampled_from((0, 0o120777 << 16, 0o100644 << 16, 0o010644 << 16, 16)))
                archive.writestr(about, draw(st.binary(max_size=300)))
    return draw(hurt(file.getvalue()))


@st.composite
def tars(draw: st.DrawFn) -> bytes:
    file = io.BytesIO()
    kinds = (tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE)
    with tarfile.open(
        fileobj=file, mode="w", format=draw(st.sampled_from((tarfile.PAX_FORMAT, tarfile.GNU_FORMAT)))
    ) as archive:
        for name in draw(st.lists(names, max_size=6)):
            about = tarfile.TarInfo(name.encode(errors="replace").decode())
            about.type = draw(st.sampled_from(kinds))
            about.linkname = draw(st.sampled_from(("", "/etc/passwd", "../..")))
            content = draw(st.binary(max_size=300))
            about.size = len(content) if about.type == tarfile.REGTYPE else 0
            archive.addfile(about, io.BytesIO(content))
    content = draw(hurt(file.getvalue()))
    return gzip.compress(content, 1) if draw(st.booleans()) else content


@st.composite
def safetensors(draw: st.DrawFn) -> bytes:
    """A header that may lie, of whatever length it says, and some bytes."""
    tensor = st.fixed_dictionaries(
        {
            "dtype": st.sampled_from(("F32", "F16", "BF16", "I64", "BOOL", "F8_E4M3", "C64", "nonsense")) | values,
            "shape": st.lists(st.integers(-2, 70) | st.sampled_from((2**31, 2**62)), max_size=4) | values,
            "data_offsets": st.lists(st.integers(-2, 300) | st.just(2**63), min_size=2, max_size=2) | values,
        }
    )
    keys = st.sampled_from(("fc.weight", "fc.bias", "conv1.weight", "features", "usual", "net.fc.bias", "__metadata__"))
    header = json_bytes(draw(st.dictionaries(keys, tensor | values, max_size=4)))
    length = draw(st.just(len(header)) | st.sampled_from((0, 1, 2**40, 2**63 - 1, 2**64 - 1)) | st.integers(0, 400))
    return length.to_bytes(8, "little") + header + draw(st.binary(max_size=300))


@st.composite
def tables(draw: st.DrawFn) -> bytes:
    cells = names | st.sampled_from(("file", "label", "split", "1.jpg", "a/2.jpg", "cats", "train", '"', "'", "=cmd()", "\r"))
    rows = draw(st.lists(st.lists(cells, max_size=4), max_size=6))
    mark, end = draw(st.sampled_from(",;\t|")), draw(st.sampled_from(("\n", "\r\n", "\r")))
    text = end.join(mark.join(row) for row in rows)
    return draw(hurt(text.encode(draw(st.sampled_from(("utf-8", "utf-16", "utf-8-sig", "latin-1"))), errors="replace")))


SHORT = {
    name: b"\n".join(content.splitlines()[:12]) + b"\n" if name == "events.jsonl" else content
    for name in ("run.json", "events.jsonl", "report.json", "model.json", "photos.json")
    for content in [(GOLDEN / name).read_bytes()]
}
REPORT = Report.from_json(json.loads(SHORT["report.json"]))
LINES = (GOLDEN / "events.jsonl").read_bytes().splitlines()
EXTRA = {
    "verdicts.json": b'[{"name": "red/1.png", "given": "red", "class_": "blue"}]',
    "corrections.json": b'{"red/1.png": "blue", "red/2.png": null}',
    "lock": b'{"pid": 1, "born": 1.0, "exit": -9}',
    "features.json": b'{"photos": [["red/1.png", 2, "train"]]}',
    "photo_map.json": b'{"places": [[0.5, 0.5]]}',
    "blocks.json": b'{"weights": "x", "blocks": []}',
}
EVENT_LINES = st.sampled_from(LINES).flatmap(changed_json)


@st.composite
def runs(draw: st.DrawFn) -> dict[str, bytes]:
    """The files of a run folder, of which one or two are not as they were written."""
    files = {**SHORT, **EXTRA}
    for name in draw(st.lists(st.sampled_from(sorted(files)), min_size=1, max_size=2, unique=True)):
        if name == "events.jsonl":
            lines = draw(st.lists(EVENT_LINES | st.sampled_from(LINES) | documents, max_size=6))
            files[name] = b"\n".join([*lines[:3], *LINES[-1:], *lines[3:]]) + b"\n"
        else:
            files[name] = draw(changed_json(files[name]) | documents | hurt(files[name]))
    return files


@st.composite
def parcels(draw: st.DrawFn) -> bytes:
    files = draw(runs())
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                if name != "lock":
                    archive.writestr(name, content)
            if draw(st.booleans()):
                archive.writestr(zipfile.ZipInfo(draw(names).encode(errors="replace").decode()), b"x")
    return draw(hurt(file.getvalue()))


def _pictures() -> list[bytes]:
    """Small ones of each kind that is read, the first of the demo, and Pillow's own that once broke something."""
    made = []
    for kind, mode in (("PNG", "RGBA"), ("JPEG", "RGB"), ("WEBP", "RGB"), ("BMP", "RGB"), ("GIF", "P"), ("TIFF", "RGB")):
        file = io.BytesIO()
        Image.effect_noise((40, 30), 60).convert(mode).save(file, kind)
        made.append(file.getvalue())
    with zipfile.ZipFile(intake.DEMO) as demo:
        made += [demo.read(name) for name in sorted(demo.namelist()) if name.endswith(".jpg")][:5]
    if HOSTILE.exists():
        with tarfile.open(HOSTILE) as archive:
            files = (archive.extractfile(member) for member in archive if member.isfile() and member.size < 300_000)
            made += [file.read() for file in files if file]
    return made


# --- What they are thrown at --------------------------------------------------------------------------------------------


def try_names(name: str, place: Path) -> None:
    parts = safe_parts(name)
    taken = Places()
    taken.take(parts, is_file=True)
    assert place in Path(os.path.normpath((place / "x").joinpath(*parts))).parents
    assert shown(name).isprintable() and len(shown(name)) <= 100


def try_archive(content: bytes, place: Path) -> None:
    (place / "photos").write_bytes(content)
    found = archives.unpack(place / "photos", place / "unpacked")
    assert found.is_relative_to(place / "unpacked")
    assert not any(path.is_symlink() for path in found.rglob("*"))


def try_intake(data: str, place: Path) -> None:
    intake.find(data if data.startswith("..") else str(place / data.lstrip("/~")))


def try_collection(brought: list[tuple[str, bytes]], place: Path) -> None:
    into = collection.create(brought[0][0] if brought else "x")
    for path, content in brought:
        try:
            into.add(path, io.BytesIO(content))
            into.file(path)
        except UserError as error:
            str(error).encode()
    json_bytes(into.folders())
    for path, _ in brought[:1]:
        into.remove(path)


def try_places(said: tuple[str, str], place: Path) -> None:
    """Where a report says that its photos are: on Windows, from whatever it is put together, on no server and no device."""
    root, name = said
    photos = replace(REPORT, root=root, judged=[replace(REPORT.judged[0], path=name)]).folder
    assert photos == Path(root)
    assert not str(PureWindowsPath(root, name)).startswith(("\\\\", "\\??\\"))


def try_settings(said: bytes, place: Path) -> None:
    folder = place / "run"
    folder.mkdir()
    (folder / "run.json").write_bytes(b'{"created": "2026-01-01T00:00:00+00:00", "settings": ' + said + b"}")
    Run(folder).settings.check(catalog.names())


def try_run(files: dict[str, bytes], place: Path) -> None:
    """It is listed and drawn, as the page does with every run: one that is damaged may hide itself, and nothing else."""
    folder = place / "home" / "runs" / "stranger"
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    _drawn(Run(folder))


def _drawn(run: Run) -> None:
    listed = run_folder.list_runs()
    drawn: list[Any] = [*my_runs._show(str(run.path), [str(run.path)])]
    story = Story(run)
    story.read_on()
    verdicts.read(run), repeat.fingerprint(run), lock.exit_code(run.path), run.title.encode()
    if run in listed:
        drawn += [
            *train_step._drawings(story, run.state, train_step.Watch()),
            *results_step._show(str(run.path), None),
            *results_step._redraw(str(run.path), "counts", "name", ""),
        ]
        report = _refused_or(run.report)
        drawn += [report_page.page(run, report)] if report and (run.path / "model.safetensors").exists() else []
    _refused_or(lambda: corrections.of_run(run.path))
    _refused_or(lambda: load_model(run.path))
    for part in drawn:
        str(part).encode()


def _refused_or(ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except UserError:
        return None


def try_model(files: tuple[bytes, bytes, bytes, bytes], place: Path) -> None:
    for name, content in zip(("model.json", "model.safetensors", "features.json", "features.safetensors"), files, strict=True):
        (place / name).write_bytes(content)
    load_model(place)


def try_checkpoint(content: bytes, place: Path) -> None:
    checkpoint.prepare(place)
    for name in ("first", f"000001-{checkpoint._checksum(content)}"):
        (place / checkpoint.FOLDER / f"{name}.safetensors").write_bytes(content)
    _refused_or(lambda: checkpoint.load_first(place))
    checkpoint.load_standing(place)


def try_table(content: bytes, place: Path) -> None:
    for name in ("labels.csv", "labels.xlsx"):
        (place / name).write_bytes(content)
        try:
            read_table(place / name)
        except UnreadableTable as error:
            str(error).encode()


def try_corrections(content: bytes, place: Path) -> None:
    (place / "corrections.json").write_bytes(content)
    corrections.read(place / "corrections.json")


def try_parcel(content: bytes, place: Path) -> None:
    (place / "run.zip").write_bytes(content)
    run = parcel.unpack(place / "run.zip")
    assert run.path.parent == place / "home" / "runs"
    assert {path.name for path in run.path.iterdir()} <= {*run_folder.FILES, run_folder.CHECKPOINT}
    _drawn(run)


slowest = 0.0  # seconds


def try_photo(content: bytes, place: Path) -> None:
    global slowest
    (place / "photo").write_bytes(content)
    began = time.thread_time()  # whatever else the machine has to do
    try:
        photo, _ = images.read(place / "photo", 320)
        assert photo.mode == "RGB"
    finally:
        took = time.thread_time() - began
        slowest = max(slowest, took)
        assert took < LONGEST, f"{took:.0f} seconds"


@dataclass(frozen=True)
class Target:
    sent: SearchStrategy[Any]
    tried: Callable[[Any, Path], None]


MODEL_JSON = changed_json(SHORT["model.json"]) | documents
TARGETS = {
    "names": Target(names | st.text(max_size=3000), try_names),
    "archives": Target(zips() | tars() | st.binary(max_size=600), try_archive),
    "intake": Target(names, try_intake),
    "collection": Target(st.lists(st.tuples(names, st.binary(max_size=50)), max_size=5), try_collection),
    "places": Target(st.tuples(paths, paths), try_places),
    "settings": Target(changed_json(json_bytes(json.loads(SHORT["run.json"])["settings"])) | documents, try_settings),
    "run folder": Target(runs(), try_run),
    "model": Target(
        st.tuples(
            MODEL_JSON, safetensors(), changed_json(EXTRA["features.json"]) | documents, safetensors() | st.binary(max_size=50)
        ),
        try_model,
    ),
    "checkpoint": Target(safetensors(), try_checkpoint),
    "label tables": Target(tables() | zips(), try_table),
    "corrections": Target(changed_json(EXTRA["corrections.json"]) | documents, try_corrections),
    "parcels": Target(parcels(), try_parcel),
    "photos": Target(st.sampled_from(_pictures()).flatmap(hurt), try_photo),
}


# --- Watching -----------------------------------------------------------------------------------------------------------

_allowed: Path | None = None  # while something is tried: where it may write
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
# Of the arguments: which are changed, and the folder that each starts from where it is relative.
_CHANGES = {
    "os.mkdir": [(0, 2)],
    "os.rename": [(0, 2), (1, 3)],
    "os.remove": [(0, 1)],
    "os.rmdir": [(0, 1)],
    "os.symlink": [(1, 2)],
    "os.link": [(1, 3)],
}


class Outside(Exception):
    """Something was written where nothing may be."""


class TimeIsUp(BaseException):
    """No ``Exception``, which hypothesis would take for a failure."""


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if _allowed is None:
        return
    changed: list[Any] = []
    if event == "open":
        path, _, flags = arguments
        changed = [path] if isinstance(flags, int) and flags & _WRITES else []
    elif event == "os.truncate":
        changed = [arguments[0]]
    else:
        for place, folder in _CHANGES.get(event, []):
            start = f"/proc/self/fd/{arguments[folder]}" if arguments[folder] >= 0 else ""  # as Linux names an open folder
            changed.append(Path(start, os.fsdecode(arguments[place])))
    for path in changed:
        if isinstance(path, str | bytes | os.PathLike):
            where = os.path.realpath(os.fsdecode(path))
            if not where.startswith((f"{_allowed}{os.sep}", "/dev/null")):
                raise Outside(where)


sys.addaudithook(_watch)


@contextmanager
def a_place() -> Iterator[Path]:
    """An empty folder that holds the app's home and the system's temporary files; outside of it nothing may be written."""
    global _allowed
    before = {name: os.environ.get(name) for name in ("RESNET_FINETUNE_HOME", "TMPDIR")}
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        place = Path(folder).resolve() / "place"
        (place / "temporary").mkdir(parents=True)
        os.environ |= {"RESNET_FINETUNE_HOME": str(place / "home"), "TMPDIR": str(place / "temporary")}
        tempfile.tempdir, _allowed = None, place
        try:
            yield place
        finally:
            _allowed = None
            for name, value in before.items():
                os.environ.pop(name) if value is None else os.environ.update({name: value})
            tempfile.tempdir = None


def attempt(target: Target, sent: Any) -> None:
    """Raises whatever was not meant."""
    with a_place() as place:
        try:
            target.tried(sent, place)
        except MEANT as error:
            str(error).encode()  # so that it can be shown


def throw(target: Target, examples: int, turn: int | None, seconds: float) -> tuple[int, Exception | None]:
    """How many were tried, and what the smallest one that failed led to. ``turn`` seeds the chance; None: always the same."""
    tried, failed = 0, False
    until = time.monotonic() + seconds

    @settings(
        max_examples=examples,
        derandomize=turn is None,
        database=None,
        deadline=None,
        print_blob=False,
        report_multiple_bugs=False,  # or a turn in which one is found goes on for a thousand examples
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(target.sent)
    def one(sent: Any) -> None:
        nonlocal tried, failed
        if time.monotonic() > until and not failed:  # what failed is made smaller, however long that takes
            raise TimeIsUp
        tried += 1
        try:
            attempt(target, sent)
        except Exception:
            failed = True
            raise

    try:
        (one if turn is None else seed(turn)(one))()
    except TimeIsUp:
        pass
    except Exception as error:
        return tried, error
    return tried, None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="+", choices=TARGETS, default=list(TARGETS), metavar="TARGET")
    options = parser.parse_args()
    chance = random.Random(options.seed)
    examples, failures = dict.fromkeys(options.only, 0), dict.fromkeys(options.only, 0)
    until = time.monotonic() + 60 * options.minutes
    while time.monotonic() < until:
        for name in options.only:
            tried, error = throw(TARGETS[name], 10**6, chance.getrandbits(32), TURN)
            examples[name] += tried
            if error is not None:
                failures[name] += 1
                print(f"--- {name}", file=sys.stderr)
                traceback.print_exception(error)
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
    print(json.dumps({"examples": examples, "failures": failures, "slowest photo": round(slowest, 2), "memory": round(most)}))
    return 1 if any(failures.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
