"""The README and docs/ are true: every command and snippet in them is run here, on tiny photos, with a tiny trained model;
every link leads somewhere; and what they say that the app says, it says.

A block that is not run here has a comment above it, ``<!-- not run: why -->``, with one of the reasons below. A block under
``<!-- takes minutes -->`` is run by ``-m long``.
"""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
from conftest import ROOT, Cli, make_photos

from resnet_finetune import Settings
from resnet_finetune.data import intake
from resnet_finetune.ui.wording.chinese import CHINESE as PAGE_CHINESE
from resnet_finetune.ui.wording.english import ENGLISH as PAGE_ENGLISH
from resnet_finetune.words.chinese import CHINESE
from resnet_finetune.words.events import Event

DOCS = sorted((ROOT / "docs").rglob("*.md"))
READMES = sorted(ROOT.glob("README*.md"))
PAGES = [*sorted(ROOT.glob("*.md")), *DOCS]
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]

NOT_RUN = {
    "it installs something",
    "it runs every test",
    "it needs several machines",
    "it is for Windows",
    "it runs until it is closed",
    "it needs the page open",  # as test_try_step.py has it
}
COMMAND = ".venv/bin/python -m resnet_finetune "


@dataclass(frozen=True)
class Block:
    """``lines`` without the indentation or the fence; ``remark`` is the comment above it."""

    language: str
    lines: list[str]
    remark: str | None


def blocks(page: Path) -> Iterator[Block]:
    """Those with a fence, and those that are indented, which are commands for a shell."""
    lines = page.read_text(encoding="utf-8").splitlines()
    above: str | None = None
    at = 0
    while at < len(lines):
        line = lines[at]
        fence = re.fullmatch(r"\s*```(\w*)", line)
        indented = line.startswith("    ") and (at == 0 or not lines[at - 1].strip())
        if fence:
            end = next(number for number in range(at + 1, len(lines)) if lines[number].strip() == "```")
            yield Block(fence[1], lines[at + 1 : end], above)
        elif indented:
            end = next((n for n in range(at, len(lines)) if lines[n].strip() and not lines[n].startswith("    ")), len(lines))
            yield Block("sh", [line[4:] for line in lines[at:end]], above)
            end -= 1
        else:
            end = at
        remark = re.fullmatch(r"\s*<!-- (.+) -->", line)
        if remark or line.strip():
            above = remark[1] if remark else None
        at = end + 1


def with_blocks(long: bool) -> list[str]:
    """The pages that hold blocks that take minutes, or others."""
    return [str(page.relative_to(ROOT)) for page in PAGES if any(takes_minutes(block) == long for block in blocks(page))]


def takes_minutes(block: Block) -> bool:
    return block.remark == "takes minutes"


