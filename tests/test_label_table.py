from __future__ import annotations

import csv
import io
import os
import re
import zipfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pytest
from openpyxl import Workbook

from resnet_finetune.data import label_table
from resnet_finetune.data.label_table import LabelTable, UnreadableTable, is_table, read_table

PETS = [["1.jpg", "cat"], ["2.jpg", "dog"], ["3.jpg", "cat"]]
LABELS = {"1.jpg": "cat", "2.jpg": "dog", "3.jpg": "cat"}


def write_csv(path: Path, rows: Iterable[Sequence[str]], delimiter: str = ",", encoding: str = "utf-8") -> Path:
    with path.open("w", newline="", encoding=encoding) as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)
    return path


def write_excel(path: Path, *sheets: Iterable[Sequence[object]]) -> Path:
    book = Workbook(write_only=True)
    for number, rows in enumerate(sheets):
        sheet = book.create_sheet(f"Sheet {number}")
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


WRITERS: dict[str, Callable[[Path, list[list[str]]], Path]] = {
    "csv": lambda folder, rows: write_csv(folder / "labels.csv", rows),
    "tsv": lambda folder, rows: write_csv(folder / "labels.tsv", rows, delimiter="\t"),
    "xlsx": lambda folder, rows: write_excel(folder / "labels.xlsx", rows),
}
every_format = pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)


def table(path: Path) -> LabelTable:
    found = read_table(path)
    assert found is not None
    return found


def csv_table(tmp_path: Path, text: str) -> LabelTable | None:
    (tmp_path / "labels.csv").write_text(text, encoding="utf-8")
    return read_table(tmp_path / "labels.csv")


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("labels.csv", True),
        ("Labels.XLSX", True),
        ("more/labels.tsv", True),
        ("labels.xls", False),
        ("labels.txt", False),
        ("csv", False),
        ("~$labels.xlsx", False),
        ("more/~$labels.xlsx", False),
    ],
)
def test_what_may_be_a_table(name: str, answer: bool) -> None:
    assert is_table(name) is answer


# --- Columns -----------------------------------------------------------------------------------------------------------


@every_format
@pytest.mark.parametrize(
    "header",
    [
        ["file", "label"],
        ["Filename", "CLASS"],
        ["file_name", "class_name"],
        ["Image Path", "Category"],
        ["id", "breed"],
        ["image", "y"],
        ["文件名", "标签"],
        ["图片", "类别"],
        ["Dateiname", "Klasse"],
        ["Nom du fichier", "Catégorie"],
        ["fichier", "étiquette"],
        ["Imagen", "Categoría"],
        ["image", "name"],  # neither is a label by its name
        ["Foto-Nr.", "Was es ist"],  # nobody could know these
        [],
    ],
    ids=" ".join,
)
def test_headers(tmp_path: Path, write: Callable[[Path, list[list[str]]], Path], header: list[str]) -> None:
    assert table(write(tmp_path, [header, *PETS] if header else PETS)) == LabelTable(
        labels=LABELS, conflicts=[], unlabelled=[], splits={}
    )
    swapped = [row[::-1] for row in [header, *PETS]] if header else [row[::-1] for row in PETS]
    assert table(write(tmp_path, swapped)).labels == LABELS


@every_format
def test_more_columns(tmp_path: Path, write: Callable[[Path, list[list[str]]], Path]) -> None:
    rows = [
        ["", "id", "width", "height", "filename", "class", "xmin", "ymin"],
        ["0", "7", "640", "480", "1.jpg", "cat", "3", "4"],
        ["1", "8", "640", "480", "2.jpg", "dog", "5", "6"],
    ]
    assert table(write(tmp_path, rows)).labels == {"1.jpg": "cat", "2.jpg": "dog"}


def test_the_more_telling_column_is_taken(tmp_path: Path) -> None:
    text = "id,label,label_name,path\n1,0,cat,a/1.jpg\n2,1,dog,a/2.jpg\n"
    found = csv_table(tmp_path, text)
    assert found is not None
    assert found.labels == {"a/1.jpg": "cat", "a/2.jpg": "dog"}


