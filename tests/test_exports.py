"""What is taken away: every format, alone, answers as the app does, or is not given out."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from markdown_it import MarkdownIt
from PIL import Image

from resnet_finetune.data.images import square
from resnet_finetune.engine.progress import drained
from resnet_finetune.exports import export as exports
from resnet_finetune.exports import seal
from resnet_finetune.exports.export import Exported, export, require_own_place
from resnet_finetune.exports.formats import FORMATS, Format
from resnet_finetune.exports.model_card import card
from resnet_finetune.exports.seal import Parity
from resnet_finetune.model.saved_model import Classifier, load_model
from resnet_finetune.words import disk
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.events import Event, Progress
from resnet_finetune.words.language import speaking
from resnet_finetune.words.report import read_report

CODE = {"model.json", "parity.json", "photo.py", "predict.py", "requirements.txt"}
FILES: dict[Format, set[str]] = {
    "folder": {*CODE, "model.onnx", "MODEL_CARD.md", "README.txt"},
    "web": {"classify.html", "parity.json"},
    "space": {*CODE, "model.onnx", "README.md", "app.py"},
    "onnx": {*CODE, "model.onnx"},
    "onnx-int8": {*CODE, "model.onnx"},
    "torch": {*CODE, "model.pt2"},
    "safetensors": {*CODE, "model.safetensors", "known.safetensors"},
}
NAMES = ['</script><script>document.title = "taken"</script>', "`$model` | **bold** 'quoted' \"twice\" \\", "苹果 🍎 <!-- "]


def take(run: Path, format: Format, to: Path) -> Exported:
    return drained(export(run, format, to))


def alone(code: str, folder: Path) -> str:
    """What ``code`` prints in a fresh process in ``folder``, in which nothing but what the export needs can be imported."""
    forbidden = "['resnet_finetune', 'pi_heif', 'torch', 'timm', 'gradio']"
    first = f"import sys; sys.path.insert(0, '.'); sys.modules.update(dict.fromkeys({forbidden})); "
    done = subprocess.run([sys.executable, "-IB", "-c", first + code], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _once(write: Callable[[Classifier, Path], None], at_hand: Path, model: Classifier, folder: Path) -> None:
    """Five of the formats have the same graph, which takes a while to be written."""
    if not at_hand.exists():
        at_hand.mkdir()
        write(model, at_hand)
    shutil.copytree(at_hand, folder, dirs_exist_ok=True)


@pytest.fixture(scope="module")
def taken(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export of every format, in a folder of its name."""
    place = tmp_path_factory.mktemp("taken")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(seal, "FEWEST", 21)  # there are so few
        patch.setattr(exports, "_ONNX", replace(exports._ONNX, write=partial(_once, exports._ONNX.write, place / "at hand")))
        for format in FORMATS:
            take(trained, format, place / format)
    return place


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> Path:
    """A copy that may be spoiled."""
    shutil.copytree(trained, tmp_path / "run")
    return tmp_path / "run"


def renamed(run: Path) -> Path:
    """The run, its classes called by ``NAMES``."""
    about = disk.read_json(run / "model.json")
    disk.write_json(run / "model.json", about | {"classes": NAMES})
    report = disk.read_json(run / "report.json")
    for row, name in zip(report["per_class"], NAMES, strict=True):
        row["name"] = name
    disk.write_json(run / "report.json", report | {"classes": NAMES})
    return run


# --- Every format ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_is_whole_and_proven(taken: Path, trained: Path, format: Format) -> None:
    assert {file.name for file in (taken / format).iterdir()} == FILES[format]
    parity = disk.read_json(taken / format / "parity.json")
    if format == "onnx-int8":
        assert parity["n"] == 12 + 9  # the validation photos too
        assert parity["right"] >= parity["right_in_app"] - 0.005 * 21
    else:
        assert parity["n"] == parity["agree"] == 12
        assert parity["max_abs_diff"] < 1e-3
    for file in (taken / format).iterdir():
        assert str(trained.parent).encode() not in file.read_bytes(), f"{file.name} tells where the photos are"


def test_how_far_it_has_come_is_told(trained: Path, tmp_path: Path) -> None:
    told: list[Event] = []
    exported = drained(export(trained, "safetensors", tmp_path / "to"), told.append)
    assert exported.files == sorted((tmp_path / "to").iterdir())
    assert isinstance(told[-1], Progress)
    assert (told[-1].stage, told[-1].done, told[-1].total) == ("prove", 12, 12)


