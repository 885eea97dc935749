from __future__ import annotations

import csv
import hashlib
import os
import subprocess
import sys
import tarfile
import threading
import unicodedata
import zipfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from resnet_finetune.data.dataset import Dataset, Photo, fingerprint, require_trainable, scan, split
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.events import Split

SHARED = Path(__file__).parents[1] / ".." / "shared" / "data"
needs_links = pytest.mark.skipif(os.name == "nt", reason="links and odd names need rights there")


def write_photo(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (12, 16, 3), np.uint8)
    Image.fromarray(pixels).save(path, "PNG")


def write_photos(root: Path, *names: str) -> Path:
    """A different photo for every name; ``name*5`` gives five of them."""
    seed = 0
    for name in names:
        stem, _, count = name.partition("*")
        for index in range(int(count or 1)):
            write_photo(root / (f"{stem}/{index}.png" if count else stem), seed)
            seed += 1
    return root


def scanned(root: Path) -> Dataset:
    return scan(root, lambda done, total: None)


def kinds(dataset: Dataset) -> dict[str, str]:
    return {problem.path: problem.kind for problem in dataset.problems}


def counts(dataset: Dataset) -> dict[str, dict[Split | None, int]]:
    table: dict[str, Counter[Split | None]] = {class_: Counter() for class_ in dataset.classes}
    for photo in dataset.photos:
        table[dataset.classes[photo.label]][photo.split] += 1
    return {class_: dict(row) for class_, row in table.items()}


def made_up(*contents: tuple[str, str]) -> Dataset:
    """A data set of (class, content) pairs, without files."""
    classes = sorted({class_ for class_, _ in contents})
    photos = [
        Photo(
            path=Path("nowhere"),
            name=f"{class_}/{index:04}.jpg",
            label=classes.index(class_),
            split=None,
            digest=hashlib.sha256(content.encode()).hexdigest(),
        )
        for index, (class_, content) in enumerate(contents)
    ]
    return Dataset(root=Path("nowhere"), classes=classes, photos=photos, problems=[], own_split=False)


# --- Layouts -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrapping", ["", "flowers/", "download/flowers v2/"])
@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (["cats*2", "dogs*3"], {"cats": {None: 2}, "dogs": {None: 3}}),
        (["cats/a.png", "cats/2024/may/b.png", "dogs/c.png"], {"cats": {None: 2}, "dogs": {None: 1}}),
        (["train/cats*2", "train/dogs*1"], {"cats": {None: 2}, "dogs": {None: 1}}),
        (["train*3", "plane*2", "test*2"], {"plane": {None: 2}, "test": {None: 2}, "train": {None: 3}}),  # real classes
        (
            ["train/cats*2", "train/dogs*3", "val/cats*1", "val/dogs*1", "test/cats*1", "test/dogs*2"],
            {"cats": {"train": 2, "validation": 1, "test": 1}, "dogs": {"train": 3, "validation": 1, "test": 2}},
        ),
        (
            ["Training/cats*2", "Training/dogs*3", "TEST images/cats/old*1", "TEST images/dogs*2"],
            {"cats": {"train": 2, "test": 1}, "dogs": {"train": 3, "test": 2}},
        ),
        (["train/a*2", "train/b*2", "Valid/a*1", "Valid/b*1"], {"a": {"train": 2, "test": 1}, "b": {"train": 2, "test": 1}}),
        (["train/a*2", "train/b*2", "validation/a*1"], {"a": {"train": 2, "test": 1}, "b": {"train": 2}}),
        (
            [
                "training_set/training_set/a*2",
                "training_set/training_set/b*1",
                "test_set/test_set/a*1",
                "test_set/test_set/b*1",
            ],
            {"a": {"train": 2, "test": 1}, "b": {"train": 1, "test": 1}},
        ),
    ],
)
def test_layouts(tmp_path: Path, wrapping: str, files: list[str], expected: dict[str, dict[str, int]]) -> None:
    dataset = scanned(write_photos(tmp_path, *[wrapping + file for file in files]))
    assert counts(dataset) == expected
    assert dataset.own_split == any("train" in row for row in expected.values())
    assert dataset.classes == sorted(expected)
    assert dataset.rejected == 0
    assert [photo.name for photo in dataset.photos] == sorted(photo.name for photo in dataset.photos)
    for photo in dataset.photos:
        assert photo.path == tmp_path / photo.name


