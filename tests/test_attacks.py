"""What a stranger may try, against the running server and in a real browser; docs/security.md names each with its test."""

from __future__ import annotations

import asyncio
import html
import http.client
import json
import os
import re
import shlex
import shutil
import socket
import stat
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import gradio as gr
import pytest
from conftest import MINUTE, ROOT, make_photos, serving
from playwright.sync_api import Browser, Dialog, Page, expect
from safetensors.torch import load_file, save_file

from resnet_finetune.model.weights import BUNDLED
from resnet_finetune.runs import history
from resnet_finetune.runs.run_folder import RUN, Run
from resnet_finetune.ui.served import endpoint
from resnet_finetune.ui.served.doors import DOORS, PHOTO, UPLOAD, WORDS, door, uploads
from resnet_finetune.ui.served.guard import Guard
from resnet_finetune.words import disk

HOSTILE = "<img src=x onerror=alert(1)>"
SECRET = "what only the person may read"
KEY = "0" * 32
ID = "0" * 16

# Gradio's switches, as an attacker or another program of the person may have left them in the environment.
SWITCHES = {
    "GRADIO_SHARE": "True",
    "GRADIO_SERVER_NAME": "0.0.0.0",
    "GRADIO_SERVER_PORT": "1",
    "GRADIO_ALLOWED_PATHS": "/",
    "GRADIO_BLOCKED_PATHS": "",
    "GRADIO_ROOT_PATH": "http://evil.example",
    "GRADIO_TEMP_DIR": "/",
    "GRADIO_ANALYTICS_ENABLED": "True",
    "GRADIO_MCP_SERVER": "True",
    "GRADIO_SSR_MODE": "True",
    "GRADIO_VIBE_MODE": "True",
    "GRADIO_WATCH_DIRS": "/",
}

# One address for each door.
KNOCKS = [
    ("POST", "/collect"),
    ("GET", f"/collect/{ID}"),
    ("POST", f"/collect/{ID}"),
    ("POST", f"/collect/{ID}/remove"),
    ("GET", f"/collect/{ID}/thumbnail"),
    ("GET", "/collect/script/paste.js"),
    ("GET", f"/download/run/{KEY}"),
    ("GET", f"/download/matrix/{KEY}/name.png"),
    ("GET", f"/download/export/{KEY}/onnx"),
    ("GET", "/language/zh"),
    ("GET", "/alive"),
    ("POST", "/api/predict"),
    ("GET", "/"),
    ("GET", "/zh"),
    ("GET", "/config"),
    ("GET", "/zh/static/x"),
    ("GET", "/theme.css"),
    ("GET", "/gradio_api/info"),
    ("GET", "/gradio_api/heartbeat/x"),
    ("GET", "/gradio_api/file={uploads}/x"),
    ("POST", "/gradio_api/queue/join"),
    ("POST", "/zh/gradio_api/upload"),
]


@pytest.fixture(scope="module")
def server_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a server of its own."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def url(server_home: Path) -> Iterator[str]:
    """The app as it starts where somebody has set all of Gradio's switches."""
    (server_home / "diary.txt").write_text(SECRET)
    with pytest.MonkeyPatch.context() as environment:
        for name, value in SWITCHES.items():
            environment.setenv(name, value)
        with serving(server_home, "app.py", "--no-browser", "--port", "0") as url:
            yield url