def test_versions_are_pinned(taken: Path) -> None:
    for format in FORMATS:
        if format != "web":
            lines = (taken / format / "requirements.txt").read_text().splitlines()
            assert all(re.fullmatch(r"[a-z-]+==[\d.]+", line) for line in lines), lines
    assert "onnxruntime" in (taken / "folder" / "requirements.txt").read_text()
    assert "torch" not in (taken / "folder" / "requirements.txt").read_text()


def test_eight_bits_are_smaller(taken: Path) -> None:
    small, large = ((taken / format / "model.onnx").stat().st_size for format in ("onnx-int8", "onnx"))
    assert small < 0.3 * large


def test_the_program_has_nothing_pickled(taken: Path) -> None:
    with zipfile.ZipFile(taken / "torch" / "model.pt2") as archive:
        for member in archive.infolist():
            content = archive.read(member)
            assert not member.filename.endswith(".pkl")
            assert not content.startswith((b"\x80\x02", b"\x80\x04", b"PK"))  # pickles, or archives of torch.save
            if member.filename.endswith(".json"):
                assert b'"use_pickle": true' not in content


@pytest.mark.parametrize("shape", [(160, 160), (174, 232), (321, 167), (320, 320), (40, 30), (9, 200), (1000, 700)])
def test_photos_of_any_shape_get_the_apps_answer(trained: Path, taken: Path, shape: tuple[int, int]) -> None:
    photo = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    session = onnxruntime.InferenceSession(taken / "onnx" / "model.onnx", providers=["CPUExecutionProvider"])
    theirs, strangeness = session.run(["probabilities", "strangeness"], {"photo": photo})
    model = load_model(trained)
    features, logits = model.look(square(photo, model.preprocessing.size)[None])
    assert np.abs(model.calibrated(torch.from_numpy(logits)).numpy() - theirs).max() < 1e-3
    assert model.gallery is not None
    assert strangeness == pytest.approx(model.gallery.strangeness(features), abs=1e-3)


def test_the_graph_names_its_classes(taken: Path) -> None:
    properties = {prop.key: prop.value for prop in onnx.load(taken / "onnx" / "model.onnx").metadata_props}
    assert json.loads(properties["classes"]) == ["blue", "green", "red"]


@pytest.mark.parametrize("format", ["onnx", "safetensors"])
def test_the_temperature_is_kept(run: Path, tmp_path: Path, format: Format) -> None:
    about = disk.read_json(run / "model.json")
    disk.write_json(run / "model.json", about | {"temperature": 7.5})  # far from what was trained: to be left out would show
    assert take(run, format, tmp_path / "to").parity.max_abs_diff < 1e-5


# --- The folder and the Space ------------------------------------------------------------------------------------------


def test_the_folder_needs_only_three_packages(taken: Path, photos: Path) -> None:
    (photos / "notes.txt").write_text("no photo")
    Image.new("RGB", (90, 60), "grey").save(photos / "wall.png")
    paths = [str(photos / name) for name in ("red/00.png", "blue/01.png", "notes.txt", "wall.png")]
    red, blue, bad, wall = alone(f"import predict; predict.main({paths!r})", taken / "folder").splitlines()
    assert wall.startswith(f"{paths[3]}: none of these; if it were one, ")
    assert red.startswith(f"{paths[0]}: red ")
    assert blue.startswith(f"{paths[1]}: blue ")
    assert "cannot be read" in bad


def test_predict_is_run_as_people_run_it(taken: Path, photos: Path) -> None:
    script = taken / "folder" / "predict.py"
    done = subprocess.run([sys.executable, "-B", script, photos / "green" / "00.png"], capture_output=True, text=True)
    assert ": green " in done.stdout, done.stderr


def test_the_space_answers_as_the_folder(taken: Path, photos: Path) -> None:
    photo, wall = photos / "red" / "00.png", photos / "wall.png"
    Image.new("RGB", (90, 60), "grey").save(wall)
    code = f"import app; answer = app.classify({str(photo)!r}); "
    code += f"print(max(answer, key=answer.get), app.classify(None), app.classify({str(wall)!r}))"
    done = subprocess.run([sys.executable, "-B", "-c", code], cwd=taken / "space", capture_output=True, text=True)
    assert done.stdout == "red None None of these\n", done.stderr
    lines = (taken / "space" / "README.md").read_text(encoding="utf-8").split("---\n")[1].splitlines()
    header = dict(line.split(": ") for line in lines)
    assert header["sdk"] == "gradio"
    assert header["app_file"] == "app.py"
    assert header["python_version"] == '"{}.{}"'.format(*sys.version_info)
    assert f"gradio=={header['sdk_version']}" in (taken / "space" / "requirements.txt").read_text().splitlines()


