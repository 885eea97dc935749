"""The command line as a shell and as another program see it: exit codes, the last line of stdout, and sentences on stderr."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, Cli, make_photos
from PIL import Image

from resnet_finetune import Settings, load_model, train
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.events import Failed, Started


def answer(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """What another program reads: the last line of stdout."""
    values = json.loads(done.stdout.splitlines()[-1])
    assert isinstance(values, dict)
    return values


def assert_to_mend(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr


# How it is used


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        ["fly"],
        ["train"],
        ["train", "demo", "--resume", "somewhere"],
        ["train", "--resume", "somewhere", "--seed", "1"],
        ["train", "demo", "--seed", "one"],
        ["page", "--port", "-5"],
        ["page", "--port", "70000"],
        ["evaluate", "run"],
        ["predict", "run"],
        ["export", "run", "--to", "there", "--format", "pickle"],
    ],
)
def test_wrong_usage_ends_with_2(cli: Cli, wrong: list[str]) -> None:
    done = cli(*wrong)
    assert done.returncode == 2
    assert "usage:" in done.stderr
    assert "Traceback" not in done.stderr


def test_help_names_every_setting(cli: Cli) -> None:
    done = cli("train", "--help")
    assert done.returncode == 0
    for option in (
        "--model",
        "--preset",
        "--run-dir",
        "--seed",
        "--minutes",
        "--corrections",
        "--weights",
        "--resume",
        "--json",
    ):
        assert option in done.stdout


# check


def test_check_counts_and_lists_what_cannot_be_used(cli: Cli, photos: Path) -> None:
    (photos / "red" / "broken.jpg").write_bytes(b"no photo")
    done = cli("check", photos, "--json")
    assert done.returncode == 0, done.stderr
    values = answer(done)
    assert values["classes"] == {"blue": 18, "green": 18, "red": 18}
    assert values["usable"] == 54
    assert values["rejected"] == 1
    (problem,) = [problem for problem in values["problems"] if problem["kind"] != "tiny"]
    assert problem["path"] == "red/broken.jpg"
    assert problem["kind"] == "not-a-photo"
    spoken = cli("check", photos)
    assert "54 photos" in spoken.stdout
    assert problem["message"] in spoken.stdout


def test_check_says_what_stands_in_the_way_of_training(cli: Cli, tmp_path: Path) -> None:
    done = cli("check", make_photos(tmp_path / "one", classes=["only"]), "--json")
    assert_to_mend(done, "class")
    assert answer(done)["classes"] == {"only": 18}
    assert answer(done)["error"]


def test_data_that_are_not_there(cli: Cli, tmp_path: Path) -> None:
    for verb in ("check", "train"):
        done = cli(verb, tmp_path / "gone", "--json")
        assert_to_mend(done, "gone")
        assert answer(done)["error"] == done.stderr.splitlines()[-1:]


def test_the_remedies_of_check_are_a_list_to_leave_out(cli: Cli, few_photos: Path, tmp_path: Path) -> None:
    (few_photos / "blue" / "wrong.png").write_bytes((few_photos / "red" / "00.png").read_bytes())
    conflicts = [p for p in answer(cli("check", few_photos, "--json"))["problems"] if p["kind"] == "label-conflict"]
    assert {problem["path"]: problem["others"] for problem in conflicts} == {
        "blue/wrong.png": ["red/00.png"],
        "red/00.png": ["blue/wrong.png"],
    }
    list_ = tmp_path / "list.json"
    list_.write_text(json.dumps(conflicts[0]["remedy"]))
    done = cli("train", few_photos, "--corrections", list_, "--run-dir", tmp_path / "run", "--json")
    assert done.returncode == 0, done.stderr
    assert answer(done)["test"]["n"] == 24  # and none of them is in two classes
    assert json.loads((tmp_path / "run" / "corrections.json").read_bytes()) == {"blue/wrong.png": None}
    assert "24 photos are too few" in done.stderr  # said before the score, which is not a test's


@pytest.mark.parametrize(
    ("content", "words"), [(None, "does not exist"), ("{", "JSON object or list"), ("null", "holds no corrections")]
)
def test_a_list_that_is_none_is_told_before_anything_is_made(
    cli: Cli, photos: Path, tmp_path: Path, content: str | None, words: str
) -> None:
    if content is not None:
        (tmp_path / "list.json").write_text(content)
    done = cli("train", photos, "--corrections", tmp_path / "list.json", "--run-dir", tmp_path / "run", "--json")
    assert_to_mend(done, "list.json", words)
    assert not (tmp_path / "run").exists()


# train


def test_train_answers_what_a_benchmark_needs(cli: Cli, photos: Path, trained: Path, tmp_path: Path) -> None:
    done = cli("train", photos, "--run-dir", tmp_path / "run", "--seed", "7", "--json")
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 1
    values = answer(done)
    assert values["run"] == str(tmp_path / "run")
    assert values["state"] == "finished"
    assert 0 <= values["first_answer"]["accuracy"] <= 1
    assert 0 < values["first_answer"]["seconds"] <= values["seconds"]
    assert values["test"]["low"] <= values["test"]["accuracy"] <= values["test"]["high"]
    assert values["test"]["n"] > 0
    assert json.loads((tmp_path / "run" / "run.json").read_bytes())["seed"] == 7
    assert (tmp_path / "run" / "model.safetensors").read_bytes() != (trained / "model.safetensors").read_bytes()
    assert "First answer after" in done.stderr

    again = cli("train", "--resume", tmp_path / "run", "--json")
    assert again.returncode == 0
    assert "is finished" in again.stderr
    assert answer(again) == values

    listed = answer(cli("runs", "--json"))["runs"]
    assert listed == [{"run": values["run"], "model": "resnet18", "state": "finished", "accuracy": values["test"]["accuracy"]}]
    assert str(tmp_path / "run") in cli("runs").stdout

    other = cli("train", photos, "--run-dir", tmp_path / "run")
    assert_to_mend(other, "holds a run already")


def test_train_names_every_mistake(cli: Cli, tmp_path: Path) -> None:
    done = cli("train", "demo", "--model", "resnet19", "--preset", "hasty", "--run-dir", tmp_path / "run", "--json")
    assert_to_mend(done, "resnet19", "hasty")
    assert len(answer(done)["error"]) == 2


def test_train_on_one_class_gets_a_sentence(cli: Cli, tmp_path: Path) -> None:
    done = cli("train", make_photos(tmp_path / "one", classes=["only"]), "--run-dir", tmp_path / "run", "--json")
    assert_to_mend(done, "class")
    assert answer(done)["run"] == str(tmp_path / "run")


def test_resume_of_what_is_no_run(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    file.touch()
    for place in (tmp_path, file):
        done = cli("train", "--resume", place, "--json")
        assert_to_mend(done, "holds no run")
        assert "holds no run" in answer(done)["error"][0]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signal that another process can send")
def test_ctrl_c_stops_and_keeps_the_best_model(cli: Cli, photos: Path, tmp_path: Path, home: Path) -> None:
    run = tmp_path / "run"
    command = [sys.executable, "-m", "resnet_finetune", "train", str(photos), "--minutes", "60", "--run-dir", str(run)]
    environment = {**os.environ, "RESNET_FINETUNE_HOME": str(home)}
    with subprocess.Popen(
        [*command, "--json"], cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        assert child.stderr is not None
        for line in child.stderr:
            if line.startswith("First answer"):
                break
        child.send_signal(signal.SIGINT)
        out, said = child.communicate()
    assert child.returncode == 0, said
    values = json.loads(out.splitlines()[-1])
    assert values["state"] == "stopped"
    assert values["test"]["n"] > 0
    assert cli("predict", run, photos / "red", "--json").returncode == 0


# evaluate, predict, export


def test_evaluate_counts_labelled_photos(cli: Cli, trained: Path, tmp_path: Path) -> None:
    # another order of folders, and one class that has no photos: labels are matched by name
    data = make_photos(tmp_path / "new", each=5)
    shutil.rmtree(data / "green")
    done = cli("evaluate", trained, data, "--json")
    assert done.returncode == 0, done.stderr
    values = answer(done)
    assert values["classes"] == ["blue", "green", "red"]
    assert values["n"] == 10
    assert [sum(row) for row in values["confusion"]] == [5, 0, 5]
    assert values["accuracy"] == sum(values["confusion"][i][i] for i in range(3)) / 10
    assert values["accuracy"] >= 0.9  # three colours
    assert [row["name"] for row in values["per_class"]] == values["classes"]


def test_evaluate_says_which_photos_were_learnt_from(cli: Cli, trained: Path, tmp_path: Path) -> None:
    done = cli("evaluate", trained, trained.parent / "photos", "--json")
    values = answer(done)
    assert values["n"] == 54
    assert 0 < values["learnt_from"] < 54
    assert values["unseen"]["n"] == 54 - values["learnt_from"]
    said = cli("evaluate", trained, trained.parent / "photos").stdout
    copies = tmp_path / "copies"  # of new photos: nothing was learnt from them
    for name in ("red", "green"):
        (copies / name).mkdir(parents=True)
    for number in range(3):
        shutil.copy(make_photos(tmp_path / f"new {number}", each=20) / "red" / "19.png", copies / "red" / f"{number}.png")
        shutil.copy(tmp_path / f"new {number}" / "green" / f"{17 + number}.png", copies / "green")
    values_of_copies = answer(cli("evaluate", trained, copies, "--json"))
    assert (values_of_copies["n"], values_of_copies["learnt_from"]) == (6, 1)  # one of green was trained on, or chose it
    assert values_of_copies["unseen"]["n"] == 1 + 2
    assert f"{values['learnt_from']} of them were trained on, or chose the model" in said
    assert f"Of the others, none of them like those: 100.0 % of {values['unseen']['n']} photos" in said


def test_somebody_who_has_no_home_here_makes_no_run(cli: Cli, tmp_path: Path) -> None:
    assert_to_mend(cli("train", "~nobody-of-that-name/photos", "--run-dir", tmp_path / "run"), "could not be opened")
    assert not (tmp_path / "run").exists()


def test_a_mistyped_folder_makes_no_run(cli: Cli, photos: Path, tmp_path: Path) -> None:
    done = cli("train", tmp_path / "phottos", "--run-dir", tmp_path / "run")
    assert_to_mend(done, "There is no folder or .zip called", "phottos")
    assert not (tmp_path / "run").exists()
    assert answer(cli("runs", "--json"))["runs"] == []


@pytest.mark.long
def test_advise_measures_every_depth(cli: Cli, photos: Path) -> None:
    done = cli("advise", photos, "--json")
    assert done.returncode == 0, done.stderr
    values = answer(done)
    assert values["recommended"] == values["usual"] == "resnet18"
    assert [one["model"] for one in values["candidates"]] == ["resnet18", "resnet34", "resnet50", "resnet101", "resnet152"]
    assert all(one["epoch_seconds"] > 0 and one["memory_gb"] > 0 for one in values["candidates"])


def test_check_tells_what_is_left_out_apart_from_what_the_doctor_says(cli: Cli, photos: Path) -> None:
    (photos / "red" / "notes.txt").write_text("no photo")
    shutil.copy(photos / "red" / "00.png", photos / "red" / "copy.png")
    lines = [line.strip() for line in cli("check", photos).stdout.splitlines()]
    left_out, doctor = lines.index("Left out: 1"), next(n for n, line in enumerate(lines) if line.startswith("The doctor says"))
    assert lines[left_out + 1] == "not-a-photo" and lines[left_out + 2].startswith("red/notes.txt: ")
    assert left_out < doctor < lines.index("duplicate") < next(n for n, line in enumerate(lines) if "exact copy" in line)


def test_evaluate_on_a_class_the_model_never_learned(cli: Cli, trained: Path, tmp_path: Path) -> None:
    done = cli("evaluate", trained, make_photos(tmp_path / "new", classes=["blue", "violet"], each=3), "--json")
    assert_to_mend(done, "violet")
    assert answer(done)["error"]


def test_predict_goes_through_files_folders_and_zips(cli: Cli, trained: Path, photos: Path, tmp_path: Path) -> None:
    (photos / "red" / ".hidden").write_bytes(b"")
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no photo")
    with zipfile.ZipFile(tmp_path / "more.zip", "w") as archive:
        archive.write(photos / "blue" / "00.png", "x/00.png")
    done = cli("predict", trained, broken, photos / "green" / "00.png", photos / "red", tmp_path / "more.zip", "--json")
    assert done.returncode == 0, done.stderr
    bad, green, *reds, blue = answer(done)["predictions"]
    nothing = dict.fromkeys(["label", "confidence", "scores", "strangeness"])
    assert bad == {"path": str(broken), **nothing, "none_of_these": False, "error": bad["error"]}
    assert bad["error"]
    assert [green["label"], blue["label"]] == ["green", "blue"]
    assert blue["path"] == str(tmp_path / "more.zip" / "x" / "00.png")
    assert [row["path"] for row in reds] == [str(photos / "red" / f"{number:02}.png") for number in range(18)]
    assert [row["label"] for row in reds] == ["red"] * 18
    for row in (green, *reds, blue):
        assert not row["none_of_these"]
        assert sum(row["scores"].values()) == pytest.approx(1, abs=1e-3)
        assert row["confidence"] == max(row["scores"].values()) == row["scores"][row["label"]]
        assert row["error"] is None


def test_predict_does_not_mind_one_file_that_is_gone(cli: Cli, trained: Path, photos: Path, tmp_path: Path) -> None:
    done = cli("predict", trained, tmp_path / "gone.jpg", photos / "red" / "00.png")
    assert done.returncode == 0, done.stderr
    assert "red" in done.stdout


def test_predict_on_nothing(cli: Cli, trained: Path, tmp_path: Path) -> None:
    assert_to_mend(cli("predict", trained, tmp_path, "--json"), "no files")


def test_predict_on_no_photo_at_all(cli: Cli, trained: Path, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("no photo")
    done = cli("predict", trained, tmp_path, "--json")
    assert_to_mend(done, "No photo that can be read is among these files (1)")
    assert [prediction["label"] for prediction in answer(done)["predictions"]] == [None]


def test_predict_writes_a_table_that_is_safe_to_open(cli: Cli, trained: Path, tmp_path: Path) -> None:
    folder = make_photos(tmp_path / "photos", classes=["=1+1"], each=1)
    (folder / "=1+1" / "00.png").rename(tmp_path / "=cmd.png")
    table = tmp_path / "out.csv"
    done = subprocess.run(
        [sys.executable, "-m", "resnet_finetune", "predict", "--csv", str(table), str(trained), "--", "=cmd.png", "@gone.png"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert table.read_bytes().startswith(b"\xef\xbb\xbf")  # or Excel takes UTF-8 for something else
    head, good, bad = csv.reader(table.read_text(encoding="utf-8-sig").splitlines())
    assert head == ["path", "label", "confidence", "blue", "green", "red", "none_of_these", "error"]
    assert good[0] == "'=cmd.png"
    assert float(good[2]) == max(map(float, good[3:6]))
    assert bad[0] == "'@gone.png"
    assert good[6] == "no"
    assert bad[1:7] == [""] * 6
    assert bad[7]


def test_predict_says_that_a_photo_is_of_none_of_the_classes(cli: Cli, trained: Path, tmp_path: Path) -> None:
    Image.new("RGB", (90, 60), "grey").save(tmp_path / "wall.png")
    table = tmp_path / "out.csv"
    (row,) = answer(cli("predict", trained, tmp_path / "wall.png", "--csv", table, "--json"))["predictions"]
    assert (row["label"], row["confidence"], row["none_of_these"], row["error"]) == (None, None, True, None)
    assert sum(row["scores"].values()) == pytest.approx(1, abs=1e-3)
    _, (_, label, confidence, *_, none, error) = csv.reader(table.read_text(encoding="utf-8-sig").splitlines())
    assert (label, confidence, none, error) == ("", "", "yes", "")
    assert "none of these (of them, most like " in cli("predict", trained, tmp_path / "wall.png").stdout


def test_a_table_that_cannot_be_written(cli: Cli, trained: Path, photos: Path, tmp_path: Path) -> None:
    done = cli("predict", trained, photos / "red", "--csv", tmp_path / "gone" / "out.csv", "--json")
    assert_to_mend(done, "cannot be written")
    assert len(json.loads(done.stdout)["predictions"]) == len(list((photos / "red").iterdir()))  # they took their time


def test_verbs_that_need_a_model_say_when_there_is_none(cli: Cli, photos: Path, tmp_path: Path) -> None:
    for arguments in (
        ["evaluate", tmp_path, photos],
        ["predict", tmp_path, photos],
        ["export", tmp_path, "--to", tmp_path / "out"],
    ):
        done = cli(*arguments, "--json")
        assert_to_mend(done)
        assert answer(done)["error"]


def test_export_proves_that_the_model_is_the_same(cli: Cli, trained: Path, tmp_path: Path) -> None:
    done = cli("export", trained, "--format", "onnx", "--to", tmp_path / "out", "--json")
    assert done.returncode == 0, done.stderr
    values = answer(done)
    assert values["files"]
    assert all(Path(file).is_file() for file in values["files"])
    assert values["parity"]["n"] > 0
    assert values["parity"]["agree"] == values["parity"]["n"]
    assert values["parity"]["max_abs_diff"] < 1e-3

    again = cli("export", trained, "--format", "safetensors", "--to", tmp_path / "out")
    assert again.returncode == 0, again.stderr
    (tmp_path / "empty").mkdir()
    assert cli("export", trained, "--format", "safetensors", "--to", tmp_path / "empty").returncode == 0


def test_export_into_a_folder_of_other_things_replaces_none_of_them(cli: Cli, trained: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "README.txt").write_text("mine")
    done = cli("export", trained, "--format", "folder", "--to", tmp_path / "mine", "--json")
    assert_to_mend(done, "is not empty: name a new folder")
    assert [(file.name, file.read_text()) for file in (tmp_path / "mine").iterdir()] == [("README.txt", "mine")]


# Python


def test_python_reads_the_same_events_and_gets_the_same_model(photos: Path, tmp_path: Path, trained: Path) -> None:
    events = train(Settings(data=str(photos), run_dir=str(tmp_path / "run")))
    assert any(isinstance(event, Started) for event in events)  # and no further: the generator is closed
    (reply,) = load_model(trained).classify([photos / "red" / "00.png"])
    assert reply.label == "red"


def test_python_hears_of_mistakes_at_once_or_as_the_last_event(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="resnet19"):
        train(Settings(model="resnet19", run_dir=str(tmp_path / "run")))
    (failed,) = train(Settings(data=str(tmp_path / "gone"), run_dir=str(tmp_path / "run")))
    assert isinstance(failed, Failed)