def commands(block: Block) -> list[str]:
    """Of a shell block, each as one line."""
    text = "\n".join(block.lines).replace("\\\n", " ")
    return [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


@pytest.fixture
def there(tmp_path: Path, trained: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with what the docs speak of, but for runs that a page makes itself. Photos and demo are a handful,
    which is judged by cross-validation and not fine-tuned: seconds in place of minutes.
    """
    make_photos(tmp_path / "PHOTOS", each=6)
    make_photos(tmp_path / "OTHER_PHOTOS", each=3)
    shutil.copytree(tmp_path / "OTHER_PHOTOS", tmp_path / "NEW_PHOTOS")
    shutil.copy(tmp_path / "NEW_PHOTOS" / "red" / "00.png", tmp_path / "my-photo.jpg")
    shutil.make_archive(str(tmp_path / "demo"), "zip", tmp_path / "PHOTOS")
    monkeypatch.setattr(intake, "DEMO", tmp_path / "demo.zip")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", with_blocks(long=False))
def test_every_snippet_runs(name: str, there: Path, trained: Path, cli: Cli) -> None:
    run_all(ROOT / name, there, trained, cli, long=False)


@pytest.mark.long
@pytest.mark.parametrize("name", with_blocks(long=True))
def test_every_snippet_that_takes_minutes_runs(name: str, there: Path, trained: Path, cli: Cli) -> None:
    run_all(ROOT / name, there, trained, cli, long=True)


def run_all(page: Path, there: Path, trained: Path, cli: Cli, long: bool) -> None:
    wanted = [block for block in blocks(page) if takes_minutes(block) == long and not left_out(block)]
    made = re.findall(r"(?:--run-dir |run_dir=.)([\w-]+)", "\n".join(line for block in wanted for line in block.lines))
    for run in {"my-run", "my-first-run"} - set(made):
        shutil.copytree(trained, there / run)
    names: dict[str, Any] = {}
    for block in wanted:
        if block.language == "python":
            exec("\n".join(block.lines), names)
        elif block.language == "sh":
            for command in commands(block):
                assert command.startswith(COMMAND), f"{command!r} is no command of this app: say above it why it is not run"
                done = cli(*shlex.split(command.removeprefix(COMMAND), comments=True))
                assert done.returncode == 0, f"{command}\n{done.stderr}"
        else:
            assert block.language in ("text", "json"), f"a block of {block.language or 'no'} language"


def left_out(block: Block) -> bool:
    if block.remark is None or not block.remark.startswith("not run: "):
        return False
    assert block.remark.removeprefix("not run: ") in NOT_RUN
    return True


# Links


def slug(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").strip().lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")


def links(page: Path) -> list[str]:
    """Those to files of the repository, and pictures."""
    found = re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    return [link for link in found if not re.match(r"https?:|mailto:", link)]


@pytest.mark.parametrize("name", NAMES)
def test_every_link_leads_somewhere(name: str) -> None:
    for link in links(ROOT / name):
        file, _, anchor = link.partition("#")
        to = (ROOT / name).parent / file if file else ROOT / name
        assert to.exists(), link
        if anchor:
            headings = re.findall(r"(?m)^#+ (.+)$", to.read_text(encoding="utf-8"))
            assert anchor in map(slug, headings), link


def test_every_page_can_be_found_from_the_readme() -> None:
    found, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in PAGES and page not in found:
            found.add(page)
            waiting += [(page.parent / link.split("#")[0]).resolve() for link in links(page)]
    assert {*DOCS, *READMES} <= found


# What the app is said to say, and what there is


def test_every_option_that_is_named_is_one(cli: Cli) -> None:
    verbs = re.findall(r"(?m)^    (\w[\w-]*)(?:\s|$)", cli("--help").stdout)
    usage = "".join(cli(verb, "--help").stdout for verb in verbs) + (ROOT / "app.py").read_text(encoding="utf-8")
    for page in [*READMES, *DOCS]:
        code = " ".join(re.findall(r"`([^`\n]+)`", page.read_text(encoding="utf-8")))
        named = re.findall(r"(?<![\w-])--[a-z][a-z-]*", code)
        assert [option for option in named if not re.search(rf"{option}\b", usage)] == [], page.name


def test_python_page_tells_every_setting_and_every_event() -> None:
    rows = (ROOT / "docs" / "python-api.md").read_text(encoding="utf-8").splitlines()
    for setting in fields(Settings):
        default = f'"{setting.default}"' if isinstance(setting.default, str) else setting.default
        assert any(row.startswith(f"| `{setting.name}` | `{default}` |") for row in rows), setting.name
    for event in Event.__args__:
        (row,) = [row for row in rows if row.startswith(f"| `{event.__name__}` |")]
        held = [] if event.__name__ == "Stopped" else [one.name for one in fields(event)]  # “the same” as Finished
        assert [name for name in held if f"`{name}`" not in row] == []


ENGLISH_SAID = [*PAGE_ENGLISH.values(), *CHINESE]
CHINESE_SAID = [*PAGE_CHINESE.values(), *CHINESE.values()]


def said(quote: str, templates: list[str]) -> bool:
    """Whether it is a whole sentence or label of the app, or its beginning up to a stop. What stands in the sentence for a
    name or a number may be any.
    """
    quote = " ".join(quote.split())
    for template in (" ".join(template.split()) for template in templates):
        if template.startswith(quote) and not template[len(quote) :][:1].isalnum():
            return True
        parts = [(re.escape(words), "" if name is None else ".+") for words, name, _, _ in Formatter().parse(template)]
        telling = sum(character.isalpha() for words, _ in parts for character in words)
        if telling >= 6 and re.fullmatch("".join(words + value for words, value in parts), quote):
            return True
    return False


def quotes(page: Path) -> list[str]:
    """What stands between “ and ”, and each paragraph that is quoted."""
    text = page.read_text(encoding="utf-8")
    paragraphs = re.findall(r"(?m)(?:^> .*\n)+", text)
    words = re.sub(r"(?m)^> .*$", "", text)
    return re.findall("“([^“”]+)”", words) + [re.sub(r"(?m)^> ", "", paragraph).strip() for paragraph in paragraphs]


@pytest.mark.parametrize(
    ("name", "templates"),
    [
        *((name, ENGLISH_SAID) for name in ("tutorial", "prepare-your-photos", "read-your-results", "when-it-goes-wrong")),
        ("../README.zh", CHINESE_SAID),
    ],
)
def test_what_the_app_is_quoted_with_it_says(name: str, templates: list[str]) -> None:
    there = quotes(ROOT / "docs" / f"{name}.md")
    assert there
    assert [quote for quote in there if not said(quote, templates)] == []
