"""Outside the app the same photo gets the same answer: of every kind that people have, and in a browser without a network."""

from __future__ import annotations

import re
import runpy
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import MINUTE, ROOT, run_cli, shared, some_of, unpacked_demo
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from resnet_finetune.data.images import UnreadablePhoto, decode
from resnet_finetune.engine.progress import drained
from resnet_finetune.exports import seal
from resnet_finetune.exports.export import export
from resnet_finetune.model.saved_model import load_model
from resnet_finetune.runs.run_folder import Run
from resnet_finetune.words import disk, language
from resnet_finetune.words.events import Planned
from resnet_finetune.words.language import say
from resnet_finetune.words.report import read_report

CLASSES = ("Apple", "Melon", "Orange", "Pear", "Satsumas")
PHOTO = SimpleNamespace(**runpy.run_path(str(ROOT / "assets" / "exports" / "photo.py")))
SCRIPT = runpy.run_path(str(ROOT / "scripts" / "build_onnxruntime_web.py"))
NOT_TWICE_THE_SAME = "tiff_tiled_jpeg_oob_read.tif"  # its decoder reads past its end

pytestmark = pytest.mark.filterwarnings("ignore:::PIL")


@pytest.fixture(scope="module")
def demo_run(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Trained on nine photos of each of the demo's classes: at the size of users' photos, as nothing else in the tests is."""
    place = tmp_path_factory.mktemp("demo-run")
    photos = some_of(demo, place / "photos", 9, CLASSES)
    done = run_cli("train", photos, "--run-dir", place / "run", "--json", home=place / "home", light=False)
    assert done.returncode == 0, done.stderr
    return place / "run"


@pytest.fixture(scope="module")
def new_photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's 75, never trained on."""
    return unpacked_demo("new_photos.zip", tmp_path_factory.mktemp("new"))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shared("hostile_images.tar.gz", tmp_path_factory.mktemp("hostile"))


def test_it_was_trained_and_is_judged_at_the_usual_size(demo_run: Path) -> None:
    planned = next(event for event in Run(demo_run).events() if isinstance(event, Planned))
    assert planned.photo_size == 208
    assert load_model(demo_run).preprocessing.size == 320


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name != NOT_TWICE_THE_SAME)


# --- The decoder that goes out -----------------------------------------------------------------------------------------


def test_what_goes_out_reads_the_same_pixels_and_refuses_the_same_files(hostile: Path) -> None:
    read = refused = 0
    for file in files(hostile):
        try:
            ours = decode(file, 96)
        except UnreadablePhoto:
            with pytest.raises(PHOTO.UnreadablePhoto):
                PHOTO.read(file, 96)
            refused += 1
        else:
            assert np.array_equal(PHOTO.read(file, 96), ours), file
            read += 1
    assert read > 600
    assert refused > 300


# --- ONNX --------------------------------------------------------------------------------------------------------------


def test_onnx_on_new_and_on_odd_photos(demo_run: Path, new_photos: Path, hostile: Path, tmp_path: Path) -> None:
    """The acceptance: the same class on 99.5 % at least, and probabilities within 0.001."""
    readable = [file for file in files(hostile)[::6] if _is_readable(file)]
    photos = files(new_photos) + readable
    assert len(readable) > 100
    drained(export(demo_run, "onnx", tmp_path / "to"))
    model = load_model(demo_run)
    model.net.cpu()
    parity = drained(seal.prove(model, [(photo, 0) for photo in photos], tmp_path / "to"))
    assert parity.agree >= 0.995 * len(photos)
    assert parity.max_abs_diff <= 1e-3


def _is_readable(file: Path) -> bool:
    try:
        decode(file, 320)
    except UnreadablePhoto:
        return False
    return True


# --- The page that needs no network ------------------------------------------------------------------------------------


def open_page(browser: Browser, file: Path, locale: str = "en-GB", ready: str = "Ready.") -> Page:
    """The page from the disk, with the network off. It may ask for nothing but what is in itself."""
    page = browser.new_context(offline=True, locale=locale).new_page()
    page.on("request", lambda request: _require_own(request.url, file))
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    page.goto(file.as_uri())
    expect(page.locator("#said")).to_have_text(ready, timeout=MINUTE)
    return page


def _require_own(url: str, file: Path) -> None:
    assert url.startswith(("blob:", "data:")) or url == file.as_uri()


def classified(page: Page, photos: list[Path]) -> list[list[str]]:
    """Lines of the answer to each photo."""
    page.locator("#files").set_input_files(photos)
    answers = page.locator("#answers > li")
    expect(answers).to_have_count(len(photos))
    expect(page.locator("#answers ol, #answers .bad")).to_have_count(len(photos), timeout=5 * MINUTE)
    return [answer.locator("ol li, .bad").all_inner_texts() for answer in reversed(answers.all())]