def test_where_a_thing_is_in_the_photo_is_no_label(tmp_path: Path) -> None:
    assert csv_table(tmp_path, "image,x,y\n1.jpg,10,20\n2.jpg,30,40\n") is None


def test_a_label_that_is_called_like_a_column(tmp_path: Path) -> None:
    found = csv_table(tmp_path, "1.jpg,tag\n2.jpg,nacht\n3.jpg,tag\n")
    assert found is not None
    assert found.labels == {"1.jpg": "tag", "2.jpg": "nacht", "3.jpg": "tag"}


def test_files_without_suffix_are_kept_as_written(tmp_path: Path) -> None:
    found = csv_table(
        tmp_path, "id,breed\n000bec180eb18c7604dcecc8fe0dba07,boston_bull\n001513dfcb2ffafc82cccf4d8bbaba97,dingo\n"
    )
    assert found is not None
    assert found.labels == {"000bec180eb18c7604dcecc8fe0dba07": "boston_bull", "001513dfcb2ffafc82cccf4d8bbaba97": "dingo"}


@every_format
def test_titles_and_empty_rows(tmp_path: Path, write: Callable[[Path, list[list[str]]], Path]) -> None:
    rows = [["My photos", ""], [], ["", ""], ["file", "label"], ["1.jpg", "cat"], ["", " "], ["2.jpg", "dog"], []]
    assert table(write(tmp_path, rows)).labels == {"1.jpg": "cat", "2.jpg": "dog"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n\n",
        "file,label",  # nothing else; but it is a table
        "hello",
        "name;age\nAnna;7\nBen;8\n",
        "photo.jpg,mask.png\nphoto2.jpg,mask2.png\n",
        "1.jpg,3,4\n2.jpg,5,6\n",
        "1.jpg\n2.jpg\n",
        "{\"a\": [1, 2, 3]}",
        "\0\1\2\3",
    ],
)  # fmt: skip
def test_a_table_of_something_else(tmp_path: Path, text: str) -> None:
    found = csv_table(tmp_path, text)
    assert found == (LabelTable(labels={}, conflicts=[], unlabelled=[], splits={}) if text == "file,label" else None)


# --- What is read ------------------------------------------------------------------------------------------------------


@every_format
def test_conflicts_and_rows_without_a_label(tmp_path: Path, write: Callable[[Path, list[list[str]]], Path]) -> None:
    rows = [
        ["file", "label", "split"],
        ["1.jpg", "cat", "train"],
        ["2.jpg", "dog", "test"],
        ["2.jpg", "cat", "test"],
        ["3.jpg", "", "train"],
        ["4.jpg", "cat", "train"],
        ["./4.jpg", " cat ", "train"],
        ["5.jpg", "", ""],
        ["5.jpg", "dog", "test"],
        ["", "dog", "test"],
        ["6.jpg"],
    ]
    assert table(write(tmp_path, rows)) == LabelTable(
        labels={"1.jpg": "cat", "4.jpg": "cat", "5.jpg": "dog"},
        conflicts=["2.jpg"],
        unlabelled=["3.jpg", "6.jpg"],
        splits={"1.jpg": "train", "3.jpg": "train", "4.jpg": "train", "5.jpg": "test"},
    )


@pytest.mark.parametrize(
    ("name", "words", "is_split"),
    [
        ("split", ["train", "val", "test"], True),
        ("data set", ["Training", "Validation", "Test"], True),
        ("subset", ["train", "train", "unlabelled"], True),
        ("fold", ["0", "1", "2"], False),
        ("set", ["A", "B", "C"], False),
        ("comment", ["train", "val", "test"], False),
    ],
)
def test_splits(tmp_path: Path, name: str, words: list[str], is_split: bool) -> None:
    rows = [[*row, word] for row, word in zip(PETS, words, strict=True)]
    found = table(write_csv(tmp_path / "labels.csv", [["file", "label", name], *rows]))
    assert found.labels == LABELS
    assert found.splits == (dict(zip(LABELS, words, strict=True)) if is_split else {})