def test_photos_without_a_class_are_left_out(tmp_path: Path) -> None:
    dataset = scanned(write_photos(tmp_path, "cats*2", "dogs*2", "stray.png"))
    assert dataset.classes == ["cats", "dogs"]
    assert kinds(dataset) == {"stray.png": "no-class"}
    assert dataset.rejected == 1

    dataset = scanned(write_photos(tmp_path / "b", "train/cats*2", "train/dogs*2", "test/1.png", "test/2.png", "more/x/1.png"))
    assert counts(dataset) == {"cats": {None: 2}, "dogs": {None: 2}}
    assert kinds(dataset) == {"test/1.png": "no-class", "test/2.png": "no-class", "more/x/1.png": "no-class"}


def test_a_flat_folder_has_no_classes(tmp_path: Path) -> None:
    dataset = scanned(write_photos(tmp_path, "1.png", "2.png"))
    assert dataset.classes == []
    assert set(kinds(dataset).values()) == {"no-class"}
    assert dataset.rejected == 2


def test_system_files_and_folders_are_passed_over_in_silence(tmp_path: Path) -> None:
    write_photos(tmp_path, "cats*2", "dogs*2", "__MACOSX/cats/._0.png", ".ipynb_checkpoints/a.png", "@eaDir/b.png")
    for name in ("Thumbs.db", "cats/desktop.ini", "cats/.DS_Store", "dogs/._0.png"):
        (tmp_path / name).write_bytes(b"not for you")
    dataset = scanned(tmp_path)
    assert dataset.classes == ["cats", "dogs"]
    assert len(dataset.photos) == 4
    assert dataset.problems == []


def test_the_root_itself_may_be_hidden(tmp_path: Path) -> None:
    assert len(scanned(write_photos(tmp_path / ".cache", "cats*2", "dogs*2")).photos) == 4


def test_class_names_stay_as_they_are(tmp_path: Path) -> None:
    names = ["Gänseblümchen 🌼", "バラ (rose)", "tulips'25", "Sun flowers & co.", "одуванчик", "42"]
    assert scanned(write_photos(tmp_path, *[f"{name}*1" for name in names])).classes == sorted(names)


@pytest.mark.skipif(sys.platform == "darwin", reason="the file system there composes names itself")
def test_names_of_a_mac_are_the_same_class(tmp_path: Path) -> None:
    decomposed = unicodedata.normalize("NFD", "Käfer")
    dataset = scanned(write_photos(tmp_path, "train/Käfer*2", "train/Ameise*2", f"test/{decomposed}*1", "test/Ameise*1"))
    assert counts(dataset) == {"Ameise": {"train": 2, "test": 1}, "Käfer": {"train": 2, "test": 1}}


@needs_links
@pytest.mark.skipif(sys.platform == "darwin", reason="the file system there refuses such names")
def test_names_that_are_no_text(tmp_path: Path) -> None:
    write_photos(tmp_path, "dogs*2")
    folder = os.fsencode(tmp_path) + b"/c\xe4t"
    for name in (b"\xff.png", b"\xfe.png"):  # both are shown as �.png
        write_photo(Path(os.fsdecode(folder + b"/" + name)), name[0])
    dataset = scanned(tmp_path)
    assert dataset.classes == ["c\ufffdt", "dogs"]
    assert kinds(dataset) == {"c\ufffdt/\ufffd.png": "same-name"}
    assert len(dataset.photos) + dataset.rejected == 4
    fingerprint(dataset).encode()


