"""A run as one file, to keep or to take to another computer: a zip of what lies in its folder."""

from __future__ import annotations

import re
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, BinaryIO

from resnet_finetune.data.zips import open_zip
from resnet_finetune.runs import history
from resnet_finetune.runs.run_folder import CHECKPOINT, FILES, RUN, Run, unused_folder
from resnet_finetune.words import disk
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.language import reason, say
from resnet_finetune.words.settings import Settings

MOST_FILES = 100  # of a run: it has about a dozen
MOST_BYTES = 20 * 10**9  # of a run: a ResNet-152 with two checkpoints takes 2
FEW_WORDS = 200 * 10**6  # bytes of a file that is not weights: an event is some 200, and there are two a second
MOST_TIMES = 100  # as large as it is packed, if it is larger: a report of many photos and classes is large, and mostly digits
_CHUNK = 2**20  # bytes
_STATE = re.compile(rf"{CHECKPOINT}/[0-9a-z-]{{1,64}}\.safetensors", re.ASCII)


def pack(run: Run, file: BinaryIO) -> None:
    """Write the run into ``file``. Raises ``OSError``."""
    with zipfile.ZipFile(file, "w", strict_timestamps=False) as parcel:  # a zip knows no time before 1980, but a disk does
        for path in history.files(run.path):
            how = zipfile.ZIP_STORED if _is_weights(path.name) else zipfile.ZIP_DEFLATED
            parcel.write(path, path.relative_to(run.path).as_posix(), how)


def unpack(file: Path) -> Run:
    """Make a run of what ``pack`` wrote. It may come from a stranger: only a run's own files are taken, and none twice.

    Raises:
        UserError: it is not such a file, it is damaged or too large, or it cannot be written here.
    """
    try:
        with file.open("rb", buffering=0) as raw, open_zip(raw, MOST_FILES) as parcel:
            # Without ``RUN`` a folder is no run: a kill leaves none that is half there.
            members = sorted(_members(parcel), key=lambda member: member.filename == RUN)
            settings = _settings(parcel)
            folder = unused_folder(settings)
            try:
                (folder / CHECKPOINT).mkdir()
                for member in members:
                    with parcel.open(member) as source, (folder / member.filename).open("xb") as target:
                        _copy(source, target, member.file_size)
                _require_listed(Run(folder))
            except BaseException:
                shutil.rmtree(folder)
                raise
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError, zlib.error) as error:
        # RuntimeError: encrypted; ValueError: a name that is no text
        raise UserError(say("This file is no run that was saved by this app, or it is damaged: save the run again.")) from error
    except OSError as error:
        raise UserError(
            say("The run cannot be written here ({reason}): make room on the disk, and try again.", reason=reason(error))
        ) from error
    return Run(folder)


def _is_weights(name: str) -> bool:
    """Whose digits are as good as random: they are not compressed, so that nothing small can become large."""
    return name.endswith(".safetensors")


def _members(parcel: zipfile.ZipFile) -> Iterator[zipfile.ZipInfo]:
    seen: set[str] = set()
    for member in parcel.infolist():
        if member.filename in seen or not (member.filename in FILES or _STATE.fullmatch(member.filename)):
            raise zipfile.BadZipFile(member.filename)
        if member.header_offset < 0:
            raise zipfile.BadZipFile("said to lie before the file begins")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise zipfile.BadZipFile("not packed as this app packs")
        compressed = member.compress_type != zipfile.ZIP_STORED
        most = max(FEW_WORDS, MOST_TIMES * member.compress_size)
        if compressed if _is_weights(member.filename) else member.file_size > most:
            raise UserError(say("This file would become far larger when it is opened than any run is: save the run again."))
        seen.add(member.filename)
        yield member
    if RUN not in seen:
        raise zipfile.BadZipFile(RUN)
    if sum(member.file_size for member in parcel.infolist()) > MOST_BYTES:
        raise UserError(say("This file holds more than {most:.0f} GB: no run is so large.", most=MOST_BYTES / 1e9))


def _settings(parcel: zipfile.ZipFile) -> Settings:
    """What its folder is named after."""
    with parcel.open(RUN) as source:
        content = source.read(_CHUNK)
    try:
        settings = Settings.from_json(disk.parse_json(content)["settings"])
        return Settings(data=str(settings.data), model=re.sub(r"\W", "", str(settings.model))[:20])
    except (ValueError, KeyError, TypeError) as error:
        raise zipfile.BadZipFile(RUN) from error


def _require_listed(run: Run) -> None:
    """What this app cannot read would not be listed, and so never be deleted: a newer one may have written it."""
    try:
        run.created  # noqa: B018  asked for what it raises
    except UserError as error:
        raise zipfile.BadZipFile(RUN) from error


def _copy(source: IO[bytes], target: BinaryIO, announced: int) -> None:
    come = 0
    while chunk := source.read(_CHUNK):
        come += len(chunk)
        if come > announced:
            raise zipfile.BadZipFile("more than was announced")
        target.write(chunk)
