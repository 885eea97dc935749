"""Everything that the app says can be said in both languages, and is."""

from __future__ import annotations

import ast
import copy
import json
import pickle
import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from conftest import MINUTE, ROOT, Cli, make_photos
from playwright.sync_api import Browser, Locator, Page, expect

from resnet_finetune.runs import lock, parcel, run_folder
from resnet_finetune.runs.run_folder import Run
from resnet_finetune.ui.steps.advisor import ATTEMPT as ADVISOR
from resnet_finetune.ui.wording.chinese import CHINESE as PAGE_CHINESE
from resnet_finetune.ui.wording.english import ENGLISH
from resnet_finetune.ui.wording.texts import duration, percent
from resnet_finetune.words import disk, language, terminal
from resnet_finetune.words.advice import Advice, Candidate
from resnet_finetune.words.chinese import CHINESE
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.events import Failed, Noted, Score, from_json, to_json
from resnet_finetune.words.language import Sentence, joined, reason, say, speaking
from resnet_finetune.words.settings import Settings
from resnet_finetune.words.shortcut_trial import FILE, ShortcutTrial, Trained

SOURCES = [ROOT / "app.py", ROOT / "install.py", *sorted((ROOT / "resnet_finetune").rglob("*.py"))]
SPEAKING = [source for source in SOURCES if re.search(r"language import .*\bsay\b", source.read_text(encoding="utf-8"))]
SPEAKING.append(ROOT / "resnet_finetune" / "words" / "language.py")
LETTER = re.compile("[\u4e00-\u9fff]")

# Names and units, which are the same in both.
ALIKE = {"bring.megabytes", "bring.gigabytes", "advisor.gb", "table.f1", "table.interval", "take.onnx", "take.torch"}

# What makes a sentence for the person: its arguments, or the one of this number or name.
SPEAKERS: dict[str, int | str | None] = {
    "UserError": None,
    "NoRoom": None,
    "NotHere": None,
    "UnreadableTable": None,
    "UnsafeName": None,
    "OutsideName": None,
    "UnreadablePhoto": 1,
    "Noted": "note",
    "Problem": "message",
}


def placeholders(template: str) -> list[str]:
    """With their formats: a number that is rounded in one language is rounded in the other."""
    return sorted(re.findall(r"(?<!\{)\{(\w+(?:![rs])?(?::[^}]*)?)\}", template))


def calls() -> Iterator[tuple[Path, str, ast.Call]]:
    """All calls of a plain name in the app's own code."""
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                yield source, node.func.id, node


def spoken_templates() -> dict[str, str]:
    """Every template that the app says, and where."""
    found = {}
    for source, name, call in calls():
        if name == "say" and source in SPEAKING:
            template = call.args[0]
            assert isinstance(template, ast.Constant), f"{source}:{call.lineno}: a template is written where it is said"
            given = {keyword.arg for keyword in call.keywords} - {None}  # None: of a dictionary
            needed = {re.split("[!:]", one)[0] for one in placeholders(str(template.value))}
            whole = not any(keyword.arg is None for keyword in call.keywords)
            assert given == needed if whole else given <= needed, f"{source}:{call.lineno}: {given ^ needed}"
            found[str(template.value)] = source.name
    return found


# --- The tables --------------------------------------------------------------------------------------------------------


def test_the_page_has_every_text_in_both_languages() -> None:
    assert list(PAGE_CHINESE) == list(ENGLISH)
    for key, english in ENGLISH.items():
        chinese = PAGE_CHINESE[key]
        assert placeholders(chinese) == placeholders(english), key
        assert (chinese == english) == (key in ALIKE), key
        words = re.sub(r"\{[^}]*\}", "", english)
        if key not in ALIKE and re.search("[a-z]{3}", words):
            assert LETTER.search(chinese), key
        assert not re.search("[\u4e00-\u9fff][,;:?!]", chinese), f"{key}: punctuation among Chinese is full-width"


