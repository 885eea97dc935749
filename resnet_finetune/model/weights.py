"""Pretrained weights: where they are found, how they are fetched, and that they are what they should be.

Only safetensors files are read: a pickle can run code when it is opened.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import timm
import torch
from huggingface_hub import constants, get_session, try_to_load_from_cache
from huggingface_hub.errors import OfflineModeIsEnabled
from huggingface_hub.file_download import repo_folder_name
from safetensors import SafetensorError
from safetensors.torch import load, load_file
from torch import Tensor, nn

from resnet_finetune.model.catalog import Model
from resnet_finetune.words import disk, servers
from resnet_finetune.words.assets import ASSETS
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.language import Sentence, reason, say

BUNDLED = ASSETS / "weights"
FILE = "model.safetensors"  # what every weights repository of timm calls it
HEAD = ("fc.weight", "fc.bias", "head.fc.weight", "head.fc.bias")  # for 1000 classes of ImageNet, which a new task does not use
REAL = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
INTEGER = (torch.int64,)
TIMEOUT = httpx2.Timeout(10, connect=3)  # seconds; a name with several addresses is tried at each in turn
ATTEMPTS = 3  # a download that breaks off goes on from where it was


Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Weights:
    """A safetensors file and, in words, where it came from."""

    path: Path
    source: str


class _Unreachable(Exception):
    """Why the hub did not give the file, in words."""


def find_weights(model: Model, file: str | None, progress: Progress = lambda done, total: None) -> Weights:
    """The file the person names, else the bundled one, else the local cache's, else the hub's.

    ``progress(done, total)`` is called with MB as a download comes in; what it raises ends the download.

    Raises:
        UserError: the named file is not this model's weights, or nothing is in reach.
    """
    if file is not None:
        servers.check(file)
        path = Path(file).expanduser()
        _read(model, path)
        return Weights(path, say("the file you named"))
    if _bundled(model).is_file():
        return Weights(_bundled(model), say("bundled with the app"))
    cached = _cached(model)
    if cached is not None and _is_sound(model, cached):  # a damaged copy is fetched anew and replaced
        return Weights(cached, say("downloaded earlier"))
    endpoint = os.environ.get("HF_ENDPOINT") or constants.ENDPOINT
    host = urlsplit(endpoint).netloc.rpartition("@")[2] or endpoint
    try:
        return Weights(_download(model, endpoint.rstrip("/"), progress), say("downloaded from {host}", host=host))
    except _Unreachable as error:
        raise UserError(
            say(
                "The weights of {model} ({megabytes:.0f} MB) are not on this machine and could not be downloaded from "
                "{host} ({error}): set HF_ENDPOINT to a mirror that this machine can reach, or fetch {file} of {repository} "
                "on another machine and name it as the weights file (--weights).",
                model=model.name,
                megabytes=model.download_mb,
                host=host,
                error=error,
                file=FILE,
                repository=_repository(model),
            )
        ) from error


def in_reach(model: Model) -> bool:
    """Whether the weights are on this machine already. Asks no network."""
    return _bundled(model).is_file() or _cached(model) is not None


def load_backbone(model: Model, weights: Weights) -> nn.Module:
    """The pretrained network without its head, in single precision: float [N, 3, H, W] → features [N, D].

    Raises:
        UserError: the file is not this model's weights.
    """
    backbone: nn.Module = timm.create_model(model.timm_name, num_classes=0)
    backbone.load_state_dict(_read(model, weights.path), strict=True)  # copies, so half precision widens
    return backbone


def _bundled(model: Model) -> Path:
    return BUNDLED / f"{model.timm_name}.safetensors"


def _repository(model: Model) -> str:
    return f"timm/{model.timm_name}"


def _cache() -> Path:
    """The hub's cache folder, shared with every other program on this machine that uses the hub."""
    return Path(os.environ.get("HF_HUB_CACHE") or constants.HF_HUB_CACHE).expanduser()


def _cached(model: Model) -> Path | None:
    found = try_to_load_from_cache(_repository(model), FILE, cache_dir=_cache())
    return Path(found) if isinstance(found, str) else None  # neither None nor the hub's mark for "known to be absent"


def _is_sound(model: Model, path: Path) -> bool:
    try:
        _read(model, path)
    except UserError:
        return False
    return True


def _read(model: Model, path: Path) -> dict[str, Tensor]:
    """The tensors of ``path`` without the head; every one of ``model``'s is there and has its shape."""
    if not path.is_file():
        raise UserError(say("The weights file {path} does not exist: check the path.", path=path))
    try:
        state = _without_head(load_file(path))
    except (SafetensorError, OSError) as error:
        raise UserError(
            say(
                "The weights file {path} is not a whole .safetensors file ({error}): name one that is, because other "
                "formats (.pth, .pt, .bin, .ckpt) can run code when they are opened and so are not read.",
                path=path,
                error=error,
            )
        ) from error
    misfits = _misfits(model, state)
    if misfits:
        raise UserError(
            say(
                "The weights file {path} does not fit {model} ({reasons}): choose the model that the file was made for, or "
                "name another file.",
                path=path,
                model=model.name,
                reasons=_together(misfits),
            )
        )
    return state