def ask(url: str, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
    """``path`` goes out as it is: no client tidies it."""
    at = urlsplit(url)
    assert at.hostname
    connection = http.client.HTTPConnection(at.hostname, at.port, timeout=120)
    connection.putrequest(method, path, skip_host="Host" in headers)
    for name, value in headers.items():
        connection.putheader(name.replace("_", "-"), value)
    if body is not None and not headers.keys() & {"Content_Length", "Transfer_Encoding"}:
        connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    response = connection.getresponse()
    answer = response.status, b"" if response.headers.get_content_type() == "text/event-stream" else response.read()
    connection.close()
    return answer


@cache
def gradio_routes() -> list[tuple[str, str]]:
    """Method and address of every route that Gradio has, in the page of each language."""

    def walk(routes: list[Any]) -> Iterator[tuple[str, str]]:
        for route in routes:
            if inner := getattr(route, "original_router", None):
                yield from walk(inner.routes)
            else:
                for method in route.methods or ():
                    yield method, re.sub(r"\{[^}]*\}", "x", route.path)

    async def made() -> list[Any]:  # Gradio wants an event loop, and leaves one that it made itself open
        return gr.routes.App.create_app(gr.Blocks()).routes

    bare = list(walk(asyncio.run(made())))
    return [(method, prefix + path) for prefix in ("", "/zh") for method, path in bare]


# --- Doors -------------------------------------------------------------------------------------------------------------


def test_every_door_is_knocked_at() -> None:
    assert [door(method, path.format(uploads=uploads())) for method, path in KNOCKS] == list(DOORS)


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": "192.168.0.1"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
    ids=str,
)
def test_no_route_answers_another_site(url: str, headers: dict[str, str]) -> None:
    answered = [
        (knock, status) for knock in [*KNOCKS, *gradio_routes()] if (status := ask(url, *knock, None, **headers)[0]) != 403
    ]
    assert answered == []