def test_the_page_asks_for_no_text_that_is_not_there() -> None:
    for source, name, call in calls():
        if name == "text":
            branches = [call.args[0].body, call.args[0].orelse] if isinstance(call.args[0], ast.IfExp) else [call.args[0]]
            for key in branches:
                if isinstance(key, ast.Constant):
                    assert key.value in ENGLISH, f"{source}:{call.lineno}"


def test_every_sentence_is_in_the_table_and_every_entry_is_said() -> None:
    templates = spoken_templates()
    assert set(CHINESE) == set(templates)
    for english, chinese in CHINESE.items():
        assert placeholders(chinese) == placeholders(english), english
        assert not re.search("[\u4e00-\u9fff][,;:?!]", chinese), f"{chinese}: punctuation among Chinese is full-width"


def test_whatever_is_said_to_the_person_is_a_sentence() -> None:
    for source, name, call in calls():
        if name not in SPEAKERS:
            continue
        which = SPEAKERS[name]
        said = [keyword.value for keyword in call.keywords if keyword.arg == which] if isinstance(which, str) else call.args
        for message in said[which : which + 1] if isinstance(which, int) else said:
            assert not isinstance(message, ast.JoinedStr | ast.Constant), f"{source}:{call.lineno}: say it with say()"


# --- Sentences ---------------------------------------------------------------------------------------------------------


def test_a_sentence_is_english_as_data_and_shown_as_it_is_spoken() -> None:
    many = say("only {n} photos", n=3)
    sentence = say("It has {many}: add more, {few} at the least and better 50, or leave the class out.", many=many, few=10)
    english = "It has only 3 photos: add more, 10 at the least and better 50, or leave the class out."
    assert sentence == english
    assert f"{sentence}" == str(sentence) == english
    with speaking("zh"):
        assert str(sentence) == f"{sentence}" == "它只有 3 张照片：请再加一些，至少 10 张，最好 50 张，或不用这个类别。"
        assert sentence == english
        assert str(UserError(sentence)) == str(sentence)
        assert language.aloud({"message": [sentence], "n": 1}) == {"message": [str(sentence)], "n": 1}
        again = say("only {n} photos", n=3)  # made while Chinese is spoken
        assert again == many
    assert str(sentence) == english


def test_lists_and_what_the_system_says_are_told_in_the_language() -> None:
    sentence = say(
        "{path} cannot be written ({reason}): put the folder back, or train again.",
        path=Path("x"),
        reason=reason(OSError(28, "No space left on device")),
    )
    assert "No space left on device" in sentence
    two = joined([say("The disk is full ({place}).", place="/x"), say("{megabytes:,.0f} MB are free.", megabytes=1234.5)])
    assert two == "The disk is full (/x). 1,234 MB are free."
    assert say("{names} and {n} more", names=["a", "b"], n=2) == "a, b and 2 more"
    with speaking("zh"):
        assert str(sentence) == "x 无法写入（磁盘空间已满）：请把文件夹放回去，或重新训练。"
        assert str(two) == "磁盘已满（/x）。现在剩余 1,234 MB。"
        assert str(say("{names} and {n} more", names=["a", "b"], n=2)) == "a、b等（另有 2 个）"


def test_sentences_come_back_from_files_and_from_other_processes() -> None:
    inner = say("only {n} photos", n=3)
    sentence = say("It has {many}: add more, {few} at the least and better 50, or leave the class out.", many=inner, few=10)
    for event in (Failed(messages=[sentence, "an old one"], bug=False), Noted(note=sentence)):
        line = json.dumps(to_json(event), ensure_ascii=False)
        back = from_json(json.loads(line))
        assert back == event
        assert isinstance(back, Failed | Noted)
        told = back.messages[0] if isinstance(back, Failed) else back.note
        with speaking("zh"):
            assert str(told) == str(sentence)
            assert str(told) != sentence
    for again in (pickle.loads(pickle.dumps(sentence)), copy.deepcopy(sentence)):
        assert isinstance(again, Sentence)
        assert again == sentence
        with speaking("zh"):
            assert str(again) == str(sentence)