def _without_head(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {key: value for key, value in state.items() if key not in HEAD}


def _misfits(model: Model, state: dict[str, Tensor]) -> list[Sentence]:
    """Everything that keeps ``state`` from being ``model``'s weights, in words. Empty when it fits."""
    with torch.device("meta"):  # names and shapes alone
        expected: dict[str, Tensor] = timm.create_model(model.timm_name, num_classes=0).state_dict()
    # Batch counters are not used with pretrained statistics, and files from before 2018 lack them.
    missing = [key for key in expected if key not in state and not key.endswith("num_batches_tracked")]
    unknown = sorted(key for key in state if key not in expected)
    shared = [key for key in expected if key in state]
    shapes = [key for key in shared if state[key].shape != expected[key].shape]
    kinds = [key for key in shared if state[key].dtype not in (REAL if expected[key].is_floating_point() else INTEGER)]
    misfits = []
    if missing:
        misfits.append(say("it lacks {names}", names=_some(missing)))
    if unknown:
        misfits.append(say("{model} has no {names}", model=model.name, names=_some(unknown)))
    for key in shapes[:1]:
        found, wanted = "×".join(map(str, state[key].shape)), "×".join(map(str, expected[key].shape))
        misfits.append(
            say(
                "the shape of {names} is wrong ({found} in place of {wanted})",
                names=_some(shapes),
                found=found,
                wanted=wanted,
            )
        )
    if kinds:
        misfits.append(say("{names} is of the wrong number type ({dtype})", names=_some(kinds), dtype=state[kinds[0]].dtype))
    if not misfits:
        infinite = [key for key in shared if not state[key].float().isfinite().all()]
        if infinite:
            misfits.append(say("{names} holds values that are not finite numbers", names=_some(infinite)))
    return misfits


def _some(keys: list[str]) -> str:
    return keys[0] if len(keys) == 1 else say("{names} and {n} more", names=keys[:1], n=len(keys) - 1)


def _together(misfits: list[Sentence]) -> Sentence:
    return reduce(lambda one, other: say("{one}; {other}", one=one, other=other), misfits)


def _download(model: Model, endpoint: str, progress: Progress) -> Path:
    """Fetch the weights from ``endpoint`` and put them where the hub's own client would look for them.

    The request is our own. The client's ``hf_hub_download`` (2.4) retries for at least 23 s when nothing answers, and
    without end when a server keeps cutting a large file short; it also checks no hash.
    """
    try:
        url = f"{endpoint}/{_repository(model)}/resolve/main/{FILE}"
        content, commit, sha256 = _fetch(url, model.download_mb, progress)
    except OfflineModeIsEnabled as error:
        raise _Unreachable(say("HF_HUB_OFFLINE is set, so nothing was tried")) from error
    except httpx2.HTTPStatusError as error:
        raise _Unreachable(
            say("it answered {code} {phrase}", code=error.response.status_code, phrase=error.response.reason_phrase)
        ) from error
    except httpx2.TimeoutException as error:
        raise _Unreachable(say("it did not answer in time")) from error
    except httpx2.ConnectError as error:
        raise _Unreachable(say("no connection: {error}", error=error)) from error
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise _Unreachable(say("the download failed: {error}", error=error)) from error
    if sha256 is not None and hashlib.sha256(content).hexdigest() != sha256:
        raise _Unreachable(say("what arrived is not what was announced"))
    try:
        misfits = _misfits(model, _without_head(load(content)))
    except SafetensorError as error:
        raise _Unreachable(say("what arrived is not a whole .safetensors file: {error}", error=error)) from error
    if misfits:
        raise _Unreachable(say("what arrived does not fit: {reasons}", reasons=_together(misfits)))
    folder = _cache() / repo_folder_name(repo_id=_repository(model), repo_type="model")
    path = folder / "snapshots" / commit / FILE
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        disk.write_bytes(path, content)
        (folder / "refs").mkdir(exist_ok=True)
        disk.write_bytes(folder / "refs" / "main", commit.encode())  # last: it makes the file count as cached
    except OSError as error:
        raise UserError(
            say(
                "The weights of {model} ({megabytes:.0f} MB) could not be kept in {folder} ({reason}): free some space "
                "there, or set HF_HUB_CACHE to a folder that can be written.",
                model=model.name,
                megabytes=len(content) / 1e6,
                folder=folder,
                reason=reason(error),
            )
        ) from error
    return path


def _fetch(url: str, megabytes: float, progress: Progress) -> tuple[bytes, str, str | None]:
    """The file behind ``url``, at most twice so many MB, with its commit and, where the hub tells it, its sha256."""
    content = bytearray()
    limit = 2e6 * megabytes  # bytes
    for attempt in range(ATTEMPTS):
        # A plain User-Agent: the client's own tells the versions of Python and PyTorch. No token is sent.
        headers = {"User-Agent": "resnet-finetune", "Accept-Encoding": "identity", "Range": f"bytes={len(content)}-"}
        try:
            with get_session().stream("GET", url, headers=headers, timeout=TIMEOUT) as response:
                response.raise_for_status()
                if response.status_code != httpx2.codes.PARTIAL_CONTENT:
                    content.clear()  # it cannot go on in the middle, and began anew
                told = httpx2.Headers()
                for hop in (*response.history, response):  # the hub names the file, then sends us to a store
                    told.update(hop.headers)
                commit = told.get("X-Repo-Commit", "")
                if not re.fullmatch("[0-9A-Za-z]{1,64}", commit):  # it becomes the name of a folder
                    raise _Unreachable(say("it is not a model hub: a login page or a proxy may be in between"))
                for chunk in response.iter_bytes():
                    content += chunk
                    progress(len(content) // 10**6, max(len(content) // 10**6, round(megabytes)))
                    if len(content) > limit:
                        raise _Unreachable(say("it sends more than {megabytes:.0f} MB", megabytes=limit / 1e6))
            break
        except (httpx2.RemoteProtocolError, httpx2.NetworkError, httpx2.ReadTimeout):
            if attempt == ATTEMPTS - 1 or not content:
                raise
    sha256 = re.fullmatch('(?:W/)?"?([0-9a-f]{64})"?', told.get("X-Linked-ETag") or told.get("ETag") or "")
    return bytes(content), commit, sha256[1] if sha256 else None
