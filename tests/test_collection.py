"""Photos that come one by one: each whole or absent, under its own name and no other, and never too many."""

from __future__ import annotations

import errno
import io
import os
import shutil
import time
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from resnet_finetune.data import collection
from resnet_finetune.data.collection import Collection, NoRoom, NotHere
from resnet_finetune.words.errors import UserError


@pytest.fixture
def fruit() -> Collection:
    return collection.create("fruit")


def add(to: Collection, path: str, content: bytes = b"photo") -> bool:
    return to.add(path, io.BytesIO(content))


def names(of: Collection) -> dict[str, bytes]:
    """Everything that lies in a collection's own place but what says its name, relative to its photos."""
    files = (file for file in of.photos.parent.rglob("*") if file.is_file() and file.name != "about.json")
    return {os.path.relpath(file, of.photos).replace("\\", "/"): file.read_bytes() for file in files}


def restart() -> None:
    """As if the app were started anew: what it kept in memory is gone."""
    collection._shelves.clear()


def test_a_file_lands_under_its_path_with_its_content(fruit: Collection) -> None:
    assert add(fruit, "fruit/apple/deep/1.jpg", b"apple")
    assert add(fruit, "fruit/pear/1.jpg", b"pear")
    assert names(fruit) == {"fruit/apple/deep/1.jpg": b"apple", "fruit/pear/1.jpg": b"pear"}
    assert fruit.counts() == {"fruit/apple/deep": 1, "fruit/pear": 1}
    assert fruit.file("fruit/pear/1.jpg").read_bytes() == b"pear"


def test_the_same_path_again_replaces_the_file_also_after_a_restart(fruit: Collection) -> None:
    add(fruit, "apple/1.jpg", b"half")
    add(fruit, "apple/1.jpg", b"whole")
    restart()
    add(fruit, "apple/1.jpg", b"whole again")
    assert names(fruit) == {"apple/1.jpg": b"whole again"}


def test_names_are_composed_so_that_two_ways_to_write_one_are_one(fruit: Collection) -> None:
    add(fruit, "a\u0308pfel/1.jpg")
    add(fruit, "äpfel/1.jpg")
    assert list(names(fruit)) == ["äpfel/1.jpg"]


@pytest.mark.parametrize("path", ["apple/.DS_Store", "__MACOSX/apple/1.jpg", "apple/Thumbs.db", ".git/1.jpg", "apple/._1.jpg"])
def test_what_belongs_to_the_system_is_passed_over(fruit: Collection, path: str) -> None:
    assert not add(fruit, path)
    assert names(fruit) == {}


@pytest.mark.parametrize(
    "path",
    [
        "../1.jpg",
        "apple/../../1.jpg",
        "..\\1.jpg",
        "/etc/1.jpg",
        "C:\\1.jpg",
        "c:1.jpg",
        "",
        "///",
        ".",
        "\0",
        "apple/" + "x" * 300,
        "x/" * 600 + "1.jpg",
        "apple/\ud800.jpg",
    ],
)
def test_no_name_leads_out_or_astray(fruit: Collection, path: str) -> None:
    with pytest.raises(UserError, match="bring it again"):
        add(fruit, path)
    assert names(fruit) == {}


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize("path", ["Apple/2.jpg", "apple/1.JPG", "apple/1.jpg/2.jpg", "apple"])
def test_names_that_some_computers_take_for_one_are_refused(fruit: Collection, path: str, restarted: bool) -> None:
    add(fruit, "apple/1.jpg")
    if restarted:
        restart()
    with pytest.raises(UserError, match="some computers take for another"):
        add(fruit, path)
    assert list(names(fruit)) == ["apple/1.jpg"]


def test_a_photo_is_removed_and_its_name_is_free_again(fruit: Collection) -> None:
    add(fruit, "cup/a.jpg")
    add(fruit, "pen/a.jpg")
    fruit.remove("cup/a.jpg")
    fruit.remove("cup/a.jpg")  # a second press does no harm
    assert [entry.name for entry in fruit.photos.iterdir()] == ["pen"]
    assert add(fruit, "CUP/A.jpg")
    with pytest.raises(UserError):
        fruit.remove("../about.json")
    assert fruit.counts() == {"CUP": 1, "pen": 1}


def test_the_newest_photo_of_a_class_is_told_first(fruit: Collection) -> None:
    for number, name in enumerate(("b.jpg", "a.jpg", "c.jpg")):
        add(fruit, f"cup/{name}")
        os.utime(fruit.file(f"cup/{name}"), (number, number))
    assert fruit.folders() == {"cup": ["c.jpg", "a.jpg", "b.jpg"]}


