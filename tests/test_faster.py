"""The faster way to answer for many photos says what the exact one says, or is not taken."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from conftest import Cli, make_photos

from resnet_finetune.model import faster
from resnet_finetune.model.faster import Faster, Way, find_way
from resnet_finetune.model.saved_model import Classifier, load_model
from resnet_finetune.ui.shared.beside import Turn
from resnet_finetune.ui.steps import many_photos
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.language import speaking

EACH = 5
READINESS = 50.0  # where the slider of "none of these" stands


def silent(done: int, total: int) -> None: ...


@pytest.fixture(scope="module")
def model(trained: Path) -> Classifier:
    return load_model(trained)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """New photos, and a file that is none."""
    folder = make_photos(tmp_path_factory.mktemp("new") / "photos", each=EACH)
    (folder / "broken.jpg").write_bytes(b"no photo")
    return folder


@pytest.fixture(scope="module")
def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


@pytest.fixture(scope="module")
def pixels(model: Classifier, files: list[Path]) -> np.ndarray:
    return np.stack([model.preprocessing.read(file) for file in files if file.suffix == ".png"])


@dataclass(frozen=True)
class Found:
    """What ``find_way`` found, and what it told meanwhile."""

    made: Faster
    way: Way
    told: list[tuple[int, int]]


@pytest.fixture(scope="module")
def found(model: Classifier, files: list[Path]) -> Found:
    told: list[tuple[int, int]] = []
    with pytest.MonkeyPatch.context() as patch:
        try_on_few(patch)
        made, way = find_way(model, files, lambda *far: told.append(far))
    assert isinstance(made, Faster)
    return Found(made, way, told)


def try_on_few(patch: pytest.MonkeyPatch) -> None:
    """The faster way is tried on few photos, too, and taken however long it takes."""
    for name, number in {"FEWEST": 0, "LONG": 0, "LEARNT_FROM": 4, "TRIED_ON": 8, "WORTH_IT": 0}.items():
        patch.setattr(faster, name, number)


@pytest.fixture
def ready(monkeypatch: pytest.MonkeyPatch, found: Found) -> None:
    """The network in 8 bits is at hand, so that it need not be made again."""
    try_on_few(monkeypatch)
    monkeypatch.setattr(faster, "made_faster", lambda model, photos: found.made)


def test_what_was_made_is_tried_and_says_the_same(model: Classifier, files: list[Path], found: Found) -> None:
    assert found.told[0] == (0, 8)
    assert found.way.name == "faster"
    assert "8 of the photos were asked about in the exact way, too: all get the same answer" in found.way.why
    with speaking("zh"):
        assert "其中 8 张照片也用精确的方式问过" in str(found.way.why)
    exact, quick = list(model.classify(files)), list(found.made.classify(files))
    assert [answer.path for answer in quick] == files
    assert [answer.label for answer in quick] == [answer.label for answer in exact]
    assert [answer.none_of_these for answer in quick] == [answer.none_of_these for answer in exact]
    assert [answer.error for answer in quick] == [answer.error for answer in exact]
    for one, other in zip(exact, quick, strict=True):
        assert one.scores is None or one.scores == pytest.approx(other.scores, abs=0.2)


def test_only_what_8_bits_could_change_is_asked_again(model: Classifier, found: Found, pixels: np.ndarray) -> None:
    features, logits = model.look(pixels)
    lead = np.diff(np.sort(logits, 1)[:, -2:])[:, 0]
    margin = float(np.median(lead))

    def exact(margin: float, leeway: float) -> np.ndarray:
        """Which photos are answered exactly as by the network itself."""
        seen, said = Faster(model, found.made._eight_bits, margin, leeway).look(pixels)
        assert np.allclose(said, logits, atol=0.1 * np.abs(logits).max())
        return np.array([np.allclose(one, other, atol=1e-5) for one, other in zip(seen, features, strict=True)])

    assert not exact(0, 0).any()
    half = exact(margin, 0)
    assert half[lead < 0.9 * margin].all() and not half[lead > 1.1 * margin].any()
    assert exact(1e9, 0).all()
    assert exact(0, 2).all()  # all are that near to the threshold of "none of these"


def test_few_photos_are_answered_in_the_exact_way(model: Classifier, files: list[Path]) -> None:
    chosen, way = find_way(model, files, silent)
    assert chosen is model
    assert (way.name, way.why) == (
        "exact",
        "Answered in the exact way: there are too few photos for the faster one to save time.",
    )


def test_so_are_files_of_which_few_are_photos(model: Classifier, files: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    try_on_few(monkeypatch)
    monkeypatch.setattr(faster, "TRIED_ON", 100)
    assert find_way(model, files, silent)[1].name == "exact"


def test_what_saves_no_time_is_not_taken(
    model: Classifier, files: list[Path], ready: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(faster, "WORTH_IT", 1e9)
    chosen, way = find_way(model, files, silent)
    assert chosen is model
    assert "times as fast on this computer." in way.why
    monkeypatch.setattr(faster, "LONG", 1e9)
    assert "too few photos" in find_way(model, files, silent)[1].why


def test_what_answers_differently_is_not_taken(
    model: Classifier, found: Found, files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def mixed_up(photos: np.ndarray) -> np.ndarray:
        return np.roll(found.made._eight_bits(photos), 1, axis=0)

    try_on_few(monkeypatch)
    monkeypatch.setattr(faster, "made_faster", lambda model, photos: Faster(model, mixed_up, 0, 0))
    chosen, way = find_way(model, files, silent)
    assert chosen is model
    assert "of 8 photos differently." in way.why


def test_it_can_be_stopped(model: Classifier, files: list[Path], ready: None) -> None:
    def stop(done: int, total: int) -> None:
        raise UserError("enough")

    with pytest.raises(UserError, match="enough"):
        find_way(model, files, stop)


# --- Where it is chosen ------------------------------------------------------------------------------------------------


def test_the_command_line_says_which_way_it_was(cli: Cli, trained: Path, folder: Path, ready: None, tmp_path: Path) -> None:
    table = tmp_path / "out.csv"
    done = cli("predict", trained, folder, "--fast", "--csv", table, "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["way"] == "faster"
    assert said["why"] in done.stderr
    assert len(said["predictions"]) == 3 * EACH + 1
    rows = list(csv.DictReader(table.read_text(encoding="utf-8-sig").splitlines()))
    assert {row["way"] for row in rows} == {"faster"}
    assert "way" not in json.loads(cli("predict", trained, folder, "--json").stdout.splitlines()[-1])


@pytest.fixture
def answered(trained: Path, home: Path, folder: Path) -> Callable[[bool], Iterator[many_photos.Shown]]:
    shutil.copytree(trained, home / "runs" / "mine")
    return lambda faster: many_photos._name(str(home / "runs" / "mine"), str(folder), faster, Turn())


def test_the_page_says_which_way_it_was(answered: Callable[[bool], Iterator[many_photos.Shown]], ready: None) -> None:
    *_, (_, named, *_) = answered(True)
    assert named is not None and named.way is not None
    assert named.way.name == "faster"
    assert str(named.way.why) in many_photos._judged(named, READINESS)[0]
    assert named.gallery is not None
    usual = named.gallery.readiness
    assert ["slider" in many_photos._judged(named, at)[0] for at in (usual, usual + 5)] == [False, True]
    *_, (_, named, *_) = answered(False)
    assert named is not None and named.way is None
    assert "slider" not in many_photos._judged(named, usual + 5)[0]
    assert "exact way" not in many_photos._judged(named, READINESS)[0]