def test_a_file_cannot_make_the_app_say_what_it_does_not_say() -> None:
    """A run may come from a stranger."""
    for values in (
        {"text": "x", "template": "{n.__class__}", "values": {"n": 1}},
        {"text": "x", "template": "only {n} photos", "values": {}},
        {"text": "x", "template": "only {n} photos", "values": {"n": 3}},
        {"text": "x", "template": "{needed:.1f} GB, but only {free:.1f} GB", "values": {"needed": "a", "free": "b"}},
    ):
        back = language.from_json(values)
        assert back == "x"
        assert not isinstance(back, Sentence)
    assert language.from_json("a sentence of an earlier version") == "a sentence of an earlier version"


def test_numbers_are_written_as_the_language_has_it() -> None:
    with speaking("zh"):
        assert [percent(0.5), percent(0.999), percent(0.001)] == ["50%", ">99%", "<1%"]
        assert [duration(7), duration(80), duration(1200), duration(7500)] == ["7 秒", "1 分 20 秒", "20 分钟", "2 小时 5 分"]


# --- The command line --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environment", "spoken"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LANG": "en_GB.UTF-8", "LC_MESSAGES": "zh_CN"}, "zh"),
        ({"LANG": "de_DE.UTF-8", "LC_ALL": ""}, "en"),
    ],
)
def test_the_terminal_says_its_language(environment: dict[str, str], spoken: str) -> None:
    assert terminal.language(environment) == spoken


def test_a_chinese_letter_is_two_cells_wide() -> None:
    assert terminal.width("类别 A") == 6
    assert terminal.padded("类别", 6) == "类别  "
    assert terminal.padded("12", 4, right=True) == "  12"


@pytest.fixture
def chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")


@pytest.mark.usefixtures("chinese")
def test_the_command_line_in_chinese(cli: Cli, tmp_path: Path) -> None:
    photos = make_photos(tmp_path / "photos", each=3)
    (photos / "red" / "note.png").write_text("no photo")
    done = cli("check", photos)
    assert done.returncode == 0, done.stderr
    assert "有 9 张照片可用，分为 3 个类别；1 个文件不可用。" in done.stdout
    assert "照片太少" in done.stdout
    assert "它只有 3 张照片" in done.stdout
    told = json.loads(cli("check", photos, "--json").stdout.splitlines()[-1])
    assert {problem["kind"] for problem in told["problems"]} >= {"too-few", "not-a-photo"}
    assert all(LETTER.search(problem["message"]) for problem in told["problems"])
    assert cli("check", tmp_path / "nowhere").stderr.startswith("没有名为")
    assert "还没有训练。" in cli("runs").stdout


@pytest.mark.usefixtures("chinese")
@pytest.mark.parametrize(
    "verb", [[], ["check"], ["advise"], ["find-rate"], ["train"], ["bundle"], ["evaluate"], ["predict"], ["export"], ["runs"]]
)
def test_the_help_in_chinese(cli: Cli, verb: list[str]) -> None:
    done = cli(*verb, "--help")
    assert done.returncode == 0
    for line in done.stdout.splitlines():
        assert not re.search(r"\b[a-z]{3,} [a-z]{2,} [a-z]{2,}\b", line), line
    wrong = cli(*verb, "--nonsense") if verb else cli("fly")
    assert wrong.returncode == 2
    assert "用法：" in wrong.stderr
    assert "错误：" in wrong.stderr


# --- The page ----------------------------------------------------------------------------------------------------------