def test_many_at_once_all_arrive(fruit: Collection) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(lambda n: add(fruit, f"{n % 7}/{n}.jpg", b"%d" % n), range(300)))
    assert names(fruit) == {f"{n % 7}/{n}.jpg": b"%d" % n for n in range(300)}


# --- Limits --------------------------------------------------------------------------------------------------------------


def test_more_files_than_can_be_taken(fruit: Collection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collection, "MAX_FILES", 2)
    add(fruit, "a/1.jpg")
    add(fruit, "a/2.jpg")
    add(fruit, "a/2.jpg")
    with pytest.raises(NoRoom, match="More than 2 files"):
        add(fruit, "a/3.jpg")
    fruit.remove("a/1.jpg")
    assert add(fruit, "a/3.jpg")


def test_more_bytes_than_can_be_taken(fruit: Collection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collection, "MAX_BYTES", 10)
    add(fruit, "a/1.jpg", b"12345678")
    with pytest.raises(NoRoom, match="GB cannot be taken"):
        add(fruit, "a/2.jpg", b"123")
    assert add(fruit, "a/1.jpg", b"1234567890")  # in place of the first
    restart()
    with pytest.raises(NoRoom):
        add(fruit, "a/2.jpg", b"1")


def test_one_file_that_is_too_large_is_refused_alone(fruit: Collection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collection, "MAX_FILE_BYTES", 3)
    with pytest.raises(UserError, match="more than any photo") as refused:
        add(fruit, "a/1.jpg", b"1234")
    assert not isinstance(refused.value, NoRoom)
    assert add(fruit, "a/2.jpg", b"123")


def test_a_disk_that_is_nearly_full_takes_no_more(fruit: Collection, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", ("total", "used", "free"))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**12, 10**12 - 10**9, 10**9))
    with pytest.raises(NoRoom, match="The disk is full"):
        add(fruit, "a/1.jpg")
    assert names(fruit) == {}


@pytest.mark.parametrize(("number", "kind"), [(errno.ENOSPC, NoRoom), (errno.EROFS, NoRoom), (errno.EINVAL, UserError)])
def test_a_file_that_breaks_off_leaves_nothing(
    fruit: Collection, monkeypatch: pytest.MonkeyPatch, number: int, kind: type[Exception]
) -> None:
    add(fruit, "a/old.jpg", b"old")

    def break_off(source: Any, target: Any, _: int) -> None:
        target.write(b"half")
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "copyfileobj", break_off)
        for path in ("a/1.jpg", "a/old.jpg"):
            with pytest.raises(kind):
                add(fruit, path)
    assert names(fruit) == {"a/old.jpg": b"old"}
    assert add(fruit, "a/1.jpg", b"new")  # the name is free


# --- Finding and sweeping ------------------------------------------------------------------------------------------------


def test_a_collection_is_found_again_with_its_name(fruit: Collection) -> None:
    assert collection.find(fruit.id) == fruit
    named = collection.create("  <b>äpfel</b>\n\ud800\u202e ")
    assert collection.find(named.id).name == named.name
    assert "\n" not in named.name and "\u202e" not in named.name and "<b>äpfel</b>" in named.name


@pytest.mark.parametrize("id", ["", "0" * 16, "..", "../brought", "0" * 15 + "/", "0" * 15 + "A", "0" * 16 + "\n"])
def test_what_is_no_collection_is_told_in_a_sentence(id: str) -> None:
    with pytest.raises(NotHere, match="not there any more"):
        collection.find(id)


def test_what_nobody_finished_is_swept_after_a_day() -> None:
    empty, broken_off, used, made = (collection.create(name, kept=name == "made") for name in ("empty", "off", "used", "made"))
    for one in (broken_off, used, made):
        add(one, "a/1.jpg")
    used.keep()
    young = collection.create("young")
    for one in (empty, broken_off, used, made):
        os.utime(one.photos.parent, (time.time() - 25 * 3600,) * 2)
    collection.sweep()
    left = {one.name for one in (empty, broken_off, used, made, young) if one.photos.is_dir()}
    assert left == {"used", "made", "young"}
    assert names(used) == {"a/1.jpg": b"photo"}


def test_what_cannot_be_read_for_a_moment_is_not_swept() -> None:
    camera = collection.create("camera", kept=True)
    add(camera, "a/1.jpg")
    about = camera.photos.parent / "about.json"
    about.unlink()
    about.mkdir()  # so that it is there, and cannot be read
    os.utime(camera.photos.parent, (time.time() - 25 * 3600,) * 2)
    collection.sweep()
    assert names(camera) == {"a/1.jpg": b"photo"}


def test_a_home_that_cannot_be_written_to_is_told(home: Path) -> None:
    home.write_text("a file where the folder should be")
    with pytest.raises(NoRoom, match="app’s own folder"):
        collection.create("fruit")
