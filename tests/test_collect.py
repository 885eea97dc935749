"""Photos that come through the browser: the doors by real requests, the drop zone and the maker in a real browser."""

from __future__ import annotations

import http.client
import json
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from conftest import MINUTE, drag, make_photos, serving
from PIL import Image
from playwright.sync_api import Browser, Dialog, Locator, Page, Route, expect

from resnet_finetune.ui.served import collect

BATCH = re.compile(r"/collect/[0-9a-f]{16}$")
HURRY = "() => { const real = setTimeout; window.setTimeout = (what, ms, ...more) => real(what, ms / 20, ...more); }"
HOSTILE = "<img src=x onerror=alert(1)> ${1+1} {{value}}"


@pytest.fixture(scope="module")
def server_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a server of its own."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def url(server_home: Path) -> Iterator[str]:
    """A page of nothing but the drop zone and the maker, behind the same doors as the app's."""
    with serving(server_home, "tests/bring_page.py") as url:
        yield url


@pytest.fixture
def shaky(browser: Browser, url: str) -> Iterator[Page]:
    """A tab in which requests fail, of which the browser complains. Its own scripts may still not stumble."""
    with browser.new_context() as context:
        mistakes: list[str] = []
        context.on("weberror", lambda error: mistakes.append(str(error.error)))
        page = context.new_page()
        page.goto(url)
        yield page
        assert mistakes == []


def tree(root: Path, folders: dict[str, int]) -> dict[str, bytes]:
    """Files of which each has its own path as its content, and the same names in each folder."""
    paths = [f"{root.name}/{folder}/{number:03}.jpg" for folder, count in folders.items() for number in range(count)]
    for path in paths:
        file = root.parent / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(path.encode())
    return {path: path.encode() for path in paths}


def on_disk(home: Path, id: str) -> dict[str, bytes]:
    root = home / "brought" / id / "photos"
    return {file.relative_to(root).as_posix(): file.read_bytes() for file in root.rglob("*") if file.is_file()}


def told(page: Page) -> tuple[str, str]:
    """The id and name of the photos with which Gradio's event came."""
    field = page.locator("#told").locator("input, textarea")
    expect(field).not_to_have_value("", timeout=MINUTE)
    id, _, name = field.input_value().partition(" ")
    return id, name


def choose(page: Page, folder: Path) -> None:
    page.get_by_label("Choose a folder").set_input_files(folder)


# --- The doors -----------------------------------------------------------------------------------------------------------


def ask(url: str, method: str, path: str, body: bytes = b"", /, **headers: str) -> tuple[int, Any]:
    at = urlsplit(url)
    assert at.hostname
    connection = http.client.HTTPConnection(at.hostname, at.port, timeout=120)
    connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    response = connection.getresponse()
    content = response.read()
    is_json = response.getheader("Content-Type") == "application/json"
    connection.close()
    return response.status, json.loads(content) if is_json else content


def create(url: str, name: str = "fruit") -> str:
    status, answer = ask(url, "POST", "/collect", json.dumps({"name": name}).encode(), Content_Type="application/json")
    assert status == 200
    return str(answer["id"])


def batch(files: dict[str, bytes], paths: object = None) -> bytes:
    named = json.dumps(list(files) if paths is None else paths)
    parts = [b'Content-Disposition: form-data; name="paths"\r\n\r\n' + named.encode()]
    parts += [b'Content-Disposition: form-data; name="file"; filename="x"\r\n\r\n' + content for content in files.values()]
    return b"".join(b"--edge\r\n" + part + b"\r\n" for part in parts) + b"--edge--\r\n"


def send(url: str, id: str, body: bytes) -> tuple[int, Any]:
    return ask(url, "POST", f"/collect/{id}", body, Content_Type="multipart/form-data; boundary=edge")