@every_format
def test_names_of_files(tmp_path: Path, write: Callable[[Path, list[list[str]]], Path]) -> None:
    written = ["./a/1.jpg", "a\\2.jpg", ".\\3.jpg", " 4.jpg ", "Ga\u0308nse.jpg", "C:\\photos\\6.jpg", "../7.jpg", "a b, c.jpg"]
    expected = ["a/1.jpg", "a/2.jpg", "3.jpg", "4.jpg", "Gänse.jpg", "C:/photos/6.jpg", "../7.jpg", "a b, c.jpg"]
    found = table(write(tmp_path, [["file", "label"], *([name, "x"] for name in written)]))
    assert list(found.labels) == expected


@every_format
def test_labels(tmp_path: Path, write: Callable[[Path, list[list[str]]], Path]) -> None:
    written = ["  grey \n  cat\t", "../../etc/passwd", "Ka\u0308fer", "x" * 1000, 'say "miau"', "猫", "0", "\u00a0", "a, b; c"]
    expected = ["grey cat", "../../etc/passwd", "Käfer", "x" * 100, 'say "miau"', "猫", "0", None, "a, b; c"]
    rows = [[f"{number}.jpg", label] for number, label in enumerate(written)]
    found = table(write(tmp_path, [["file", "label"], *rows]))
    assert [found.labels.get(f"{number}.jpg") for number in range(len(written))] == expected
    assert found.unlabelled == ["7.jpg"]


def test_control_characters(tmp_path: Path) -> None:
    found = csv_table(tmp_path, "file,label\n1.jpg,\x1b[31mred\x07\n2.j\0pg,c\0at\n")
    assert found is not None
    assert found.labels == {"1.jpg": "[31mred", "2.jpg": "cat"}


# --- CSV ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters(tmp_path: Path, delimiter: str) -> None:
    rows = [["file", "label"], *PETS, ["4.jpg", "cat, small; grey | old"], ["5, or 6.jpg", "dog, brown"]]
    found = table(write_csv(tmp_path / "labels.csv", rows, delimiter))
    assert found.labels == {**LABELS, "4.jpg": "cat, small; grey | old", "5, or 6.jpg": "dog, brown"}


