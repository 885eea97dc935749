r"""A run that came from elsewhere leads to no server that the person has never named.

On Linux a folder may be called ``\\evil\photos``: where there is one, what is not shown of it was not asked for.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import ROOT, Cli, make_photos

from resnet_finetune import train
from resnet_finetune.cli import main
from resnet_finetune.data.intake import find
from resnet_finetune.engine.material import of_any_network
from resnet_finetune.engine.progress import drained
from resnet_finetune.exports import seal
from resnet_finetune.model import catalog, weights
from resnet_finetune.runs import run_folder
from resnet_finetune.runs.run_folder import Run
from resnet_finetune.ui.shared import why
from resnet_finetune.ui.shared.beside import Turn
from resnet_finetune.ui.steps import data_step, many_photos, my_runs, results_step
from resnet_finetune.words import disk, servers
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.settings import Settings

EVIL = r"\\evil\photos"
REFUSED = "another computer"


@pytest.mark.parametrize(
    "path",
    [
        EVIL, "//evil/photos", r"\/evil\photos", r"/\evil/photos", r"\\\evil\photos", r"\\EVIL@SSL@443\DavWWWRoot", "//evil",
        r"\\?\UNC\evil\photos", r"\\.\UNC\evil\photos", "//?/UNC/evil/photos", r"\??\UNC\evil\photos", r"\\?\GLOBALROOT\x",
        f" {EVIL}", f'"{EVIL}"', f' "\t{EVIL}',
    ],
)  # fmt: skip
def test_a_server_is_seen_in_every_way_to_write_it(path: str) -> None:
    with pytest.raises(UserError, match=REFUSED):
        servers.check("demo", None, path)
    servers.trust(path)
    servers.check(path)


@pytest.mark.parametrize(
    "path", ["demo", "photos", "/photos", "C:\\photos", "C:/photos//more", "~/x", "..\\x", "", "a//b", "é"]
)
def test_what_is_on_this_computer_needs_no_trust(path: str, home: Path) -> None:
    servers.check(path)
    servers.trust(path)
    assert not home.exists()


def test_who_is_named_is_trusted_and_nobody_else() -> None:
    servers.trust(r"\\nas\photos\2026", r"\\?\D:\long")
    servers.check(r"\\NAS\other", "//nas/x", r"\\?\d:\long")
    for path in (EVIL, r"\\nas.evil\photos", r"\\?\UNC\nas\photos", r"\\?\D:\other"):
        with pytest.raises(UserError, match=REFUSED):
            servers.check(path)


def test_the_own_home_may_be_on_a_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RESNET_FINETUNE_HOME", r"\\office\ada\runs")
    servers.check(r"\\office\ada\unpacked")
    with pytest.raises(UserError, match=REFUSED):
        servers.check(EVIL)


# --- Where a run leads --------------------------------------------------------------------------------------------------


@pytest.fixture
def stranger(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run whose photos are said to be on a strange server, and are there."""
    monkeypatch.chdir(tmp_path)
    make_photos(tmp_path / EVIL)
    folder = shutil.copytree(ROOT / "tests" / "golden_run", home / "runs" / "stranger")
    change(folder / "report.json", root=EVIL)
    change(folder / "run.json", settings=disk.read_json(folder / "run.json")["settings"] | {"data": EVIL})
    return Run(folder)


def change(file: Path, **values: object) -> None:
    disk.write_json(file, disk.read_json(file) | values)


def test_its_results_are_shown_without_photos_until_the_server_is_named(stranger: Run) -> None:
    def drawn() -> str:
        return " ".join(map(str, results_step._show(str(stranger.path), None)))

    report = stranger.report()
    assert report is not None
    before = drawn()
    assert f"{EVIL} is on {REFUSED} (evil)" in before and "<img" not in before
    panel, _ = why.opened_for_tested(stranger, report.judged[0].path)
    assert REFUSED in panel and "<img" not in panel
    with pytest.raises(UserError, match=REFUSED):
        seal.tested(report)
    servers.trust(EVIL)
    after = drawn()
    assert REFUSED not in after and "<img" in after
    assert seal.tested(report)[0][0].exists()


def test_nor_is_a_name_of_a_photo_followed_there(stranger: Run, tmp_path: Path) -> None:
    report = stranger.report()
    assert report is not None
    judged = [replace(photo, path=f"//evil/{photo.path}") for photo in report.judged]
    with pytest.raises(UserError, match=REFUSED):
        seal.tested(replace(report, root=str(tmp_path), judged=judged))


@pytest.mark.parametrize("place", ["data", "weights", "train_on", "split_of", "corrections"])
def test_it_is_not_gone_on_with_nor_used_again(stranger: Run, place: str, cli: Cli) -> None:
    settings = stranger.settings.to_json() | {"data": "demo", place: EVIL}
    change(stranger.path / "run.json", settings=settings)
    (stranger.path / "events.jsonl").unlink()
    done = cli("train", "--resume", stranger.path)
    assert done.returncode == 1 and REFUSED in done.stderr
    with pytest.raises(UserError, match=REFUSED):
        run_folder.create(replace(Run(stranger.path).settings, run_dir=""))
    if place in ("data", "weights", "train_on"):  # what is taken over
        said, desk, *_ = my_runs._use_again(str(stranger.path))
        assert REFUSED in said and desk is None


def test_nothing_is_tried_on_it(photos: Path) -> None:
    with pytest.raises(UserError, match=REFUSED):
        drained(of_any_network(Settings(data=EVIL), lambda: None))
    with pytest.raises(UserError, match=REFUSED):
        drained(of_any_network(Settings(data=str(photos), corrections=EVIL), lambda: None))
    with pytest.raises(UserError, match=REFUSED):
        weights.find_weights(catalog.find("resnet18"), EVIL)


@pytest.mark.parametrize(
    "type_it",
    [
        lambda: main(["check", EVIL]),
        lambda: main(["predict", "no run", EVIL]),
        lambda: train(Settings(data=EVIL)),
        lambda: list(data_step._take_folder(f' "{EVIL}"', Turn())),
        lambda: list(many_photos._name(None, EVIL, faster=False, turn=Turn())),
    ],
    ids=["check", "predict", "Python", "the first step", "many photos"],
)
def test_what_is_typed_is_opened(stranger: Run, type_it: Callable[[], object]) -> None:
    with pytest.raises(UserError, match=REFUSED):
        find(EVIL)
    type_it()
    assert find(EVIL) == Path(EVIL)