def test_a_batch_arrives_and_what_cannot_be_kept_is_told_for_each(url: str, server_home: Path) -> None:
    id = create(url, HOSTILE)
    files = {"a/1.jpg": b"one", "b/1.jpg": b"two", "A/2.jpg": b"three", "../3.jpg": b"four", "a/\udc80.jpg": b"five"}
    status, answer = send(url, id, batch(files))
    assert status == 200
    assert answer["received"] == 2
    assert [refused["path"] for refused in answer["refused"]] == ["A/2.jpg", "../3.jpg", "a/\udc80.jpg"]
    assert "some computers take for another" in answer["refused"][0]["message"]
    assert on_disk(server_home, id) == {"a/1.jpg": b"one", "b/1.jpg": b"two"}
    assert send(url, id, batch({"a/1.jpg": b"one"}))[1] == {"received": 1, "refused": []}  # sent twice: no harm

    _, shown = ask(url, "GET", f"/collect/{id}")
    assert shown["name"] == HOSTILE
    assert [(folder["name"], folder["count"], folder["files"]) for folder in shown["folders"]] == [
        ("a", 1, ["1.jpg"]),
        ("b", 1, ["1.jpg"]),
    ]
    body = json.dumps({"path": "a/1.jpg"}).encode()
    assert ask(url, "POST", f"/collect/{id}/remove", body, Content_Type="application/json") == (200, {})
    assert on_disk(server_home, id) == {"b/1.jpg": b"two"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--edge\r\n",
        b"nonsense",
        batch({"a/1.jpg": b"one"}, paths=[]),
        batch({"a/1.jpg": b"one"}, paths=["a/1.jpg", "a/2.jpg"]),
        batch({"a/1.jpg": b"one"}, paths=[1]),
        batch({"a/1.jpg": b"one"}, paths="a"),
        batch({f"a/{n}.jpg": b"" for n in range(collect.MAX_FILES + 1)}),
    ],
)
def test_a_batch_that_makes_no_sense_is_answered_with_a_sentence(url: str, server_home: Path, body: bytes) -> None:
    id = create(url)
    status, answer = send(url, id, body)
    assert status == 400
    assert "load the page again" in answer["message"]
    assert on_disk(server_home, id) == {}


def test_photos_that_are_gone_are_told(url: str) -> None:
    for status, answer in (
        send(url, "0" * 16, batch({"a/1.jpg": b"one"})),
        ask(url, "GET", f"/collect/{'0' * 16}"),
    ):
        assert status == 404
        assert "not there any more" in answer["message"]