# Words that are the same in both: names, formats, what stands in files and commands.
SAME = re.compile(
    r"Wide ResNet|ResNe[Xx]t|ResNet-?\w*|wide_resnet\w+|resnext\w+|ImageNet|BSD-3-Clause|Apache-2\.0|CC-BY-NC-[\d.]+"
    r"|ReLU|Grad-CAM|NaN|SGD|stem|head|layer\d|Selvaraju|et al\.|Yang|Veit|SSL"
    r"|resnet\d+|resnet_finetune|safetensors|Hugging Face|Space|PyTorch|torch(\.export)?|timm|ONNX|Python|JSON|HTML|curl"
    r"|CSV|PNG|SVG|JPEG|HEIC|AVIF|WebP|TIFF|GIF|BMP|zip|tar|sha256|CPU|GPU|CUDA|float\d+|bfloat\d+|Ctrl|McNemar|ROC|English|MB|GB|model\.\w+|F1|macro"
)
HIDDEN = "code, pre, kbd, img, script, style, textarea, input, .runs strong, select"


def english_in(page: Page, own: re.Pattern[str]) -> list[str]:
    """Runs of two and more English words that can be seen, without names."""
    lines: list[str] = page.evaluate(
        """(hidden) => {
            const lines = [];
            const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
            while (walk.nextNode()) {
                const element = walk.currentNode.parentElement;
                if (element.closest(hidden) || !element.checkVisibility({ visibilityProperty: true })) continue;
                lines.push(walk.currentNode.textContent);
            }
            const spoken = "[placeholder], [aria-label], [title]";
            for (const element of document.querySelectorAll(spoken)) {
                if (!element.checkVisibility({ visibilityProperty: true }) || element.matches("img")) continue;
                for (const name of ["placeholder", "aria-label", "title"]) lines.push(element.getAttribute(name) ?? "");
            }
            return lines;
        }""",
        HIDDEN,
    )
    return english_among(lines, own)


def english_among(lines: Iterable[str], own: re.Pattern[str]) -> list[str]:
    rest = (SAME.sub(" ", own.sub(" ", line)) for line in lines)
    return [line.strip() for line in rest if re.search(r"[A-Za-z]{3,}", line)]


def names_of(tmp_path: Path) -> re.Pattern[str]:
    """Folders, files and classes of the tests' photos."""
    folders = (str(tmp_path), str(Path.home()), "blue", "green", "red", "photos", "note.png", "run")
    return re.compile("|".join(map(re.escape, folders)) + r"|\d+\.png|/[\w/.-]+")


def step(page: Page, number: int) -> Locator:
    return page.locator(".steps > .tab-wrapper").get_by_role("tab").nth(number)


def unfold(page: Page) -> None:
    """All that is folded and can be seen."""
    for label in page.locator(".label-wrap").all():
        if label.is_visible() and "open" not in str(label.get_attribute("class")):
            label.click()


