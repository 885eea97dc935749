"""What several machines are told to run; and two of them, with nothing in common but a network."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from conftest import ROOT, Cli, make_photos

from resnet_finetune.engine.cluster import write_bundle
from resnet_finetune.engine.launch import launch_for_each_gpu
from resnet_finetune.model import hardware, nvidia
from resnet_finetune.runs.run_folder import Run
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.events import Finished
from resnet_finetune.words.settings import Settings

posix = pytest.mark.skipif(os.name != "posix", reason="for machines with a shell")


def run_with_a_stand_in(
    bundle: Path, tmp_path: Path, *arguments: str, installed: bool = True
) -> subprocess.CompletedProcess[str]:
    """It prints what run.sh would have ``accelerate`` do, an argument a line."""
    stand_in = tmp_path / "bin" / "accelerate"
    stand_in.parent.mkdir(exist_ok=True)
    stand_in.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    stand_in.chmod(0o755)
    programs = os.pathsep.join([str(stand_in.parent), str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": programs, "PYTHONPATH": str(ROOT) if installed else ""}
    return subprocess.run(["sh", "run.sh", *arguments], cwd=bundle, env=environment, capture_output=True, text=True)


@posix
def test_each_machine_is_told_its_part(tmp_path: Path) -> None:
    (tmp_path / "list.json").write_text('["cats/1.jpg"]')
    settings = Settings(data="/data/my photos; rm -rf x", model="resnet50", seed=7, corrections=str(tmp_path / "list.json"))
    assert write_bundle(settings, 2, 4, tmp_path / "bundle") == ["README.txt", "corrections.json", "run.sh"]
    told = run_with_a_stand_in(tmp_path / "bundle", tmp_path, "1", "10.0.0.1").stdout.splitlines()
    assert told[:2] == ["launch", "--machine_rank"]
    options = dict(pairwise(told))
    assert options["--machine_rank"] == "1" and options["--main_process_ip"] == "10.0.0.1"
    assert options["--num_machines"] == "2" and options["--num_processes"] == "8"
    train = told[told.index("train") :]
    assert train[:4] == ["train", "/data/my photos; rm -rf x", "--run-dir", "run"]
    assert train[4:] == ["--model", "resnet50", "--seed", "7", "--corrections", "corrections.json"]
    again = run_with_a_stand_in(tmp_path / "bundle", tmp_path, "0", "10.0.0.1", "resume").stdout.splitlines()
    assert again[-3:] == ["train", "--resume", "run"]
    about = (tmp_path / "bundle" / "README.txt").read_text()
    assert "/data/my photos; rm -rf x" in about and "2 machines with 4 GPUs each" in about


@posix
def test_what_is_named_from_here_is_found_from_the_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_bundle(Settings(data="photos", weights="mine.safetensors"), 2, 1, tmp_path / "bundle")
    told = run_with_a_stand_in(tmp_path / "bundle", tmp_path, "0", "10.0.0.1").stdout.splitlines()
    train = told[told.index("train") :]
    assert train[1] == str(tmp_path / "photos") and train[-1] == str(tmp_path / "mine.safetensors")
    about = (tmp_path / "bundle" / "README.txt").read_text()
    assert f"{tmp_path / 'photos'}\n" in about and f"{tmp_path / 'mine.safetensors'}\n" in about


@posix
def test_a_machine_without_the_app_is_told(tmp_path: Path) -> None:
    write_bundle(Settings(), 2, 1, tmp_path / "bundle")
    done = run_with_a_stand_in(tmp_path / "bundle", tmp_path, "0", "10.0.0.1", installed=False)
    assert done.returncode == 1 and "do step 1 of README.txt" in done.stderr and not done.stdout


def test_a_bundle_for_one_or_over_other_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="needs no bundle"):
        write_bundle(Settings(), 1, 1, tmp_path / "one")
    assert not (tmp_path / "one").exists()
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UserError, match="not empty"):
        write_bundle(Settings(), 2, 1, tmp_path)
    with pytest.raises(UserError, match="no model called"):
        write_bundle(Settings(model="resnet9000"), 2, 1, tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_the_command_line_writes_one(cli: Cli, tmp_path: Path) -> None:
    done = cli("bundle", "demo", "--machines", "2", "--gpus", "2", "--to", tmp_path / "bundle", "--json")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "bundle" / "run.sh").is_file()


def machines(photos: list[Path], tmp_path: Path) -> list[subprocess.Popen[str]]:
    """One process for each folder of photos, with a home, a run folder and a place of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    started = []
    for rank, folder in enumerate(photos):
        home = tmp_path / f"machine-{rank}"
        home.mkdir()
        world = {"RANK": str(rank), "LOCAL_RANK": "0", "WORLD_SIZE": str(len(photos)), "OMP_NUM_THREADS": "1"}
        place = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "RESNET_FINETUNE_HOME": str(home)}
        started.append(
            subprocess.Popen(
                [sys.executable, "-m", "resnet_finetune", "train", str(folder), "--run-dir", str(home / "run")],
                cwd=ROOT,
                env={**os.environ, **world, **place},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
    return started


@posix
def test_two_machines_share_nothing_but_a_network(tmp_path: Path) -> None:
    photos = [make_photos(tmp_path / f"photos-{rank}") for rank in range(2)]
    lead, helper = machines(photos, tmp_path)
    said = [process.communicate(timeout=900)[0] for process in (lead, helper)]
    assert (lead.returncode, helper.returncode) == (0, 0), said
    assert isinstance(Run(tmp_path / "machine-0" / "run").last_event(), Finished)
    assert not (tmp_path / "machine-1" / "run").exists()


@posix
def test_other_photos_on_another_machine_are_told(tmp_path: Path) -> None:
    photos = [make_photos(tmp_path / "photos-0"), make_photos(tmp_path / "photos-1", each=17)]
    lead, helper = machines(photos, tmp_path)
    said = [process.communicate(timeout=900)[0] for process in (lead, helper)]
    assert "The photos on this machine are not the same as on the first one" in said[1]
    assert "Another process of this training ended" in said[0]
    assert (lead.returncode, helper.returncode) == (1, 1)


# --- Several GPUs in one machine -----------------------------------------------------------------------------------------


@posix
@pytest.mark.parametrize(("cards", "device"), [(0, "cpu"), (1, "cuda"), (2, "cuda"), (4, "cuda"), (2, "cpu")])
def test_each_of_several_cards_gets_a_process(monkeypatch: pytest.MonkeyPatch, cards: int, device: str) -> None:
    """No test machine has them: what would be started is looked at. Cards that PyTorch cannot use are left alone."""
    began: list[list[str]] = []
    monkeypatch.setattr(nvidia, "cards", lambda: ["NVIDIA A100"] * cards)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: cards)
    monkeypatch.setattr(hardware, "find_device", lambda: torch.device(device))
    monkeypatch.setattr(os, "execv", lambda program, command: began.append(command))
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    launch_for_each_gpu(["train", "--resume", "run"])
    several = cards > 1 and device == "cuda"
    assert len(began) == several
    for command in began:
        assert command[command.index("--num_processes") + 1] == str(cards)
        assert command[-5:] == ["--module", "resnet_finetune", "train", "--resume", "run"]
    monkeypatch.setenv("WORLD_SIZE", str(cards))
    launch_for_each_gpu(["train"])  # by a process that was started in this way
    assert len(began) == several
