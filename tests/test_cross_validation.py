"""A set that is too small to hold photos back: each is judged by a head that has seen neither it nor its like."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from conftest import make_photos, run_cli, scanned
from PIL import Image

from resnet_finetune.data.split import split
from resnet_finetune.engine import cross_validation
from resnet_finetune.engine.train import fine_tune
from resnet_finetune.model.saved_model import load_model
from resnet_finetune.runs.run_folder import Run
from resnet_finetune.words import disk
from resnet_finetune.words.events import Event, Finished, FirstAnswer, Progress, Started, Stopped
from resnet_finetune.words.report import REPORT, Report
from resnet_finetune.words.settings import Settings


@pytest.fixture
def settings(few_photos: Path, tmp_path: Path) -> Settings:
    return Settings(data=str(few_photos), run_dir=str(tmp_path / "run"))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Of a tiny set, on the command line."""
    place = tmp_path_factory.mktemp("tiny")
    done = run_cli("train", make_photos(place / "photos", each=8), "--run-dir", place / "run", home=place / "home")
    assert done.returncode == 0, done.stderr
    assert "photos are too few" in done.stderr
    return Run(place / "run")


def report_of(settings: Settings) -> Report:
    return Report.from_json(disk.read_json(Path(settings.run_dir, REPORT)))


def train(settings: Settings) -> None:
    assert isinstance(list(fine_tune(settings))[-1], Finished)


def test_a_tiny_set_ends_with_the_verdict_on_all_of_its_photos(run: Run) -> None:
    events = [event for event in run.events() if not isinstance(event, Progress)]
    started, first, finished = events
    assert isinstance(started, Started) and isinstance(first, FirstAnswer) and isinstance(finished, Finished)
    assert started.counts == {"train": [8] * 3, "validation": [0] * 3, "test": [0] * 3}
    (note,) = started.notes
    assert "24 photos are too few" in note and "cross-validation" in note
    assert run.state == "finished"

    report = run.report()
    assert report is not None
    assert report.cross_validated
    assert report.notes == started.notes
    assert (report.kept, finished.kept) == ("first answer", "first answer")
    assert report.test == finished.test == first.validation
    assert report.confusion == first.confusion == [[8, 0, 0], [0, 8, 0], [0, 0, 8]]  # the colours leave no doubt
    assert report.test.n == len(report.judged) == 24
    assert report.first_answer.accuracy == report.test.accuracy
    assert [judged.path for judged in report.judged] == sorted(judged.path for judged in report.judged)
    for judged in report.judged:
        assert sum(judged.scores) == pytest.approx(1)
        assert report.classes[judged.true] == Path(judged.path).parent.name


def test_the_model_names_new_photos(run: Run, tmp_path: Path) -> None:
    photos = make_photos(tmp_path, each=12)
    model = load_model(run.path)
    answers = model.classify([photos / name / "11.png" for name in model.classes])
    assert [answer.label for answer in answers] == model.classes == ["blue", "green", "red"]


def test_nothing_that_is_needed_to_go_on_stays(run: Run) -> None:
    assert not (run.path / "checkpoint").exists()


def test_the_answers_are_those_of_heads_that_had_not_seen_the_photo(run: Run) -> None:
    """The model that is kept has seen all of them and is surer of most."""
    report = run.report()
    assert report is not None
    answers = load_model(run.path).classify([Path(report.root, judged.path) for judged in report.judged])
    surer = [
        answer.scores is not None and answer.scores[judged.true] > judged.scores[judged.true]
        for answer, judged in zip(answers, report.judged, strict=True)
    ]
    assert sum(surer) > len(surer) / 2


def test_same_seed_same_model_and_verdict_other_seed_other_folds(tmp_path: Path) -> None:
    photos = make_photos(tmp_path / "photos", classes=["a", "b"], each=6)

    def judged(name: str, seed: int) -> list[list[float]]:
        run = Settings(data=str(photos), run_dir=str(tmp_path / name), seed=seed)
        train(run)
        return [judged.scores for judged in report_of(run).judged]

    assert judged("one", 3) == judged("two", 3) != judged("three", 4)
    weights = [Path(tmp_path, name, "model.safetensors").read_bytes() for name in ("one", "two")]
    assert weights[0] == weights[1]


def test_how_sure_it_may_be_of_a_photo_is_told_by_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def fitted(logits: np.ndarray, labels: np.ndarray) -> float:
        asked.append(len(labels))
        return 1.0

    monkeypatch.setattr(cross_validation, "fit_temperature", fitted)
    photos = make_photos(tmp_path / "photos", classes=["a", "b"], each=6)
    train(Settings(data=str(photos), run_dir=str(tmp_path / "run")))
    all, *others = asked
    assert all == 12
    assert sum(all - some for some in others) == 12  # each photo is left out once


def test_a_near_copy_never_helps(demo: Path, tmp_path: Path) -> None:
    """Apples under labels drawn at random, each there twice. Who had seen the copy would be right on all of them."""
    apples = sorted((demo / "Apple").iterdir())[:12]
    for number, label in enumerate(np.random.default_rng(0).permutation([0, 1] * 6)):
        folder = tmp_path / "photos" / "ab"[label]
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(apples[number], folder / f"{number}.jpg")
        with Image.open(apples[number]) as image:
            image.reduce(2).save(folder / f"{number} again.jpg", quality=75)
    settings = Settings(data=str(tmp_path / "photos"), run_dir=str(tmp_path / "run"))
    train(settings)
    report = report_of(settings)
    assert report.cross_validated
    assert report.test.n == 24
    assert report.test.accuracy < 0.75


def test_photos_that_are_in_two_classes_are_trained_on_and_not_judged(settings: Settings, few_photos: Path) -> None:
    shutil.copy(few_photos / "red" / "00.png", few_photos / "blue" / "wrong.png")
    train(settings)
    report = report_of(settings)
    assert report.test.n == len(report.judged) == 23
    assert not {"red/00.png", "blue/wrong.png"} & {judged.path for judged in report.judged}


@pytest.mark.parametrize("each", [2, 3])
def test_two_photos_of_a_class_are_enough(tmp_path: Path, each: int) -> None:
    photos = make_photos(tmp_path / "photos", each=each)
    settings = Settings(data=str(photos), run_dir=str(tmp_path / "run"))
    train(settings)
    assert report_of(settings).test.n == 3 * each


def test_a_stop_leaves_no_model_and_the_run_can_begin_again(settings: Settings) -> None:
    events: list[Event] = []
    for event in fine_tune(settings, lambda: any(isinstance(event, Started) for event in events)):
        events.append(event)
    assert isinstance(events[-1], Stopped)
    assert events[-1].test is None
    assert not Path(settings.run_dir, REPORT).exists()
    train(settings)


def test_with_a_few_photos_more_some_are_held_back(tmp_path: Path) -> None:
    tiny, enough = (split(scanned(make_photos(tmp_path / str(each), each=each)), seed=0) for each in (17, 18))
    assert tiny.cross_validated  # 3 × 3 test photos
    assert not enough.cross_validated