def test_no_screen_is_half_translated(browser: Browser, url: str, server_home: Path, trained: Path, tmp_path: Path) -> None:
    with browser.new_context(locale="zh-CN", viewport={"width": 1280, "height": 800}) as context:
        mistakes: list[str] = []
        context.on("weberror", lambda error: mistakes.append(str(error.error)))
        page = context.new_page()
        page.goto(url)
        expect(page).to_have_url(f"{url}/zh/")
        expect(page).to_have_title("让神经网络学会认你的照片")
        assert page.locator("html").get_attribute("lang") == "zh-CN"
        own = names_of(tmp_path)

        def check(what: str) -> None:
            page.wait_for_timeout(600)
            assert english_in(page, own) == [], what

        # Photos of which there is something to say, and the doctor.
        photos = make_photos(tmp_path / "photos", each=4)
        (photos / "red" / "note.png").write_text("no photo")
        (photos / "red" / "00.png").write_bytes((photos / "blue" / "00.png").read_bytes())
        check("the first step")
        page.locator("#data-make button").first.click()
        check("the maker")
        page.locator("#data-browse").click()
        page.locator("#data-path").get_by_role("textbox").fill(str(tmp_path / "nowhere"))
        page.locator("#data-look").click()
        expect(page.locator("#data-findings")).to_contain_text("没有名为")
        page.locator("#data-path").get_by_role("textbox").fill(str(photos))
        page.locator("#data-look").click()
        expect(page.locator("#data-findings")).to_contain_text("张照片，3 个类别", timeout=MINUTE)
        page.evaluate("document.querySelectorAll('details').forEach((one) => one.open = true)")
        check("the doctor")
        for number in (1, 2, 3, 4, 5, 6):
            step(page, number).click()
            unfold(page)
            check(f"step {number + 1}")

        # A run that failed while English was spoken, and the results of one that did not.
        file = tmp_path / "run.zip"
        with file.open("wb") as saved:
            parcel.pack(Run(trained), saved)
        page.locator("#runs-unpack input[type=file], input[type=file]").last.set_input_files(file)
        expect(page.locator("#runs-said")).to_contain_text("已经在这里了", timeout=MINUTE)
        check("my runs")
        step(page, 3).click()
        expect(page.locator("#results-summary")).to_contain_text("张测试照片认对了", timeout=MINUTE)
        page.locator("#results-matrix button[data-do]").first.click()
        expect(page.locator("#results-cell img").first).to_be_visible()
        check("the results")
        unfold(page)
        page.locator("#map-make").click()
        expect(page.locator("#map-plane svg").first).to_be_visible(timeout=MINUTE)
        check("the map")
        page.locator("#results-cell button.look").first.click()
        expect(page.locator("#results-why .why")).to_be_visible(timeout=MINUTE)
        check("why")
        page.keyboard.press("Escape")
        report = page.locator("#proof a").get_attribute("href")
        answer = page.evaluate("async (address) => (await fetch(address)).text()", report)
        assert '<html lang="zh-CN">' in answer
        assert "张测试照片认对了" in answer

        # The same step in the other language, at once, and kept.
        page.locator("a.language").click()
        expect(page).to_have_url(f"{url}/")
        expect(step(page, 3)).to_have_attribute("aria-selected", "true", timeout=MINUTE)
        expect(page.locator("#results-summary")).to_contain_text("test photos named right", timeout=MINUTE)
        for number in range(7):
            step(page, number).click()
            page.wait_for_timeout(300)
            seen = page.locator("body").inner_text().replace("中文", "")
            assert not LETTER.search(seen), [line for line in seen.splitlines() if LETTER.search(line)]
        page.goto(url)
        expect(page).to_have_url(f"{url}/")
        assert mistakes == []