@needs_links
def test_links_are_not_followed(tmp_path: Path) -> None:
    outside = write_photos(tmp_path / "outside", "secret*1")
    root = write_photos(tmp_path / "root", "cats*2", "dogs*2")
    (root / "cats" / "link.png").symlink_to(outside / "secret" / "0.png")
    (root / "cats" / "broken.png").symlink_to("nowhere.png")
    (root / "secret").symlink_to(outside / "secret")
    (root / "dogs" / "loop").symlink_to(root)
    dataset = scanned(root)
    assert dataset.classes == ["cats", "dogs"]
    assert len(dataset.photos) == 4
    assert kinds(dataset) == dict.fromkeys(["cats/link.png", "cats/broken.png", "secret", "dogs/loop"], "link")


# --- Problems ----------------------------------------------------------------------------------------------------------


def test_every_file_is_used_or_listed(tmp_path: Path) -> None:
    write_photos(tmp_path, "cats*3", "dogs*2")
    (tmp_path / "cats" / "empty.jpg").touch()
    (tmp_path / "cats" / "notes.txt").write_text("buy milk")
    (tmp_path / "dogs" / "cut.png").write_bytes((tmp_path / "dogs" / "0.png").read_bytes()[:200])
    (tmp_path / "readme.md").write_text("# Pets")
    dataset = scanned(tmp_path)
    assert kinds(dataset) == {
        "cats/empty.jpg": "empty",
        "cats/notes.txt": "not-a-photo",
        "dogs/cut.png": "truncated",
        "readme.md": "not-a-photo",
    }
    assert [problem.path for problem in dataset.problems] == sorted(kinds(dataset))
    assert (len(dataset.photos), dataset.rejected) == (5, 4)
    assert all(problem.message.endswith(".") for problem in dataset.problems)


def test_folders_without_photos_are_no_classes(tmp_path: Path) -> None:
    write_photos(tmp_path, "data/cats*2", "data/dogs*2")
    (tmp_path / "data" / "empty").mkdir()
    (tmp_path / "data" / "words").mkdir()
    (tmp_path / "data" / "words" / "a.txt").write_text("a")
    (tmp_path / "data" / "broken").mkdir()
    (tmp_path / "data" / "broken" / "a.jpg").touch()
    dataset = scanned(tmp_path)
    assert dataset.classes == ["cats", "dogs"]
    remarks = {problem.path for problem in dataset.problems if problem.kind == "no-photos"}
    assert remarks == {"empty", "words", "broken"}
    assert dataset.rejected == 2


def test_a_folder_beside_the_wrapping_one_that_holds_no_photos(tmp_path: Path) -> None:
    write_photos(tmp_path, "photos/cats*2", "photos/dogs*2")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "readme.txt").write_text("hello")
    assert scanned(tmp_path).classes == ["cats", "dogs"]


def test_exact_copies_are_remarked(tmp_path: Path) -> None:
    write_photos(tmp_path, "cats*3", "dogs*3")
    (tmp_path / "cats" / "copy of 0.png").write_bytes((tmp_path / "cats" / "0.png").read_bytes())
    (tmp_path / "dogs" / "cat.png").write_bytes((tmp_path / "cats" / "1.png").read_bytes())
    dataset = scanned(tmp_path)
    assert kinds(dataset) == {
        "cats/copy of 0.png": "duplicate",
        "cats/1.png": "label-conflict",
        "dogs/cat.png": "label-conflict",
    }
    assert (len(dataset.photos), dataset.rejected) == (8, 0)