def test_the_page_gives_the_same_labels_in_a_browser_without_a_network(
    demo_run: Path, new_photos: Path, tmp_path: Path, browser: Browser
) -> None:
    drained(export(demo_run, "web", tmp_path / "to"))
    page = open_page(browser, tmp_path / "to" / "classify.html")
    wall = tmp_path / "wall.png"  # like nothing that was trained on
    Image.new("RGB", (90, 60), "grey").save(wall)
    photos = [*files(new_photos)[::4], wall]
    model = load_model(demo_run)
    answers = list(model.classify(photos))
    for found, answer in zip(classified(page, photos), answers, strict=True):
        assert answer.scores
        label, share = found[0].split("\n")
        assert label == model.classes[int(np.argmax(answer.scores))]
        assert float(share.removesuffix(" %")) == pytest.approx(100 * max(answer.scores), abs=2)
        assert len(found) == 5
    none = [item.locator(".none").count() == 1 for item in reversed(page.locator("#answers > li").all())]
    assert none == [answer.none_of_these for answer in answers]
    assert none[-1]
    expect(page.locator("#knows")).to_have_text("It knows Apple, Melon, Orange, Pear, Satsumas, and nothing else.")
    report = read_report(demo_run)
    assert report
    right = sum(photo.predicted == photo.true for photo in report.judged)
    expect(page.locator("#score")).to_contain_text(f"it named {right} of {len(report.judged)} test photos right")
    expect(page.locator("#same")).to_contain_text("test photos it does, right or wrong")
    page.context.close()


def test_the_page_reads_photos_as_the_app_does_and_speaks_chinese(trained: Path, tmp_path: Path, browser: Browser) -> None:
    """Turned by EXIF, with transparency, large, and no photo at all; classes that would end a script."""
    run, photos = tmp_path / "run", tmp_path / "photos"
    shutil.copytree(trained, run)
    names = ['</script><script>document.title = "taken"</script>', "<b>苹果</b> 🍎", "$model"]
    about = disk.read_json(run / "model.json")
    disk.write_json(run / "model.json", about | {"classes": names})
    report = disk.read_json(run / "report.json")
    note = say(
        "{n} of the photos that it is judged on were trained on in the earlier run, so this score looks better than it is.", n=3
    )
    score = {"accuracy": 0.8, "low": 0.652, "high": 0.895, "n": 12}
    disk.write_json(run / "report.json", report | {"test": score, "cross_validated": True, "notes": language.to_json([note])})
    drained(export(run, "web", tmp_path / "to"))
    photos.mkdir()
    picture = np.random.default_rng(0).integers(0, 100, (900, 1400, 3), np.uint8)
    picture[:, :700, 2] += 150  # blue on the left, red on the right
    picture[:, 700:, 0] += 150
    exif = Image.Exif()
    exif[274] = 6
    Image.fromarray(picture).save(photos / "turned.jpg", exif=exif, quality=95)
    clear = Image.fromarray(picture).convert("RGBA")
    clear.putalpha(90)
    clear.save(photos / "clear.png")
    Image.fromarray(picture[:500, :333]).save(photos / "tall.webp", lossless=True)
    (photos / "notes.txt").write_text("no photo")
    Image.new("RGB", (5, 40)).save(photos / "tiny.png")
    page = open_page(browser, tmp_path / "to" / "classify.html", "zh-TW", "准备好了。")
    refused = "这个浏览器无法把这个文件作为照片读取。HEIC、TIFF、灰度扫描图和很大的照片，请先另存为 JPEG。"
    scan = tmp_path / "scan.png"  # of 12 bits, which the app reads and a browser shows nearly black
    Image.fromarray(np.random.default_rng(0).integers(0, 4096, (90, 90)).astype(np.uint16)).save(scan)
    assert classified(page, [scan]) == [[refused]]
    page.reload()
    expect(page.locator("#said")).to_have_text("准备好了。", timeout=MINUTE)
    model = load_model(run)
    paths = files(photos)
    for found, answer in zip(classified(page, paths), model.classify(paths), strict=True):
        if answer.scores is None:
            assert found == [refused]
            continue
        shares = {name: float(share.removesuffix(" %")) for name, share in (line.split("\n") for line in found)}
        assert [shares[name] for name in names] == pytest.approx([100 * score for score in answer.scores], abs=2)
    assert page.title() == "这张照片上是什么？"
    expect(page.locator("#knows")).to_have_text(f"它只认识：{'、'.join(names)}。")
    expect(page.locator("#score")).to_contain_text("12 张照片中认对了 10 张（80\u00a0%），每一张都由没见过它的模型来认")
    expect(page.locator("#score")).to_contain_text("65\u00a0% 到 90\u00a0%")
    expect(page.locator("#score")).to_contain_text("有 3 张在以前的训练里用过")
    assert not re.search("[A-Za-z]{3,}", " ".join(page.locator("h1, label, body > p:not(#knows)").all_inner_texts()))
    page.context.close()


# --- What runs in that page --------------------------------------------------------------------------------------------


def test_the_runtime_is_the_one_the_script_takes() -> None:
    for name, sha256 in SCRIPT["FILES"].items():
        SCRIPT["checked"]((ROOT / "assets" / "onnxruntime-web" / name).read_bytes(), sha256, name)


def test_the_script_takes_it_from_the_package(tmp_path: Path) -> None:
    try:
        package = SCRIPT["fetch"](tmp_path)
    except (subprocess.CalledProcessError, FileNotFoundError):
        pytest.skip("the package cannot be fetched here")
    for name, content in SCRIPT["build"](package).items():
        assert (ROOT / "assets" / "onnxruntime-web" / name).read_bytes() == content


def test_the_script_refuses_another_package(tmp_path: Path) -> None:
    (tmp_path / "other.tgz").write_bytes(b"\x1f\x8b")
    with pytest.raises(SystemExit, match="not the file this was written for"):
        SCRIPT["build"](tmp_path / "other.tgz")