def test_the_card_says_how_good_it_is(taken: Path, trained: Path) -> None:
    written = (taken / "folder" / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "of 12 test photos right, which had no part in its training" in written
    assert all(f"| {name} | 4 |" in written for name in ("blue", "green", "red"))
    assert written in (taken / "space" / "README.md").read_text(encoding="utf-8")


def test_the_card_says_whether_the_network_was_fine_tuned(trained: Path) -> None:
    report, parity = read_report(trained), Parity(n=12, agree=12, max_abs_diff=1e-6, right=12, right_in_app=12)
    assert report is not None
    tuned, first = (card(load_model(trained), replace(report, kept=kept), parity) for kept in ("fine-tuned", "first answer"))
    assert "- ResNet-18, fine-tuned." in tuned and "as it was pretrained" not in tuned
    assert "- ResNet-18 as it was pretrained, with a linear layer" in first and "fine-tuned" not in first


def test_the_card_is_in_the_language_of_who_asks(trained: Path) -> None:
    report = read_report(trained)
    assert report is not None
    parity = Parity(n=12, agree=12, max_abs_diff=1e-6, right=12, right_in_app=12)
    with speaking("zh"):
        said = card(load_model(trained), report, parity)
    assert said.startswith("# 能区分 3 类照片的 ResNet-18\n")
    names = r"ResNet-18|ImageNet|BSD-3-Clause|Wilson|sRGB|uint8|softmax|resnet-finetune|blue|green|red|`.*?`|resnet18\S*"
    assert not re.search("[A-Za-z]{3,}", re.sub(names, "", said))


def test_classes_may_be_called_anything(run: Path, tmp_path: Path) -> None:
    take(renamed(run), "folder", tmp_path / "to")
    html = MarkdownIt("commonmark").enable("table").render((tmp_path / "to" / "MODEL_CARD.md").read_text(encoding="utf-8"))
    assert "<script" not in html
    assert "<strong>" not in html
    cells = re.findall(r"<tr>\s*<td>(.*?)</td>", html)
    escaped = [name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;") for name in NAMES]
    assert cells == [name.strip() for name in escaped]
    assert disk.read_json(tmp_path / "to" / "model.json")["classes"] == NAMES
    Image.new("RGB", (50, 50)).save(tmp_path / "photo.png")
    (said,) = alone(f"import predict; predict.main([{str(tmp_path / 'photo.png')!r}])", tmp_path / "to").splitlines()
    assert all(name in said for name in NAMES)


# --- What is refused ---------------------------------------------------------------------------------------------------


def test_an_export_that_answers_differently_is_refused(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def write_another(model: Classifier, folder: Path) -> None:
        Classifier(model.net, model.model, model.classes, model.preprocessing, 3 * model.temperature).save(folder)

    monkeypatch.setattr(exports, "_TIMM", replace(exports._TIMM, write=write_another))
    with pytest.raises(UserError, match="thrown away because it answers differently: the same class on 12 of 12"):
        take(trained, "safetensors", tmp_path / "to")
    assert not (tmp_path / "to").exists()


def test_an_export_that_does_not_work_is_refused(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def write_nonsense(model: Classifier, folder: Path) -> None:
        disk.write_bytes(folder / "model.onnx", b"no model")

    monkeypatch.setattr(exports, "_ONNX", replace(exports._ONNX, write=write_nonsense))
    with pytest.raises(UserError, match="does not work by itself"):
        take(trained, "onnx", tmp_path / "to")
    assert not (tmp_path / "to").exists()


@pytest.mark.parametrize(
    ("agree", "gap", "good"), [(200, 1e-4, True), (199, 1e-4, False), (200, 2e-3, False), (200, float("nan"), False)]
)
def test_what_is_the_same(agree: int, gap: float, good: bool) -> None:
    parity = Parity(n=200, agree=agree, max_abs_diff=gap, right=190, right_in_app=190)
    if good:
        seal.require_same(parity)
    else:
        with pytest.raises(UserError, match=f"{agree} of 200"):
            seal.require_same(parity)


@pytest.mark.parametrize(("right", "good"), [(195, True), (190, True), (189, True), (188, False)])
def test_eight_bits_may_lose_half_a_point(right: int, good: bool) -> None:
    parity = Parity(n=200, agree=150, max_abs_diff=0.3, right=right, right_in_app=190)
    if good:
        seal.require_as_good(parity)
    else:
        with pytest.raises(UserError, match="More than half a point"):
            seal.require_as_good(parity)


def test_from_few_photos_it_cannot_be_told_whether_eight_bits_are_as_good(trained: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="takes 200 photos that it was not trained on, and there are 21"):
        take(trained, "onnx-int8", tmp_path / "to")
    assert not (tmp_path / "to").exists()


@pytest.mark.parametrize("format", ["onnx", "torch", "safetensors"])
def test_a_photo_of_none_of_the_classes_is_told_outside_the_app(taken: Path, photos: Path, format: Format) -> None:
    Image.new("RGB", (90, 60), "grey").save(photos / "wall.png")
    paths = [str(photos / "green" / "00.png"), str(photos / "wall.png")]
    code = f"import predict; print([predict.look(path)[1] for path in {paths!r}])"
    done = subprocess.run([sys.executable, "-B", "-c", code], cwd=taken / format, capture_output=True, text=True)
    assert done.stdout == "[False, True]\n", done.stderr


def test_a_model_that_cannot_tell_strangers_is_taken_away_as_it_is(run: Path, tmp_path: Path) -> None:
    about = disk.read_json(run / "model.json")
    disk.write_json(run / "model.json", about | {"none_of_these": None})
    for format in ("onnx", "safetensors"):
        assert take(run, format, tmp_path / format).parity.agree == 12
    take(run, "folder", tmp_path / "folder")
    assert "names one of them whatever it is shown" in (tmp_path / "folder" / "MODEL_CARD.md").read_text(encoding="utf-8")


def test_an_export_that_cannot_be_proven_is_refused(run: Path, tmp_path: Path) -> None:
    report = disk.read_json(run / "report.json")
    disk.write_json(run / "report.json", report | {"root": str(tmp_path / "gone")})
    with pytest.raises(UserError, match="needed to prove"):
        take(run, "onnx", tmp_path / "to")
    assert not (tmp_path / "to").exists()


def test_a_run_without_results_is_told(run: Path, tmp_path: Path) -> None:
    (run / "report.json").unlink()
    with pytest.raises(UserError, match="no results yet"):
        take(run, "onnx", tmp_path / "to")


def test_a_damaged_report_is_told(run: Path, tmp_path: Path) -> None:
    (run / "report.json").write_text('{"judged": 3}', encoding="utf-8")
    with pytest.raises(UserError, match="damaged"):
        take(run, "onnx", tmp_path / "to")


def test_a_place_that_cannot_be_written_is_told_and_left_empty(trained: Path, tmp_path: Path) -> None:
    (tmp_path / "to" / "photo.py").mkdir(parents=True)  # in the way
    with pytest.raises(UserError, match="cannot be written"):
        take(trained, "safetensors", tmp_path / "to")
    assert [file.name for file in (tmp_path / "to").iterdir()] == ["photo.py"]


def test_what_lies_there_is_kept_until_there_is_room_for_all(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    to = tmp_path / "to"
    (to / ".a.unfinished").mkdir(parents=True)  # of one that was killed
    (to / ".a.unfinished" / "model.onnx").write_bytes(b"half")
    os.utime(to / ".a.unfinished", (time.time() - 25 * 60 * 60,) * 2)
    require_own_place(to)
    first = take(trained, "onnx", to)
    assert sorted(to.iterdir()) == first.files
    for file in (to / "predict.py", to / "requirements.txt"):
        file.write_text("mine", encoding="utf-8")
    before = {file.name: file.read_bytes() for file in to.iterdir()}
    write = disk.write_bytes

    def full(path: Path, content: bytes) -> None:
        if path.name == "requirements.txt" and path.is_relative_to(to):
            raise OSError(errno.ENOSPC, "No space left on device")
        write(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(disk, "write_bytes", full)
        with pytest.raises(UserError, match="make room"):
            take(trained, "onnx", to)
    assert {file.name: file.read_bytes() for file in to.iterdir()} == before
    assert take(trained, "onnx", to).files == first.files
    assert (to / "predict.py").read_text(encoding="utf-8") != "mine"