def test_own_split_that_lacks_a_class_or_leaks(tmp_path: Path) -> None:
    write_photos(tmp_path, "train/cats*3", "train/dogs*3", "train/owls*3", "test/cats*2", "test/dogs*2")
    (tmp_path / "test" / "dogs" / "leak.png").write_bytes((tmp_path / "train" / "dogs" / "0.png").read_bytes())
    dataset = scanned(tmp_path)
    assert kinds(dataset) == {"owls": "missing-in-split", "train/dogs/0.png": "leak", "test/dogs/leak.png": "leak"}
    assert dataset.rejected == 0
    require_trainable(dataset)


def test_progress_counts_every_file(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    scan(write_photos(tmp_path, "cats*3", "dogs*2"), lambda done, total: seen.append((done, total)))
    assert seen == [(done, 5) for done in range(1, 6)]


def test_what_progress_raises_ends_the_scan(tmp_path: Path) -> None:
    class StopNow(Exception):
        pass

    def stop(done: int, total: int) -> None:
        raise StopNow

    before = threading.active_count()
    with pytest.raises(StopNow):
        scan(write_photos(tmp_path, "cats*30"), stop)
    assert threading.active_count() == before


def test_an_empty_folder(tmp_path: Path) -> None:
    dataset = scanned(tmp_path)
    assert (dataset.classes, dataset.photos, dataset.problems) == ([], [], [])


# --- Trainable ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ([], ["No class folders", "cats/ and dogs/"]),
        (["1.png", "2.png"], ["No class folders", "cats/ and dogs/"]),
        (["cats*5"], ["Only one class", "cats", "something else"]),
        (["cats*5", "dogs*1"], ["Only one photo was found for dogs", "add more"]),
        (["cats*1"], ["Only one class", "Only one photo was found for cats"]),  # all mistakes at once
        (["cats*5"] + [f"{name}*1" for name in "abcdefgh"], ["a, b, c, d, e and 3 more"]),
        (["cats*2", "dogs*2"], ["too few photos", "three"]),
        (["val/cats*3", "val/dogs*3", "test/cats*3", "test/dogs*3"], ["No training photos were found for cats, dogs"]),
        (["train/cats*3", "train/dogs*3", "test/cats*3", "test/owls*3"], ["No training photos were found for owls"]),
        (["train/cats*3", "train/dogs*1", "test/cats*3", "test/dogs*3"], ["Only one photo was found for dogs"]),
    ],
)
def test_mistakes_are_named_with_their_remedy(tmp_path: Path, files: list[str], words: list[str]) -> None:
    with pytest.raises(UserError) as caught:
        require_trainable(scanned(write_photos(tmp_path, *files)))
    for word in words:
        assert word in str(caught.value)
    assert all(message.count(". ") == 0 for message in caught.value.messages)


def test_copies_of_one_photo_are_one_photo(tmp_path: Path) -> None:
    write_photos(tmp_path, "cats*5", "dogs*1")
    (tmp_path / "dogs" / "copy.png").write_bytes((tmp_path / "dogs" / "0.png").read_bytes())
    with pytest.raises(UserError, match="Only one photo was found for dogs"):
        require_trainable(scanned(tmp_path))


# --- Split -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n", "train", "validation", "test"),
    [(2, 1, 0, 1), (3, 1, 1, 1), (5, 3, 1, 1), (10, 6, 2, 2), (40, 26, 6, 8), (1000, 650, 150, 200)],
)
def test_every_class_is_divided(n: int, train: int, validation: int, test: int) -> None:
    divided = split(made_up(*[("cats", f"cat {i}") for i in range(n)], *[("dogs", f"dog {i}") for i in range(7)]), seed=0)
    expected = {"train": train, "validation": validation, "test": test}
    assert counts(divided)["cats"] == {part: count for part, count in expected.items() if count}
    assert counts(divided)["dogs"] == {"train": 5, "validation": 1, "test": 1}