def test_what_has_no_door_is_closed(url: str) -> None:
    closed = [route for route in gradio_routes() if door(*route) is None]
    assert {"/gradio_api/proxy=x", "/zh/monitoring", "/gradio_api/file/x", "/gradio_api/vibe-edit", "/gradio_api/call/x"} <= {
        path for _, path in closed
    }
    others = [(method, path) for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE") for _, path in KNOCKS]
    assert [(route, status) for route in [*closed, *others] if (status := ask(url, *route)[0]) != 404] == []


def test_who_announces_too_much_is_refused_before_it_is_read(url: str) -> None:
    for (method, path), one in zip(KNOCKS, DOORS, strict=True):
        if method == "POST" and one.most is not None:
            assert ask(url, method, path, Content_Length=str(one.most + 1))[0] == 413, path
            assert ask(url, method, path, b"0\r\n\r\n", Transfer_Encoding="chunked")[0] == 411, path
    assert {one.most for one in DOORS} == {None, WORDS, PHOTO, UPLOAD}  # /collect/… counts what comes: test_collect.py


@pytest.mark.parametrize(
    "elsewhere",
    [
        "http://198.51.100.1/x.png",
        "HTTPS://evil.example/x.png",
        "//evil.example/c$/x.png",
        "\\\\evil.example\\x.png",
        "data:,x",
    ],
)
def test_nothing_is_fetched_from_elsewhere_and_passed_on_as_the_apps_own(url: str, elsewhere: str) -> None:
    """A link in a mail is asked for as if the person had typed it."""
    for prefix in ("", "/zh"):
        for address in (elsewhere, quote(elsewhere, safe="")):
            assert ask(url, "GET", f"{prefix}/gradio_api/file={address}", Sec_Fetch_Site="none")[0] == 404


async def never(*given: Any) -> Any:
    raise AssertionError("it was let in")


def sent(app: Any, **scope: Any) -> list[Any]:
    """What an app sends that waits for nothing: the browser's own loop is going on here, and there may be no other."""
    messages: list[Any] = []

    async def send(message: Any) -> None:
        messages.append(message)

    with suppress(StopIteration):
        app(scope, never, send).send(None)
    return messages


def test_no_websocket_is_opened(url: str) -> None:
    hands = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec_WebSocket_Version": "13", "Sec_WebSocket_Key": "eA=="}
    for _, path in KNOCKS:
        assert ask(url, "GET", path, None, Origin=url, **hands)[0] != 101, path

    assert sent(Guard(never), type="websocket", path="/", headers=[]) == [{"type": "websocket.close", "code": 1008}]


def test_it_is_not_reached_from_another_address(url: str) -> None:
    """A server on 0.0.0.0 would answer at 127.0.0.2 as well."""
    with pytest.raises(OSError), socket.create_connection(("127.0.0.2", urlsplit(url).port or 0), timeout=5):
        pass


def test_switches_of_gradio_change_nothing(url: str, server_home: Path) -> None:
    status, content = ask(url, "GET", "/config")
    config = json.loads(content)
    assert status == 200
    assert b"evil.example" not in content
    assert not config.get("is_space") and not config.get("mcp_server") and not config.get("vibe_mode")
    status, content = ask(url, "GET", "/")
    assert status == 200 and b"evil.example" not in content and b"gradio.live" not in content
    assert ask(url, "GET", f"/gradio_api/file={server_home / 'diary.txt'}")[0] in (403, 404)
    upload(url, "a.txt")
    assert list((server_home / "uploads").rglob("a.txt"))


def test_what_is_uploaded_or_made_to_be_fetched_is_nobody_elses(url: str, server_home: Path) -> None:
    for name in ("uploads", "exports"):
        assert stat.S_IMODE((server_home / name).stat().st_mode) == 0o700 or os.name == "nt"


# --- Paths -------------------------------------------------------------------------------------------------------------

UP = ("../" * 12, "..\\" * 12, "....//" * 12, "x/../../", "", "/", "//", "file:///", "C:\\", "\\\\127.0.0.1\\c$\\")


def ways(to: Path) -> list[str]:
    """How the file ``to`` may be asked for: plain, encoded, encoded twice, cut by a NUL."""
    plain = [up + str(to).lstrip("/") for up in UP] + [str(to), "diary.txt", "../diary.txt", f"{to}\0.png", f"../{to.name}"]
    once = [quote(way, safe="") for way in plain]
    dots = [way.replace(".", "%2e").replace("/", "%2f") for way in once]
    return [*(quote(way, safe="/\\:.") for way in plain), *once, *dots, *(quote(way, safe="") for way in once)]


def test_no_path_leads_to_a_file_of_the_person(url: str, server_home: Path) -> None:
    _, made = ask(url, "POST", "/collect", b'{"name": "x"}', Content_Type="application/json")
    id = json.loads(made)["id"]
    doors = [
        "/collect/{}", f"/collect/{id}/thumbnail?path={{}}", "/collect/{}/thumbnail?path=diary.txt", "/collect/script/{}",
        "/download/run/{}", "/download/report/{}", f"/download/matrix/{KEY}/{{}}.png", f"/download/export/{KEY}/{{}}",
        "/download/export/{}/onnx", "/language/{}", "/static/{}", "/assets/{}", "/zh/static/{}", "/zh/assets/{}",
        "/gradio_api/file={}", "/zh/gradio_api/file={}", "/gradio_api/heartbeat/{}", "/{}",
    ]  # fmt: skip
    for address in doors:
        for way in ways(server_home / "diary.txt"):
            status, content = ask(url, "GET", address.format(way))
            assert SECRET.encode() not in content, (address, way)
            # Browsers and servers tidy "/x/..", so that some of these are the page itself, and a language is a redirection.
            assert 300 <= status < 500 or (status == 200 and b"gradio" in content[:20_000]), (address, way, status)
    assert (server_home / "diary.txt").read_text() == SECRET


def test_nothing_is_removed_or_written_outside(url: str, server_home: Path) -> None:
    _, made = ask(url, "POST", "/collect", b'{"name": "x"}', Content_Type="application/json")
    id = json.loads(made)["id"]
    for way in ways(server_home / "diary.txt"):
        said = json.dumps({"path": way}).encode()
        assert ask(url, "POST", f"/collect/{id}/remove", said, Content_Type="application/json")[0] < 500
        assert ask(url, "POST", f"/collect/{way}/remove", said, Content_Type="application/json")[0] in (403, 404)
    assert (server_home / "diary.txt").read_text() == SECRET
    for name in ("../../../evil.txt", "..\\..\\evil.txt", "/tmp/evil.txt", "x/../../evil.txt", "evil.txt\0.png", ".."):
        upload(url, name)
    outside = [file for file in server_home.rglob("*evil*") if not file.is_relative_to(server_home / "uploads")]
    assert outside == []
    assert not (server_home.parent / "evil.txt").exists() and not Path("/tmp/evil.txt").exists()


def upload(url: str, name: str) -> tuple[int, bytes]:
    head = f'--edge\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'
    body = head.encode() + b"content\r\n--edge--\r\n"
    return ask(url, "POST", "/gradio_api/upload", body, Content_Type="multipart/form-data; boundary=edge")


# --- Names that are code -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stranger(server_home: Path) -> Run:
    """The run of tests/golden_run, whose classes, photos and name are code."""

    def spoilt(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: spoilt(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [spoilt(inner) for inner in value]
        return re.sub(r"\b(blue|green|red)\b", rf"{HOSTILE}\1", value) if isinstance(value, str) else value

    folder = shutil.copytree(ROOT / "tests" / "golden_run", server_home / "runs" / "stranger")
    for name in ("model.json", "report.json", "photos.json"):
        (folder / name).write_text(json.dumps(spoilt(json.loads((folder / name).read_text()))))
    lines = (folder / "events.jsonl").read_text().splitlines()
    (folder / "events.jsonl").write_text("".join(json.dumps(spoilt(json.loads(line))) + "\n" for line in lines))
    weights = load_file(BUNDLED / "resnet18.tv_in1k.safetensors") | load_file(folder / "head.safetensors")
    whole = {name: value.float() if value.is_floating_point() else value for name, value in weights.items()}
    save_file(whole, folder / "model.safetensors")
    history.rename(Run(folder), HOSTILE)
    return Run(folder)


@pytest.fixture
def tab(browser: Browser, url: str, stranger: Run) -> Iterator[Page]:
    """The page on which something may go wrong, such as a photo that is not there, but nothing may be run."""
    with browser.new_context() as context:
        asked: list[str] = []

        def refuse(dialog: Dialog) -> None:
            asked.append(dialog.message)
            dialog.dismiss()

        context.on("dialog", refuse)
        page = context.new_page()
        page.goto(url)
        yield page
        assert asked == []


def only_text(page: Page) -> None:
    expect(page.get_by_text(HOSTILE).first).to_be_attached(timeout=MINUTE)
    assert page.locator("img[src='x'], [onerror]").count() == 0


STEPS = ("data", "model", "train", "results", "try", "inside", "runs")
CHOOSES = ("results", "try", "inside")  # among runs


def every_step(page: Page, photo: Path) -> None:
    """``photo`` is tried."""
    for number, step in enumerate(STEPS):
        page.locator(".steps > .tab-wrapper").get_by_role("tab").nth(number).click()
        if step in CHOOSES:
            expect(page.locator(f"#{step}-run input")).to_have_value(re.compile(re.escape(HOSTILE)), timeout=MINUTE)
        if step == "data":
            expect(page.locator("#data-findings")).to_contain_text(f"{HOSTILE}2", timeout=MINUTE)
        if step == "results":
            expect(page.locator("#results-matrix tbody tr")).to_have_count(3, timeout=MINUTE)
            page.locator("#results-matrix .cells button").first.click()
            expect(page.locator("#results-cell")).to_contain_text(HOSTILE, timeout=MINUTE)
        if step == "try":
            page.locator("#try-files input[type=file]").set_input_files(photo)
            expect(page.locator("#try-answers article")).to_contain_text(HOSTILE, timeout=MINUTE)
        only_text(page)


def test_names_stay_text_on_every_step(tab: Page, url: str, stranger: Run, tmp_path: Path) -> None:
    photos = make_photos(tmp_path / HOSTILE, classes=[HOSTILE, f"{HOSTILE}2"], each=12)
    (photos / HOSTILE / f"{HOSTILE}.jpg").write_bytes(b"no photo")
    new = Path(shutil.copy(next(photos.rglob("00.png")), tmp_path / f"{HOSTILE}.png"))
    tab.locator("#data-path").get_by_role("textbox").fill(str(photos))
    tab.locator("#data-look").click()
    every_step(tab, new)
    tab.goto(f"{url}/zh/")  # where the same photos are chosen
    expect(tab.locator("html")).to_have_attribute("lang", "zh-CN")
    every_step(tab, new)


def test_a_script_that_is_not_the_apps_does_not_run_and_nothing_is_fetched_from_elsewhere(browser: Browser, url: str) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(url)
        stopped = page.evaluate("""async () => {
            const stopped = [];
            document.addEventListener("securitypolicyviolation", (event) => stopped.push(event.effectiveDirective));
            const script = document.createElement("script");
            script.textContent = "window.ran = true";
            document.head.append(script);
            const button = document.createElement("button");
            button.setAttribute("onclick", "window.ran = true");
            button.click();
            const picture = new Image();
            picture.src = "http://198.51.100.1/x.png";
            await fetch("http://198.51.100.1/").catch(() => {});
            await new Promise((done) => setTimeout(done, 500));
            return [window.ran ?? false, ...stopped.sort()];
        }""")
        assert stopped == [False, "connect-src", "img-src", "script-src-attr", "script-src-elem"]


def test_only_the_page_may_hold_scripts() -> None:
    """What else the server sends may be a file that a stranger made."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html")]})
        await send({"type": "http.response.body", "body": b"<script>alert(1)</script>"})

    def policy(path: str) -> str:
        start, page = sent(Guard(app), type="http", method="GET", path=path, headers=[(b"host", b"127.0.0.1")])
        assert page["body"] == b"<script>alert(1)</script>"
        return str(dict(start["headers"])[b"content-security-policy"])

    assert all("sha256-" in policy(path) for path in ("/", "/zh/"))
    assert not any("sha256-" in policy(path) for path in ("/gradio_api/file=x.html", "/zh/x", "/download/report/x"))


def test_after_all_this_the_page_works(browser: Browser, url: str, tmp_path: Path) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(url)
        page.locator("#data-path").get_by_role("textbox").fill(str(make_photos(tmp_path / "photos", each=6)))
        page.locator("#data-look").click()
        expect(page.locator("#data-findings")).to_contain_text("18 photos in 3 classes", timeout=MINUTE)


# --- The table of docs/security.md -------------------------------------------------------------------------------------


def its_tests(file: Path) -> set[str]:
    return set(re.findall(r"(?m)^def (test_\w+)\(", file.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("title", "said"),
    [("my fruit (2)", "my fruit (2)"), ("我的水果", "我的水果")]
    + [
        (name, "mine")
        for name in ('x"; touch /tmp/pwned; echo "$(id)', "@/etc/passwd", "</etc/passwd", "a`id`", "a\\", "!x", "-x", "a\nb")
    ],
)
def test_a_name_is_no_command_in_the_line_that_is_copied(tmp_path: Path, title: str, said: str) -> None:
    run = Run(tmp_path / "mine")
    run.path.mkdir()
    disk.write_json(run.path / RUN, {"name": title})
    (line, *_) = re.findall("<code>(curl .*?)</code>", endpoint.examples(run, "http://here"), re.DOTALL)
    assert shlex.split(html.unescape(line))[4] == f"model={said}"


def test_the_table_of_attacks_is_true() -> None:
    named = re.findall(r"`(test_\w+\.py)::(test_\w+)`", (ROOT / "docs" / "security.md").read_text(encoding="utf-8"))
    assert [(file, test) for file, test in named if test not in its_tests(ROOT / "tests" / file)] == []
    here = Path(__file__)
    assert {test for file, test in named if file == here.name} == its_tests(here) - {"test_the_table_of_attacks_is_true"}