@pytest.fixture
def runs(server_home: Path, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two finished runs, of which the newer has a photo in the wrong class, and one of a single class, which failed. And what
    came of an experiment.
    """
    monkeypatch.setenv("RESNET_FINETUNE_HOME", str(server_home))
    runs = server_home / "runs"
    shutil.rmtree(runs, ignore_errors=True)
    photos = shutil.copytree(trained.parent / "photos", tmp_path / "photos")
    (photos / "red" / "00.png").rename(photos / "blue" / "99.png")
    for name, data, created in (("run 1", trained.parent / "photos", "2026-01-01"), ("run 2", photos, "2026-01-02")):
        shutil.copytree(trained, runs / name)
        about = disk.read_json(runs / name / "run.json")
        about |= {"settings": about["settings"] | {"data": str(data)}, "created": f"{created}T12:00:00+00:00"}
        disk.write_json(runs / name / "run.json", about)
    networks = [
        Trained(depth=18, shortcut=shortcut, bare_gradients=[1e-4, 1.0], gradients=[2.0, 1.0, 0.5], losses=[1.6] * 120)
        for shortcut in (False, True)
    ]
    trial = ShortcutTrial(photos=130, classes=5, data="demo", seconds=63.0, steps=120, networks=networks)
    disk.write_json(server_home / FILE, trial.to_json())
    settings = run_folder.create(Settings(data=str(make_photos(tmp_path / "single", ("red",)))), "run 3")
    assert isinstance(list(run_folder.record(settings))[-1], Failed)
    return runs


def test_what_fails_goes_on_or_is_found_is_in_chinese(browser: Browser, url: str, runs: Path, tmp_path: Path) -> None:
    with browser.new_context(locale="zh-CN", viewport={"width": 1280, "height": 800}) as context:
        page, own = context.new_page(), names_of(tmp_path)

        def check(what: str) -> None:
            page.wait_for_timeout(600)
            assert english_in(page, own) == [], what

        page.goto(f"{url}/zh/")
        step(page, 2).click()
        expect(page.locator("#train-status")).to_contain_text("没有成功", timeout=MINUTE)
        check("a run that failed")

        live = shutil.copytree(runs / "run 1", runs / "run 4")
        events = (live / "events.jsonl").read_text(encoding="utf-8").splitlines()
        steps = [number for number, line in enumerate(events) if '"Step"' in line]
        (live / "events.jsonl").write_text("\n".join(events[: steps[len(steps) // 2] + 1]) + "\n", encoding="utf-8")
        with lock.hold(live):
            page.goto(f"{url}/zh/")
            expect(page.locator("#train-gradients")).to_contain_text("正常。", timeout=MINUTE)
            check("a training that goes on")
        shutil.rmtree(live)

        page.goto(f"{url}/zh/")
        step(page, 3).click()
        expect(page.locator("#results-summary")).to_contain_text("张测试照片认对了", timeout=MINUTE)
        unfold(page)
        page.locator("#suspects-ask").click()
        expect(page.locator("#suspects [data-photo]")).to_have_count(1, timeout=MINUTE)
        page.locator("#learning-ask").click()
        expect(page.locator("#learning table")).to_be_visible(timeout=MINUTE)
        page.locator("#take").get_by_role("button").last.click()  # the weights, which are the quickest
        expect(page.locator("#take .message.good, #take .message.bad")).to_have_count(1, timeout=5 * MINUTE)
        check("wrong labels, more photos, taken away")
        page.locator("#suspects [data-photo] button").first.click()
        check("a verdict")

        step(page, 5).click()
        page.locator("#network-ask").click(timeout=MINUTE)
        page.locator("#network g.block").nth(2).click(timeout=MINUTE)
        expect(page.locator("#network-block")).to_contain_text("1×1 卷积", timeout=MINUTE)
        page.locator("#inside-stages .label-wrap").click()
        page.locator("#stages-photos button").first.click()
        expect(page.locator("#stages figure")).to_have_count(5, timeout=MINUTE)
        page.locator("#inside-shortcuts .label-wrap").click()
        expect(page.locator("#shortcuts svg")).to_have_count(4, timeout=MINUTE)
        check("inside the network")

        step(page, 6).click()
        buttons = page.locator("#runs-list").get_by_role("button", name="比较")
        expect(buttons).to_have_count(2, timeout=MINUTE)
        for number in (0, 1):
            buttons.nth(number).click()
            expect(buttons.nth(number)).to_have_attribute("aria-pressed", "true")
        expect(page.locator("#runs-comparison table").first).to_be_visible(timeout=MINUTE)
        check("two runs side by side")


@pytest.mark.parametrize(("raced", "recommended"), [(0, "resnet18"), (1, "resnet18"), (3, "resnet18"), (3, "resnet50.a1")])
def test_the_advisors_answer_is_in_chinese(raced: int, recommended: str) -> None:
    score = Score(accuracy=0.9, low=0.8, high=0.95, n=100)
    candidates = tuple(
        Candidate(
            model=model, parameters_m=11.7, memory_gb=1.2, epoch_seconds=75.0, here=True, download_mb=46.8,
            score=score if number < raced else None,
        )
        for number, model in enumerate(("resnet18", "resnet34", "resnet50.a1", "resnet50.tv2"))
    )  # fmt: skip
    with speaking("zh"):
        said, _ = ADVISOR.answer(Advice(candidates=candidates, recommended=recommended, usual="resnet18", photos=130), None)
    assert english_among(re.split("<[^>]*>", str(said)), re.compile("$.")) == []