def test_the_split_is_the_same_on_any_machine() -> None:
    dataset = made_up(*[("cats", f"cat {i}") for i in range(10)], *[("dogs", f"dog {i}") for i in range(10)])
    divided = split(dataset, seed=0)
    assert [photo.name for photo in divided.photos if photo.split == "test"] == [
        "cats/0006.jpg",
        "cats/0008.jpg",
        "dogs/0013.jpg",
        "dogs/0016.jpg",
    ]
    assert fingerprint(divided) == "6de14dab1ff7f67d9cced1e968d392eec1d3896b904e4ab0830b4ff3216166e4"
    assert split(dataset, seed=0) == divided
    assert split(dataset, seed=1) != divided


def test_names_and_other_photos_do_not_move_a_photo() -> None:
    dataset = made_up(*[("cats", f"cat {i}") for i in range(50)], *[("dogs", f"dog {i}") for i in range(50)])
    parts = {photo.digest: photo.split for photo in split(dataset, seed=3).photos}
    renamed = replace(dataset, photos=[replace(photo, name="x" + photo.name) for photo in reversed(dataset.photos)])
    assert {photo.digest: photo.split for photo in split(renamed, seed=3).photos} == parts
    fewer_dogs = replace(dataset, photos=dataset.photos[:60])
    cats = [photo for photo in split(fewer_dogs, seed=3).photos if photo.label == 0]
    assert all(photo.split == parts[photo.digest] for photo in cats)


@pytest.mark.parametrize("seed", range(5))
def test_copies_stay_together(seed: int) -> None:
    contents = [f"cat {i % 12}" for i in range(60)]
    dataset = made_up(*[("cats", content) for content in contents], *[("dogs", f"dog {i}") for i in range(20)])
    found: dict[str, set[Split | None]] = {}
    for photo in split(dataset, seed).photos:
        found.setdefault(photo.digest, set()).add(photo.split)
    assert all(len(parts) == 1 for parts in found.values())
    assert set.union(*found.values()) == {"train", "validation", "test"}


def test_photos_in_two_classes_never_judge() -> None:
    both = [("cats", f"both {i}") for i in range(20)] + [("dogs", f"both {i}") for i in range(20)]
    dataset = made_up(*both, *[("cats", f"cat {i}") for i in range(20)], *[("dogs", f"dog {i}") for i in range(20)])
    of_both = {hashlib.sha256(content.encode()).hexdigest() for _, content in both}
    divided = split(dataset, seed=0)
    assert {photo.split for photo in divided.photos if photo.digest in of_both} == {"train"}
    assert counts(divided)["cats"] == {"train": 33, "validation": 3, "test": 4}


def test_own_test_photos_stay_and_validation_comes_from_train(tmp_path: Path) -> None:
    write_photos(tmp_path, "train/cats*20", "train/dogs*20", "val/cats*5", "val/dogs*5")
    dataset = scanned(tmp_path)
    divided = split(dataset, seed=0)
    row = {"train": 17, "validation": 3, "test": 5}
    assert counts(divided) == {"cats": row, "dogs": row}
    for before, after in zip(dataset.photos, divided.photos, strict=True):
        assert (after.split == "test") == before.name.startswith("val/")


def test_a_whole_own_split_is_kept(tmp_path: Path) -> None:
    write_photos(tmp_path, "train/a*3", "train/b*3", "val/a*1", "val/b*1", "test/a*1", "test/b*1")
    dataset = scanned(tmp_path)
    assert split(dataset, seed=0) == dataset


def test_fingerprint_sees_names_contents_classes_and_splits() -> None:
    dataset = split(made_up(*[("cats", f"cat {i}") for i in range(5)], *[("dogs", f"dog {i}") for i in range(5)]), seed=0)
    first, *others = dataset.photos
    changed = [
        dataset,
        replace(dataset, photos=[replace(first, name="other"), *others]),
        replace(dataset, photos=[replace(first, digest="0" * 64), *others]),
        replace(dataset, photos=[replace(first, label=1), *others]),
        replace(dataset, photos=[replace(first, split=None), *others]),
        replace(dataset, photos=others),
        replace(dataset, classes=["cats", "wolves"]),
    ]
    assert len({fingerprint(each) for each in changed}) == len(changed)
    assert fingerprint(replace(dataset, root=Path("elsewhere"))) == fingerprint(dataset)