def test_a_request_that_is_too_large_breaks_off(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    id = create(url)
    at = urlsplit(url)
    assert at.hostname
    connection = http.client.HTTPConnection(at.hostname, at.port, timeout=120)
    connection.putrequest("POST", f"/collect/{id}")  # by what it announces, before it is read
    connection.putheader("Content-Type", "multipart/form-data; boundary=edge")
    connection.putheader("Content-Length", str(collect.MAX_REQUEST + 1))
    connection.endheaders(b"--edge\r\n")
    assert connection.getresponse().status == 413
    connection.close()


def test_a_request_that_is_too_large_and_does_not_say_so_breaks_off(url: str, server_home: Path) -> None:
    id = create(url)
    at = urlsplit(url)
    assert at.hostname
    connection = http.client.HTTPConnection(at.hostname, at.port, timeout=60)
    connection.putrequest("POST", f"/collect/{id}")
    connection.putheader("Content-Type", "multipart/form-data; boundary=edge")
    connection.putheader("Transfer-Encoding", "chunked")
    connection.endheaders(b"")
    head = b'--edge\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'
    chunk = bytes(4 * 10**6)
    sent = 0
    try:
        for piece in (head, *[chunk] * (collect.MAX_REQUEST // len(chunk) + 2)):
            connection.send(b"%x\r\n%b\r\n" % (len(piece), piece))
            sent += len(piece)
    except OSError:  # the app has hung up
        assert sent > collect.MAX_REQUEST / 2
    else:
        assert connection.getresponse().status == 413
    connection.close()
    assert on_disk(server_home, id) == {}


@pytest.mark.parametrize(
    "headers",
    [{"Host": "evil.example"}, {"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec_Fetch_Site": "cross-site"}],
)
def test_other_sites_can_neither_bring_nor_look(url: str, server_home: Path, headers: dict[str, str]) -> None:
    id = create(url)
    before = len(list((server_home / "brought").iterdir()))
    form = {"Content_Type": "multipart/form-data; boundary=edge"}
    assert ask(url, "POST", f"/collect/{id}", batch({"a/1.jpg": b"one"}), **form, **headers)[0] == 403
    assert ask(url, "POST", "/collect", b'{"name": "x"}', Content_Type="application/json", **headers)[0] == 403
    assert ask(url, "POST", f"/collect/{id}/remove", b'{"path": "x"}', Content_Type="application/json", **headers)[0] == 403
    assert ask(url, "GET", f"/collect/{id}", **headers)[0] == 403
    assert ask(url, "GET", f"/collect/{id}/thumbnail?path=a/1.jpg", **headers)[0] == 403
    assert len(list((server_home / "brought").iterdir())) == before
    assert on_disk(server_home, id) == {}


def test_a_thumbnail_is_small_and_never_the_file(url: str, tmp_path: Path) -> None:
    photo = make_photos(tmp_path / "photos", classes=["cats"], each=1, side=400) / "cats" / "00.png"
    id = create(url)
    send(url, id, batch({"cats/ä 1.png": photo.read_bytes(), "cats/no.jpg": b"secret"}))
    status, picture = ask(url, "GET", f"/collect/{id}/thumbnail?path=cats/%C3%A4%201.png")
    assert status == 200
    with Image.open(BytesIO(picture)) as image:
        assert (image.format, image.size) == ("JPEG", (collect.THUMBNAIL, collect.THUMBNAIL))
    for path in ("cats/no.jpg", "cats/none.jpg", "../about.json", "/etc/passwd"):
        status, answer = ask(url, "GET", f"/collect/{id}/thumbnail?path={path}")
        assert status in (400, 404)
        assert set(answer) == {"message"}


def test_only_the_own_scripts_are_served(url: str) -> None:
    assert ask(url, "GET", "/collect/script/drop_zone.js")[0] == 200
    assert ask(url, "GET", "/collect/script/page.css")[0] == 404
    assert ask(url, "GET", "/collect/script/..%2f..%2fLICENSE")[0] == 404
    assert b"gradio" in ask(url, "GET", "/")[1]  # and Gradio's page is where it was


# --- The drop zone -------------------------------------------------------------------------------------------------------


def test_a_chosen_folder_arrives_with_every_label(page: Page, server_home: Path, tmp_path: Path) -> None:
    files = tree(tmp_path / "fruit", {"apple": 120, "pear": 120, "pear/green": 60})
    (tmp_path / "fruit" / "apple" / ".DS_Store").write_bytes(b"system")
    (tmp_path / "fruit" / "__MACOSX").mkdir()
    (tmp_path / "fruit" / "__MACOSX" / "000.jpg").write_bytes(b"system")
    choose(page, tmp_path / "fruit")
    id, name = told(page)
    assert name == "fruit"
    assert on_disk(server_home, id) == files
    expect(page.locator("#bring-folder .message.good")).to_contain_text("300 files of “fruit” are here")


DROP = """([folders, loose]) => {  // what a browser gives when folders and files are dropped: entries, 100 at a time
    const file = (path) => ({
        isFile: true, isDirectory: false, name: path.split("/").pop(),
        file: (resolve) => resolve(new File([path], path.split("/").pop())),
    });
    const directory = (path, children) => ({
        isFile: false, isDirectory: true, name: path.split("/").pop(),
        createReader: () => {
            let at = 0;
            return { readEntries: (resolve) => resolve(children.slice(at, (at += 100))) };
        },
    });
    const build = (path, tree) => directory(path, Object.entries(tree).flatMap(([name, inside]) =>
        typeof inside === "number"
            ? Array.from({ length: inside }, (_, n) => file(`${path}/${name}${n}.jpg`))
            : [build(`${path}/${name}`, inside)]));
    const entries = [...Object.entries(folders).map(([name, tree]) => build(name, tree)), ...loose.map(file)];
    const event = new Event("drop", { bubbles: true, cancelable: true });
    const items = entries.map((entry) => ({ kind: "file", webkitGetAsEntry: () => entry }));
    Object.defineProperty(event, "dataTransfer", { value: { items, types: ["Files"] } });
    document.querySelector(".zone").dispatchEvent(event);
}"""


def drop(page: Page, folders: dict[str, Any], *loose: str) -> None:
    page.locator(".zone").wait_for()
    page.evaluate(DROP, [folders, loose])


def test_a_dropped_folder_arrives_whole(page: Page, server_home: Path) -> None:
    drop(page, {"fruit": {"apple": {"": 250, "deep": {"deeper": {"": 3}}}, "pear": {"": 101}, ".git": {"": 5}, ".": 1}})
    id, name = told(page)
    arrived = on_disk(server_home, id)
    assert name == "fruit"
    assert Counter(path.rpartition("/")[0] for path in arrived) == {
        "fruit/apple": 250,
        "fruit/apple/deep/deeper": 3,
        "fruit/pear": 101,
    }
    assert all(content == path.encode() for path, content in arrived.items())


def test_several_class_folders_dropped_at_once_are_one_data_set(page: Page, server_home: Path) -> None:
    drop(page, {HOSTILE: {"": 2}, "dogs": {"": 2}}, "loose.jpg")
    id, name = told(page)
    assert name == f"{HOSTILE}, dogs"
    assert Counter(path.split("/")[0] for path in on_disk(server_home, id)) == {HOSTILE: 2, "dogs": 2}
    expect(page.locator("#bring-folder .left-out li")).to_contain_text("loose.jpg")


@pytest.mark.parametrize("where", [20, -10], ids=["on the zone", "beside it"])
def test_a_folder_as_the_system_drops_it(page: Page, server_home: Path, tmp_path: Path, where: int) -> None:
    """The same through the browser's own drag and drop, with what its file system says. A hand is not always exact."""
    files = tree(tmp_path / "fruit", {"apple": 230, "pear/green": 5})
    drag(page.locator(".zone"), tmp_path / "fruit", down=where)
    assert on_disk(server_home, told(page)[0]) == files


@pytest.mark.parametrize("failure", ["connection", "server"])
def test_a_batch_that_fails_is_sent_again(shaky: Page, server_home: Path, tmp_path: Path, failure: str) -> None:
    files = tree(tmp_path / "fruit", {"apple": 150, "pear": 150})
    sent: list[str] = []

    def fail_the_second(route: Route) -> None:
        sent.append(route.request.method)
        if len(sent) != 2:
            route.continue_()
        elif failure == "connection":
            route.abort()
        else:
            route.fulfill(status=503, body="being started")

    shaky.route(BATCH, fail_the_second)
    choose(shaky, tmp_path / "fruit")
    assert on_disk(server_home, told(shaky)[0]) == files
    assert len(sent) == 4
    expect(shaky.locator("#bring-folder .left-out")).to_have_count(0)


def test_a_batch_that_keeps_failing_does_not_hold_up_the_others(shaky: Page, server_home: Path, tmp_path: Path) -> None:
    files = tree(tmp_path / "fruit", {"apple": 150, "pear": 150})
    tries: list[bytes] = []

    def fail_one(route: Route) -> None:
        (first,) = re.findall(rb'\["([^"]+)"', route.request.post_data_buffer or b"")  # path in it, by which a batch is known
        if tries and first != tries[0]:
            route.continue_()
        else:
            tries.append(first)
            route.abort()

    shaky.route(BATCH, fail_one)
    shaky.evaluate(HURRY)
    choose(shaky, tmp_path / "fruit")
    zone = shaky.locator("#bring-folder")
    expect(zone.get_by_role("alert")).to_contain_text("100 of 300 files could not be brought in", timeout=MINUTE)
    assert len(tries) == 4
    (id,) = (place.name for place in (server_home / "brought").iterdir() if len(on_disk(server_home, place.name)) == 200)
    expect(shaky.locator("#told").locator("input, textarea")).to_have_value("")  # nothing goes on without a word

    shaky.unroute(BATCH)
    zone.get_by_role("button", name="Try again").click()
    assert told(shaky) == (id, "fruit")
    assert on_disk(server_home, id) == files


def test_one_may_go_on_without_what_fails(shaky: Page, server_home: Path, tmp_path: Path) -> None:
    tree(tmp_path / "fruit", {"apple": 60, "pear": 60})
    requests: list[Route] = []

    def refuse_all_but_the_first(route: Route) -> None:
        requests.append(route)
        if len(requests) == 1:
            route.continue_()
        else:  # the app says itself why, and is not asked again
            route.fulfill(status=507, json={"message": f"The disk is full {HOSTILE}"})

    shaky.route(BATCH, refuse_all_but_the_first)
    choose(shaky, tmp_path / "fruit")
    zone = shaky.locator("#bring-folder")
    expect(zone.get_by_role("alert")).to_contain_text("20 of 120 files could not be brought in", timeout=MINUTE)
    expect(zone.get_by_role("alert")).to_contain_text(HOSTILE)
    assert len(requests) == 2
    zone.get_by_role("button", name="Go on without them").click()
    assert len(on_disk(server_home, told(shaky)[0])) == 100


def test_it_can_be_stopped_and_gone_on_with(shaky: Page, server_home: Path, tmp_path: Path) -> None:
    files = tree(tmp_path / "fruit", {"apple": 150, "pear": 150})
    held: list[Route] = []
    shaky.route(BATCH, lambda route: held.append(route) if len(held) < 2 else route.continue_())
    choose(shaky, tmp_path / "fruit")
    zone = shaky.locator("#bring-folder")
    expect(zone.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "0")
    zone.get_by_role("button", name="Stop").press("Enter")  # it has the focus
    expect(zone.locator(".message")).to_contain_text("Stopped: 300 of 300 files have not been brought in")
    expect(zone.get_by_role("button", name="Go on without them")).to_have_count(0)  # there would be nothing
    shaky.unroute(BATCH)
    zone.get_by_role("button", name="Bring the rest").click()
    assert on_disk(server_home, told(shaky)[0]) == files


def test_files_that_are_deleted_meanwhile_or_refused_are_listed(shaky: Page, server_home: Path, tmp_path: Path) -> None:
    files = tree(tmp_path / "fruit", {"apple": 3, "pear": 3, "Pear": 1})
    gone = "fruit/apple/001.jpg"

    def delete_one(route: Route) -> None:
        (tmp_path / gone).unlink(missing_ok=True)
        route.continue_()

    shaky.route(re.compile("/collect$"), delete_one)  # the files are chosen, and not yet sent
    choose(shaky, tmp_path / "fruit")
    id, _ = told(shaky)
    arrived = on_disk(server_home, id)
    listed = shaky.locator("#bring-folder .left-out")
    expect(listed.locator("summary")).to_have_text(re.compile(r"^\d files were left out$"))
    left_out = set(listed.locator("code").all_text_contents())
    assert gone in left_out
    assert len({path.split("/")[1].lower() for path in left_out}) == 2  # of "pear" and "Pear", one
    assert arrived.items() <= files.items()
    assert set(files) - set(arrived) == left_out


def test_what_cannot_be_brought_is_told(page: Page) -> None:
    said = page.locator("#bring-folder .said")
    drop(page, {}, "note.txt")
    expect(said).to_contain_text("“note.txt” is not a photo: bring a folder of photos (JPEG")
    drop(page, {}, HOSTILE, "b.txt")
    expect(said).to_contain_text("None of these 2 files is a photo")
    drop(page, {}, "a.JPG")
    expect(said).to_contain_text("“a.JPG” lies in no folder")
    drop(page, {}, "a.jpg", "b.heic", "note.txt")
    expect(said).to_contain_text("These 2 photos lie in no folder")
    drop(page, {"fruit": {"apple": {}}})
    expect(said).to_contain_text("There is no file in it")
    drop(page, {"fruit": {"apple": {"": 1}}}, "mine.zip")
    expect(said).to_contain_text("one archive by itself")
    page.locator("#bring-folder").get_by_role("button", name="Choose a folder").focus()  # the zone is there again
    assert page.locator("#told").locator("input, textarea").input_value() == ""


@pytest.mark.parametrize("way", ["dropped", "chosen"])
def test_an_archive_goes_the_way_of_archives(page: Page, tmp_path: Path, way: str) -> None:
    with zipfile.ZipFile(tmp_path / "mine.zip", "w") as archive:
        archive.writestr("cats/1.jpg", b"photo")
    if way == "dropped":
        drop(page, {}, "mine.zip")
    else:
        page.get_by_label("Choose a .zip or .tar").set_input_files(tmp_path / "mine.zip")
    expect(page.locator("#data-zip")).to_contain_text("mine")


# --- The maker -----------------------------------------------------------------------------------------------------------


def add_class(page: Page, name: str) -> Locator:
    page.get_by_label("Name of a class").fill(name)
    page.get_by_label("Name of a class").press("Enter")
    return page.locator(".class-card").filter(has_text=name)


def test_a_data_set_is_made_with_the_camera(page: Page, server_home: Path) -> None:
    cup, other = add_class(page, "cup"), add_class(page, HOSTILE)
    use = page.get_by_role("button", name="Use these photos")
    expect(use).to_be_disabled()

    cup.get_by_text("Camera", exact=True).click()
    shutter = page.get_by_role("button", name="Take photos", exact=True)
    expect(shutter).to_be_enabled(timeout=MINUTE)
    shutter.click()
    expect(cup.locator("img")).to_have_count(1)
    page.wait_for_timeout(1100)  # another second, another press
    shutter.hover()
    page.mouse.down()
    expect(cup.locator("img")).not_to_have_count(1)
    expect(cup.locator("img").nth(2)).to_be_attached()
    page.mouse.up()
    page.wait_for_timeout(3000)  # for the last one to be packed
    held = cup.locator("img").count() - 1
    assert held >= 2
    page.wait_for_timeout(600)
    expect(cup.locator("img")).to_have_count(1 + held)  # let go is let go

    other.get_by_text("Camera", exact=True).click()
    expect(page.locator("video")).to_have_count(1)
    expect(shutter).to_be_enabled(timeout=MINUTE)
    shutter.press(" ")  # with the keyboard alone
    shutter.press("Enter")
    expect(other.locator("img")).to_have_count(2)  # a press counts also while the photo before is packed
    cup.get_by_role("button", name=re.compile("Remove the photo")).first.click()
    expect(cup).to_contain_text(f"{held} photo")

    use.click()
    expect(page.locator("video")).to_have_count(0)
    id, name = told(page)
    assert name.startswith("Made here on ")
    arrived = on_disk(server_home, id)
    assert Counter(path.rpartition("/")[0] for path in arrived) == {"cup": held, HOSTILE: 2}
    names = [path.rpartition("/")[2] for path in arrived]
    assert all(re.fullmatch(r"camera-\d{8}T\d{6}-\d{3}\.jpg", name) for name in names)
    presses = Counter(path[: -len("-001.jpg")] for path in arrived if path.startswith("cup/"))
    assert sorted(presses.values()) == [1, held - 1]  # one of those held was removed, and what was held belongs together
    for content in arrived.values():
        with Image.open(BytesIO(content)) as photo:
            assert photo.format == "JPEG"
            assert photo.width <= 1280


def test_photos_are_added_from_files_and_are_there_after_a_reload(page: Page, server_home: Path, tmp_path: Path) -> None:
    photos = make_photos(tmp_path / "photos", classes=["one", "two"], each=2)
    add_class(page, "cup/…\\x")
    add_class(page, "pen")
    cup, pen = page.locator(".class-card").first, page.locator(".class-card").last
    expect(page.locator(".class-card h4")).to_have_text(["cup … x", "pen"])
    cup.locator("input[type=file]").set_input_files([photos / "one" / "00.png", photos / "one" / "01.png"])
    cup.locator("input[type=file]").set_input_files([photos / "two" / "00.png"])  # a name that is taken
    pen.locator("input[type=file]").set_input_files([photos / "two" / "00.png"])
    expect(cup.locator("img")).to_have_count(3)
    expect(pen.locator("img")).to_have_count(1)

    page.reload()
    expect(page.locator(".class-card h4")).to_have_text(["cup … x", "pen"])
    expect(cup.locator("img")).to_have_count(3)
    shown = cup.locator("img").first.evaluate("async (image) => { await image.decode(); return image.naturalWidth; }")
    assert shown == collect.THUMBNAIL
    page.get_by_role("button", name="Use these photos").click()
    id, _ = told(page)
    arrived = on_disk(server_home, id)
    assert set(arrived) == {"cup … x/00.png", "cup … x/01.png", "cup … x/00 (2).png", "pen/00.png"}
    assert arrived["cup … x/00 (2).png"] == (photos / "two" / "00.png").read_bytes()

    asked: list[Dialog] = []

    def refuse(dialog: Dialog) -> None:
        asked.append(dialog)
        dialog.dismiss()

    page.once("dialog", refuse)
    page.get_by_role("button", name="Begin another data set").click()
    expect(page.locator(".class-card")).to_have_count(2)
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Begin another data set").click()
    expect(page.locator(".class-card")).to_have_count(0)
    assert asked[0].message.startswith("Your photos go from this page, unless you have used them.")
    page.reload()
    page.get_by_label("Name of a class").wait_for()
    expect(page.locator(".class-card")).to_have_count(0)
    assert on_disk(server_home, id) == arrived  # it is forgotten here, and nothing is lost


@pytest.mark.parametrize(
    ("error", "sentence"),
    [("NotAllowedError", "allow it"), ("NotFoundError", "no camera here"), ("NotReadableError", "used by another program")],
)
def test_without_a_camera_a_sentence_says_what_to_do(page: Page, error: str, sentence: str) -> None:
    page.evaluate("(name) => (navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', name); })", error)
    cup = add_class(page, "cup")
    cup.get_by_text("Camera", exact=True).click()
    expect(cup.get_by_role("alert")).to_contain_text(sentence)
    expect(cup.get_by_role("alert")).to_contain_text("Add photos")
    expect(cup.locator("video")).to_be_hidden()


def test_the_camera_is_let_go_when_it_is_not_seen(page: Page) -> None:
    page.evaluate(
        """() => {
            const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
            navigator.mediaDevices.getUserMedia = async (what) => (window.filming = await ask(what));
        }"""
    )
    active = "() => window.filming.getTracks().some((track) => track.readyState === 'live')"
    cup = add_class(page, "cup")
    for hide in ("() => (document.querySelector('#bring-maker').style.display = 'none')", "() => {}"):
        cup.get_by_text("Camera", exact=True).click()
        expect(page.get_by_role("button", name="Take photos", exact=True)).to_be_enabled(timeout=MINUTE)
        assert page.evaluate(active)
        page.evaluate(hide)
        if hide == "() => {}":
            page.get_by_role("button", name="Close the camera").click()
        page.wait_for_function(f"!({active})()")
        page.evaluate("() => (document.querySelector('#bring-maker').style.display = '')")
        expect(page.locator("video")).to_have_count(0)


def test_names_that_cannot_be_a_class_are_told(page: Page) -> None:
    for name, sentence in (("cup", ""), ("CUP", "already"), ("..", "choose another"), ("Thumbs.db", "choose another")):
        add_class(page, name)
        expect(page.locator(".add-class + .trouble")).to_contain_text(sentence)
    expect(page.locator(".class-card")).to_have_count(1)
    page.get_by_role("button", name="Remove the class “cup”").click()
    expect(page.locator(".class-card")).to_have_count(0)


def test_a_class_is_removed_with_its_photos_when_the_person_is_sure(shaky: Page, server_home: Path, tmp_path: Path) -> None:
    photos = make_photos(tmp_path / "photos", classes=["one"], each=2)
    (photos / "one" / "notes.txt").write_text("no photo")
    for name in ("cup", "pen", "hat"):
        card = add_class(shaky, name)
        card.locator("input[type=file]").set_input_files(sorted((photos / "one").iterdir()))
        expect(card.locator(".count")).to_have_text("2 photos")  # the third is none, and looks so
        expect(card.locator("li.unreadable")).to_have_text(["no photo×"])
    sure = iter([False, True])
    shaky.on("dialog", lambda dialog: dialog.accept() if next(sure) else dialog.dismiss())
    shaky.get_by_role("button", name="Remove the class “pen”").click()
    expect(shaky.locator(".class-card")).to_have_count(3)
    shaky.get_by_role("button", name="Remove the class “pen”").click()
    expect(shaky.locator(".class-card h4")).to_have_text(["cup", "hat"])
    shaky.get_by_role("button", name="Use these photos").click()
    arrived = on_disk(server_home, told(shaky)[0])
    assert {path.partition("/")[0] for path in arrived} == {"cup", "hat"}


def test_a_photo_that_cannot_be_saved_is_told_and_can_be_tried_again(shaky: Page, server_home: Path, tmp_path: Path) -> None:
    photos = make_photos(tmp_path / "photos", classes=["one"], each=1)
    cup, pen = add_class(shaky, "cup"), add_class(shaky, "pen")
    shaky.route(BATCH, lambda route: route.fulfill(status=507, json={"message": "The disk is full."}))
    for card in (cup, pen):
        card.locator("input[type=file]").set_input_files(photos / "one" / "00.png")
        expect(card.get_by_role("alert")).to_contain_text("1 photo could not be saved. The disk is full.")
    expect(shaky.get_by_role("button", name="Use these photos")).to_be_disabled()
    shaky.unroute(BATCH)
    for card in (cup, pen):
        card.get_by_role("button", name="Try again").click()
        expect(card.locator("img")).to_have_count(1)
    shaky.get_by_role("button", name="Use these photos").click()
    assert set(on_disk(server_home, told(shaky)[0])) == {"cup/00.png", "pen/00.png"}