def test_a_delimiter_that_is_in_all_labels_as_well(tmp_path: Path) -> None:
    found = csv_table(tmp_path, "file;label\n1.jpg;cat, small\n2.jpg;dog, big\n")
    assert found is not None
    assert found.labels == {"1.jpg": "cat, small", "2.jpg": "dog, big"}


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_ends_of_lines(tmp_path: Path, newline: str) -> None:
    (tmp_path / "labels.csv").write_bytes(newline.join(["file,label", '1.jpg,"grey', 'cat"', "2.jpg,dog"]).encode())
    assert table(tmp_path / "labels.csv").labels == {"1.jpg": "grey cat", "2.jpg": "dog"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    rows = [["Datei", "Klasse"], ["Gänse.jpg", "Gänsefüßchen"], ["Café.jpg", "café"]]
    found = table(write_csv(tmp_path / "labels.csv", rows, encoding=encoding))
    assert found.labels == {"Gänse.jpg": "Gänsefüßchen", "Café.jpg": "café"}


@pytest.mark.parametrize("head", [["文件名", "标签"], ["file", "label"]])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_chinese_encodings(tmp_path: Path, encoding: str, head: list[str]) -> None:
    rows = [head, ["猫一.jpg", "猫"], ["狗一.jpg", "狗"]]
    assert table(write_csv(tmp_path / "labels.csv", rows, encoding=encoding)).labels == {"猫一.jpg": "猫", "狗一.jpg": "狗"}


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_bytes(b"file,label\n1.jpg,\x81\x8d\n2.jpg,dog\n")
    assert table(tmp_path / "labels.csv").labels["2.jpg"] == "dog"


def test_a_quotation_mark_that_is_never_closed(tmp_path: Path) -> None:
    rows = "".join(f"{number}.jpg,dog\n" for number in range(20_000))
    for text in ('file,label\n1.jpg,"cat\n' + rows, 'file,label\n1.jpg,"cat" or so\n'):
        with pytest.raises(UnreadableTable, match="The quotation marks in line 2 make no sense"):
            csv_table(tmp_path, text)
    assert csv_table(tmp_path, 'text,number\n"never closed,3\n') is None


# --- Excel -------------------------------------------------------------------------------------------------------------


def test_values_of_excel(tmp_path: Path) -> None:
    values: list[object] = [1, 2.0, 0.5, True, "3", 1e15, None, "#N/A"]
    rows: list[list[object]] = [[number + 1.0, value] for number, value in enumerate(values)]
    found = table(write_excel(tmp_path / "labels.xlsx", [["id", "label"], *rows]))
    assert found.labels == {"1": "1", "2": "2", "3": "0.5", "4": "TRUE", "5": "3", "6": "1000000000000000"}
    assert found.unlabelled == ["7", "8"]


def test_the_first_sheet_that_has_such_a_table(tmp_path: Path) -> None:
    path = write_excel(tmp_path / "labels.xlsx", [], [["Notes"], ["x"]], [["file", "label"], *PETS], [["9.jpg", "bird"]])
    assert table(path).labels == LABELS
    assert read_table(write_excel(tmp_path / "other.xlsx", [["Notes"], ["x"]])) is None


def test_merged_cells_and_formulas(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    sheet.append(["All my photos"])
    sheet.merge_cells("A1:B1")
    for row in (["file", "label"], ["1.jpg", "cat"], ["2.jpg", '=UPPER("dog")']):
        sheet.append(row)
    book.save(tmp_path / "labels.xlsx")  # without the values of formulas, as no Excel has computed them
    found = table(tmp_path / "labels.xlsx")
    assert (found.labels, found.unlabelled) == ({"1.jpg": "cat"}, ["2.jpg"])


def changed(path: Path, part: str, change: Callable[[bytes], bytes]) -> Path:
    """Change one part of an .xlsx, or add it."""
    with zipfile.ZipFile(path) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    contents[part] = change(contents.get(part, b""))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return path


SHEET = "xl/worksheets/sheet1.xml"


def sheet_of(folder: Path, rows: bytes) -> Path:
    path = write_excel(folder / "labels.xlsx", [["file", "label"]])
    return changed(
        path, SHEET, lambda xml: re.sub(b"<sheetData>.*</sheetData>", lambda _: b"<sheetData>" + rows + b"</sheetData>", xml)
    )


def text_row(number: int, *cells: str) -> bytes:
    written = "".join(
        f'<c r="{column}{number}" t="inlineStr"><is><t>{cell}</t></is></c>' for column, cell in zip("AB", cells, strict=True)
    )
    return f'<row r="{number}">{written}</row>'.encode()


@pytest.mark.parametrize("claim", [b"A1:XFD1048576", b"A1:A1"])
def test_what_a_sheet_claims_of_its_size(tmp_path: Path, claim: bytes) -> None:
    path = write_excel(tmp_path / "labels.xlsx", [["file", "label"], *PETS])
    dimension = b'<dimension ref="' + claim + b'"/><sheetData>'
    assert table(changed(path, SHEET, lambda xml: xml.replace(b"<sheetData>", dimension))).labels == LABELS


def test_cells_and_rows_that_are_far_away(tmp_path: Path) -> None:
    rows = text_row(1, "file", "label") + text_row(2, "1.jpg", "cat")
    far = b'<row r="3"><c r="A3" t="inlineStr"><is><t>2.jpg</t></is></c><c r="XFD3"><v>1</v></c></row>'
    farther = b'<row r="999999999999"><c r="A999999999999"><v>3</v></c><c><v>4.50</v></c></row>'
    found = table(sheet_of(tmp_path, rows + far + farther))
    assert (found.labels, found.unlabelled) == ({"1.jpg": "cat", "3": "4.50"}, ["2.jpg"])


def test_cells_without_a_place(tmp_path: Path) -> None:
    row = b'<row><c t="inlineStr"><is><t>1.jpg</t></is></c><c t="str"><f>UPPER("cat")</f><v>CAT</v></c></row>'
    assert table(sheet_of(tmp_path, row + row)).labels == {"1.jpg": "CAT"}


def test_text_in_several_styles_and_how_it_is_pronounced(tmp_path: Path) -> None:
    cell = "<r><t>茶</t></r><r><rPr><b/></rPr><t>色</t></r><rPh sb='0' eb='2'><t>チャイロ</t></rPh><phoneticPr fontId='1'/>"
    rows = f"<row><c t='inlineStr'><is><t>1.jpg</t></is></c><c t='inlineStr'><is>{cell}</is></c></row>"
    assert table(sheet_of(tmp_path, rows.encode())).labels == {"1.jpg": "茶色"}

    path = sheet_of(tmp_path, b"<row><c t='s'><v>1</v></c><c t='s'><v>0</v></c></row>")
    shared = f"<sst xmlns='x'><si>{cell}</si><si><t>2.jpg</t></si></sst>".encode()
    assert table(changed(path, label_table.STRINGS, lambda _: shared)).labels == {"2.jpg": "茶色"}


def test_elements_with_a_prefix(tmp_path: Path) -> None:
    path = write_excel(tmp_path / "labels.xlsx", [["file", "label"], *PETS])
    changed(path, SHEET, lambda xml: re.sub(b"(</?)([a-zA-Z])", rb"\1x:\2", xml).replace(b" xmlns=", b" xmlns:x="))
    assert table(path).labels == LABELS


# --- What is refused ---------------------------------------------------------------------------------------------------


def bomb(path: Path, size: int) -> Path:
    write_excel(path, [["file", "label"]])
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive, archive.open("xl/more.xml", "w") as file:
        for _ in range(size // 10**6):
            file.write(b" " * 10**6)
    return path


def unbounded(path: Path) -> Path:
    write_excel(path, [["file", "label"]])
    with zipfile.ZipFile(path, "a", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("xl/more.xml", b" " * 10**6)
    return path


def with_row(path: Path, cells: bytes) -> Path:
    return sheet_of(path.parent, b"<row>" + cells + b"</row>")


def with_flag(path: Path) -> Path:
    data = path.read_bytes()
    at = data.index(b"PK\x01\x02") + 8
    path.write_bytes(data[:at] + bytes([data[at] | 1]) + data[at + 1 :])
    return path


def parts(path: Path, more: int) -> Path:
    """A workbook of so many more parts, each of which is an object to zipfile."""
    write_excel(path, [["file", "label"], *PETS])
    with zipfile.ZipFile(path, "a") as archive:
        for number in range(more):
            archive.writestr(f"xl/media/{number}.png", b"")
    return path


def test_a_workbook_of_many_parts(tmp_path: Path) -> None:
    assert table(parts(tmp_path / "labels.xlsx", 9_900)).labels == LABELS


def in_encoding(path: Path, name: bytes) -> Path:
    declared = b'<?xml version="1.0" encoding="' + name + b'"?>'
    return changed(write_excel(path, PETS), SHEET, lambda xml: declared + re.sub(b"^<[?][^>]*>", b"", xml))


def entities(path: Path) -> Path:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha"}">' for n in range(10))
    write_excel(path, [["file", "label"], *PETS])
    return changed(path, SHEET, lambda xml: re.sub(b"^(<[?][^>]*>)?", lambda _: f"<!DOCTYPE x [{laughs}]>".encode(), xml))


REFUSED: dict[str, tuple[Callable[[Path], object], str]] = {
    "nothing": (lambda path: path.touch(), "It is damaged"),
    "text": (lambda path: path.write_text("file,label"), "It is damaged"),
    "a zip of photos": (lambda path: zipfile.ZipFile(path, "w").writestr("1.jpg", b"x"), "It is damaged"),
    "cut": (lambda path: path.write_bytes(write_excel(path, PETS).read_bytes()[:-40]), "It is damaged"),
    "XML cut": (lambda path: changed(write_excel(path, PETS), SHEET, lambda xml: xml[: len(xml) // 2]), "It is damaged"),
    "sheet empty": (lambda path: changed(write_excel(path, PETS), SHEET, lambda xml: b""), "It is damaged"),
    "no number": (lambda path: with_row(path, b"<c><v>1.jpg</v></c>"), "It is damaged"),
    "no such string": (lambda path: with_row(path, b'<c t="s"><v>7</v></c>'), "It is damaged"),
    "XML in an unknown encoding": (lambda path: in_encoding(path, b"foo"), "It is damaged"),
    "XML in an encoding of no letters": (lambda path: in_encoding(path, b"rot13"), "It is damaged"),
    "of too many parts": (lambda path: parts(path, 9_999), "It is damaged"),
    "deep": (lambda path: with_row(path, b"<a>" * 200 + b"</a>" * 200), "It is damaged"),
    "long tag": (lambda path: with_row(path, b'<c r="' + os.urandom(10**6).hex().encode() + b'"/>'), "It is too large"),
    "locked as a zip": (lambda path: with_flag(write_excel(path, PETS)), "It is locked"),
    "entities": (entities, "It is damaged"),
    "locked": (lambda path: path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(5000)), "It is locked"),
    "bomb": (lambda path: bomb(path, 30 * 10**6), "It is too large when unpacked"),
    "large": (lambda path: bomb(path, 201 * 10**6), "It is too large when unpacked"),
    "unbounded": (unbounded, "It is too large when unpacked"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_excel_files_that_are_refused(name: str, tmp_path: Path) -> None:
    make, reason = REFUSED[name]
    make(tmp_path / "labels.xlsx")
    with pytest.raises(UnreadableTable) as caught:
        read_table(tmp_path / "labels.xlsx")
    assert caught.value.message.startswith(reason)
    assert caught.value.message.endswith(".")
    assert ": " in caught.value.message  # what to do
    assert "labels.xlsx" not in caught.value.message


@every_format
def test_too_many_rows(tmp_path: Path, write: Callable[[Path, list[list[str]]], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(label_table, "MAX_ROWS", 3)
    assert table(write(tmp_path, [[], *PETS, []])).labels == LABELS
    with pytest.raises(UnreadableTable, match="more than 3 rows"):
        read_table(write(tmp_path, [*PETS, ["4.jpg", "dog"]]))


def test_too_many_elements(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(label_table, "MAX_ELEMENTS", 5)
    with pytest.raises(UnreadableTable, match="It is too large when unpacked"):
        read_table(write_excel(tmp_path / "labels.xlsx", PETS))


def test_too_many_bytes(tmp_path: Path) -> None:
    for name in ("labels.csv", "labels.xlsx"):
        with (tmp_path / name).open("wb") as file:
            file.truncate(50 * 10**6 + 1)
        with pytest.raises(UnreadableTable, match="It is larger than 50 MB: save only"):
            read_table(tmp_path / name)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UnreadableTable, match="It could not be read"):
        read_table(tmp_path / "labels.csv")


@pytest.mark.parametrize("text", ["," * 10**6, "\n" * 10**6, '"' * 10**6, "x" * 10**6, "a.jpg," * 10**5, ",\n" * 10**5])
def test_hostile_csv(tmp_path: Path, text: str) -> None:
    try:
        assert csv_table(tmp_path, text) is None
    except UnreadableTable as error:
        assert error.message.endswith(".")


def test_rows_with_very_many_cells(tmp_path: Path) -> None:
    file = io.StringIO()
    csv.writer(file).writerows([["file", "label"], ["1.jpg", "cat", *[""] * 10**5], ["2.jpg", "dog"]])
    found = csv_table(tmp_path, file.getvalue())
    assert found is not None
    assert found.labels == {"1.jpg": "cat", "2.jpg": "dog"}


@pytest.mark.parametrize("cell", ["ab,", '"a\nb",'], ids=["in one line", "over many"])
def test_a_row_that_is_too_long_is_not_made_a_list(tmp_path: Path, cell: str) -> None:
    long = cell * (600_000 // len(cell))
    found = csv_table(tmp_path, f"file,label\n1.jpg,cat,{long}\n2.jpg,dog,{long}\n")
    assert found is not None
    assert found.labels == {"1.jpg": "cat", "2.jpg": "dog"}
    with pytest.raises(UnreadableTable, match="It is too large"):
        csv_table(tmp_path, f"file,label\n1.jpg,cat,{long}{long}\n")
    assert csv_table(tmp_path, long + long) is None


def test_a_cell_that_is_too_long_for_the_name_of_a_file(tmp_path: Path) -> None:
    found = csv_table(tmp_path, "file,label\n" + "\u0301\u0323" * 10**4 + ".jpg,cat\n2.jpg,dog\n")
    assert found is not None
    assert found.labels == {"2.jpg": "dog"}