# --- Real data ---------------------------------------------------------------------------------------------------------


def shared(name: str, to: Path) -> Path:
    """The folder of photos from an archive beside the repository."""
    archive = SHARED / name
    if not archive.exists():
        pytest.skip(f"{name} is not here")
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive) as file:
            file.extractall(to)
    else:
        with tarfile.open(archive) as file:
            file.extractall(to, filter="data")
    return to


WHY_REJECTED = {  # in MESSY_MANIFEST.tsv
    "JPEG cut at 50 %": "truncated",
    "0 bytes": "empty",
    "HTML saved as .jpg": "not-a-photo",
    "1x1 pixel": "too-small",
    "200 MP 1-bit PNG: above Pillow DecompressionBomb limit": "too-large",
}
WHY_REMARKED = {
    "byte-identical to an image in another class (label conflict)": "label-conflict",
    "exact duplicate inside the class": "duplicate",
}


@needs_links
def test_messy_flowers(tmp_path: Path) -> None:
    root = shared("messy_flowers.tar.gz", tmp_path) / "messy_flowers"
    dataset = scanned(root)
    found, used = kinds(dataset), {photo.name for photo in dataset.photos}
    with (root / "MESSY_MANIFEST.tsv").open(encoding="utf-8", newline="") as file:
        rows = [(unicodedata.normalize("NFC", row["path"]), row["what"]) for row in csv.DictReader(file, delimiter="\t")]
    assert len(rows) > 150
    for name, what in rows:
        assert found.get(name) == WHY_REJECTED.get(what, WHY_REMARKED.get(what)), name
        assert (name in used) == (what not in WHY_REJECTED), name
    assert set(dataset.classes) == {name.split("/")[0] for name, _ in rows} | {"only one picture"}
    assert {path for path, kind in found.items() if kind == "no-photos"} == {"empty class", "only text files"}
    assert found["Gänseblümchen 🌼/broken_link.jpg"] == "link"
    assert found["loose_file_in_root.jpg"] == "no-class"
    with pytest.raises(UserError, match="only one picture"):
        require_trainable(dataset)


def test_hostile_images_in_one_folder(tmp_path: Path) -> None:
    pytest.importorskip("resource", reason="the peak of memory is measured by it")
    root = shared("hostile_images.tar.gz", tmp_path / "unpacked")
    (tmp_path / "one" / "class").mkdir(parents=True)
    total = 0
    for file in sorted(root.rglob("*")):
        if file.is_file():
            file.rename(tmp_path / "one" / "class" / f"{total:04}{file.suffix}")
            total += 1
    program = (
        "import pathlib, resource, sys; from resnet_finetune.data.dataset import scan;"
        "data = scan(pathlib.Path(sys.argv[1]), lambda done, total: None);"
        "print(len(data.photos), data.rejected, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    done = subprocess.run([sys.executable, "-c", program, tmp_path / "one"], capture_output=True, text=True, check=True)
    usable, rejected, kilobytes = map(int, done.stdout.split())
    assert usable + rejected == total > 1000
    assert usable > 600
    assert kilobytes < 1_500_000
    assert "Traceback" not in done.stderr
    assert "Warning" not in done.stderr


def test_hymenoptera_keeps_its_own_test_photos(tmp_path: Path) -> None:
    dataset = split(scanned(shared("hymenoptera.zip", tmp_path)), seed=0)
    assert dataset.own_split
    assert dataset.classes == ["ants", "bees"]
    assert all((photo.split == "test") == photo.name.startswith("val/") for photo in dataset.photos)
    assert counts(dataset)["bees"] == {"train": 103, "validation": 18, "test": 83}
