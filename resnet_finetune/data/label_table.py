"""Tables that say what each photo shows: a CSV or Excel file with a column of file names and one of labels."""

from __future__ import annotations

import codecs
import csv
import io
import re
import unicodedata
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from xml.parsers.expat import ExpatError, ParserCreate
from zipfile import ZipFile

from resnet_finetune.data.zips import is_chinese, open_zip
from resnet_finetune.words.language import reason, say

MAX_BYTES = 50 * 10**6
MAX_UNPACKED = 200 * 10**6  # bytes in an .xlsx; a million rows come to about 150 MB
MAX_RATIO = 100  # unpacked to packed, of each part of an .xlsx that is not small
SMALL = 20 * 10**6  # bytes
MAX_ROWS = 1_000_000
MAX_ROW = 10**6  # characters of a row of CSV
MAX_COLUMNS = 100  # the rest is not looked at
MAX_NAME = 1000  # characters of a file's name; what is longer is none
MAX_LABEL = 100  # characters
SAMPLE = 1000  # rows by which the columns are found
HEADER_WITHIN = 10  # rows: there may be a title above the header

SUFFIXES = (".csv", ".tsv", ".xlsx")
DELIMITERS = ",;\t|"
PHOTO = re.compile(r"(?i).*[^/\\]\.(jpe?g|jfif|png|webp|hei[cf]|avif|gif|bmp|tiff?|ppm)")
SPLIT = re.compile(r"(?i)\W*(train|val|test|dev|训练|验证|测试)")
CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]+")

# What the columns are called, in lower case and without accents and signs. The more telling words come first.
FILE_WORDS = [
    "filename", "imagename", "photoname", "imgname", "imagefile", "filepath", "imagepath", "imgpath", "filepaths", "file",
    "files", "image", "images", "img", "photo", "photos", "picture", "path", "paths", "imageid", "imgid", "photoid",
    "fileid", "name", "id",
    "dateiname", "bildname", "datei", "bild", "foto", "pfad",
    "nomdufichier", "nomfichier", "fichier", "chemin",
    "nombredearchivo", "archivo", "fichero", "imagen", "ruta",
    "文件名", "文件名称", "图片名", "图片名称", "图像名", "照片名", "文件路径", "图片路径",
    "文件", "图片", "图像", "照片", "路径", "檔名", "檔案", "圖片",
]  # fmt: skip
LABEL_WORDS = [
    "labelname", "classname", "categoryname", "label", "labels", "class", "classes", "category", "categories", "species",
    "breed", "tag", "target", "type", "labelid", "classid", "categoryid", "y",
    "bezeichnung", "etikett", "klasse", "kategorie", "klassenname", "art", "etiquette", "classe", "categorie", "espece",
    "etiqueta", "clase", "categoria", "especie", "tipo", "typ", "sorte",
    "标签", "标签名", "类别", "类别名", "类名", "类别名称", "分类", "种类", "物种", "標籤", "類別", "分類",
]  # fmt: skip
SPLIT_WORDS = ["split", "set", "subset", "fold", "dataset", "partition", "phase", "usage", "划分", "数据集"]


class UnreadableTable(Exception):
    """A table that cannot be read. ``message`` is a sentence that says what happened and what to do; it names no file."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True, kw_only=True)
class LabelTable:
    """Files are as the table writes them, but with "/" between folders, without a leading "./" and in Unicode form NFC."""

    labels: dict[str, str]  # file → label: one line, up to 100 characters, a name to show and never a path
    conflicts: list[str]  # files that are listed with different labels; they are in none of the others
    unlabelled: list[str]  # files that are listed without a label
    splits: dict[str, str]  # file → "train", "val", "test" or the like, as written; empty if no column says so


@dataclass(frozen=True, kw_only=True)
class _Columns:
    """Where to find what."""

    file: int
    label: int
    split: int | None
    first_row: int


def is_table(name: str) -> bool:
    """Whether a file of this name may hold a table. What Excel leaves beside an open one ("~$labels.xlsx") does not."""
    return name.lower().endswith(SUFFIXES) and not re.split(r"[/\\]", name)[-1].startswith("~$")


def read_table(path: Path) -> LabelTable | None:
    """The files and labels that a table lists; None where it is a table of something else.

    Raises:
        UnreadableTable: it is damaged, locked or too large.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UnreadableTable(
            say("It could not be read ({reason}): check the drive and your rights.", reason=reason(error))
        ) from error
    if len(data) > MAX_BYTES:
        raise UnreadableTable(
            say(
                "It is larger than {most:.0f} MB: save only the columns with the file names and the labels.",
                most=MAX_BYTES / 1e6,
            )
        )
    return _read_excel(data) if path.suffix.lower() == ".xlsx" else _read_csv(data)


# --- Rows --------------------------------------------------------------------------------------------------------------


def _collect(rows: Iterable[list[str]], columns: _Columns) -> LabelTable:
    labels: dict[str, str] = {}
    splits: dict[str, str] = {}
    conflicts: dict[str, None] = {}  # a set in order
    unlabelled: dict[str, None] = {}
    for row in islice(rows, columns.first_row, None):
        file, label = _file(_cell(row, columns.file)), _label(_cell(row, columns.label))
        if not file:
            continue
        if not label:
            unlabelled[file] = None
        elif labels.setdefault(file, label) != label:
            conflicts[file] = None
        if columns.split is not None and (split := _label(_cell(row, columns.split))):
            splits.setdefault(file, split)
    return LabelTable(
        labels={file: label for file, label in labels.items() if file not in conflicts},
        conflicts=list(conflicts),
        unlabelled=[file for file in unlabelled if file not in labels],
        splits={file: split for file, split in splits.items() if file not in conflicts},
    )


def _with_content(rows: Iterable[list[str]]) -> Iterator[list[str]]:
    """The rows that are not empty. Raises ``UnreadableTable`` when there are too many."""
    count = 0
    for row in rows:
        if any(cell and not cell.isspace() for cell in row):
            count += 1
            if count > MAX_ROWS:
                raise UnreadableTable(say("It has more than {most:,} rows: split it up, or leave out rows.", most=MAX_ROWS))
            yield row


def _cell(row: Sequence[str], column: int) -> str:
    return row[column] if column < len(row) else ""


def _file(cell: str) -> str:
    if len(cell) > MAX_NAME:
        return ""
    name = unicodedata.normalize("NFC", cell.strip().replace("\\", "/"))
    while name.startswith("./"):
        name = name[2:].lstrip("/")
    return name


def _label(cell: str) -> str:
    text = unicodedata.normalize("NFC", CONTROLS.sub(" ", cell[: 10 * MAX_LABEL]))
    return " ".join(text.split())[:MAX_LABEL].rstrip()


# --- Columns -----------------------------------------------------------------------------------------------------------


def _find_columns(rows: Sequence[list[str]]) -> _Columns | None:
    """By the words of a header, wherever it is among the first rows, and by which cells look like the names of photos."""
    photos = Counter(column for row in rows for column, cell in enumerate(row) if _is_photo(cell))
    look = [column for column, count in photos.items() if count > len(rows) / 2]
    for number, row in enumerate(rows[:HEADER_WITHIN]):
        words = list(map(_word, row))
        files = _called(words, FILE_WORDS) or look
        labels = _called(words, LABEL_WORDS)
        if "x" in words:  # then y is no label either, but where in the photo something is
            labels = [column for column in labels if words[column] != "y"]
        if files and labels:
            file = max(files, key=lambda column: photos[column])  # the most telling word, where none looks like photos
            if _is_photo(_cell(row, file)):  # a label that is called like a column
                continue
            split = next((column for column in _called(words, SPLIT_WORDS) if _tells_split(rows[number + 1 :], column)), None)
            return _Columns(file=file, label=labels[0], split=split, first_row=number + 1)
    used = {column for row in rows for column, cell in enumerate(row) if cell.strip()}
    if len(used) != 2 or len(look) != 1:
        return None
    (file,) = look
    (label,) = used - {file}
    return _Columns(file=file, label=label, split=None, first_row=0 if _is_photo(_cell(rows[0], file)) else 1)


def _is_photo(cell: str) -> bool:
    return PHOTO.fullmatch(cell.strip()) is not None


def _word(cell: str) -> str:
    letters = unicodedata.normalize("NFKD", cell[:MAX_LABEL]).casefold()
    return "".join(letter for letter in letters if letter.isalnum())


def _called(words: Sequence[str], wanted: Sequence[str]) -> list[int]:
    """The columns that are called by a wanted word, in the order of the wanted words."""
    return [column for wish in wanted for column, word in enumerate(words) if word == wish]


def _tells_split(rows: Sequence[list[str]], column: int) -> bool:
    cells = [cell for row in rows if (cell := _cell(row, column).strip())]
    return sum(bool(SPLIT.match(cell)) for cell in cells) > len(cells) / 2


# --- CSV ---------------------------------------------------------------------------------------------------------------


def _read_csv(data: bytes) -> LabelTable | None:
    text = _text(data).replace("\0", "")
    samples = {delimiter: _sample(text, delimiter) for delimiter in DELIMITERS}
    for delimiter in sorted(DELIMITERS, key=lambda delimiter: -_alike(samples[delimiter])):
        columns = _find_columns(samples[delimiter])
        if columns:
            return _collect(_with_content(_csv_rows(text, delimiter)), columns)
    return None


def _sample(text: str, delimiter: str) -> list[list[str]]:
    rows: list[list[str]] = []
    with suppress(UnreadableTable):  # the delimiter may be another one
        rows.extend(islice(_with_content(islice(_csv_rows(text, delimiter), 10 * SAMPLE)), SAMPLE))
    return rows


def _alike(rows: Sequence[list[str]]) -> int:
    """How many rows have the same number of columns, if that is two or more."""
    return max(Counter(len(row) for row in rows if len(row) > 1).values(), default=0)


def _csv_rows(text: str, delimiter: str) -> Iterator[list[str]]:
    """Raises ``UnreadableTable`` where a row is too long, as where a quotation mark has no other and swallows all behind it."""
    length = 0  # of the row so far, which may go on over lines

    def lines() -> Iterator[str]:
        nonlocal length
        for part in io.StringIO(text, newline=""):
            length += len(part)
            if length > MAX_ROW:  # before it is made a list: 5 MB of short cells took 150 MB of memory
                raise UnreadableTable(TOO_LARGE)
            yield part

    reader = csv.reader(lines(), delimiter=delimiter, strict=True, skipinitialspace=True)
    line = 1
    try:
        for row in reader:
            yield row[:MAX_COLUMNS]
            length = 0
            line = reader.line_num + 1
    except csv.Error as error:
        raise UnreadableTable(
            say(
                "The quotation marks in line {line} make no sense: open it in a spreadsheet program and save it again.",
                line=line,
            )
        ) from error


def _text(data: bytes) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeError:
        pass
    # Excel saves in the code page of the computer. Nearly all bytes are some text in Chinese, so common letters or its words
    # must be there.
    first_line = data.split(b"\n", 1)[0].decode("gb18030", errors="replace")
    words = re.findall("[\u4e00-\u9fff]+", first_line)
    if is_chinese([data]) or any(word in FILE_WORDS or word in LABEL_WORDS for word in words):
        return data.decode("gb18030", errors="replace")
    try:
        return data.decode("cp1252")
    except UnicodeError:
        return data.decode("latin-1")


# --- Excel -------------------------------------------------------------------------------------------------------------

# Read without openpyxl, which takes 15 GB of memory and four minutes for one long row in a file of 2.5 MB. An .xlsx is a zip
# of XML: ECMA-376, part 1, sections 18.3 (sheets) and 18.4 (strings that cells share).

SHEET = re.compile(r"xl/worksheets/[^/]*?(\d*)\.xml")
STRINGS = "xl/sharedStrings.xml"
MAX_PARTS = 10_000  # a workbook of a hundred sheets has a few hundred
MAX_ELEMENTS = 10**7  # of one part; a million rows have about seven million
MAX_DEPTH = 100  # elements within each other
MAX_TAG = 10**6  # bytes
CHUNK = 64 * 1024  # bytes

DAMAGED = say("It is damaged: open it in a spreadsheet program and save it again.")
LOCKED = say("It is locked with a password, or an old .xls: save it as .xlsx without a password.")
TOO_LARGE = say("It is too large when unpacked: save only the columns with the file names and the labels.")


def _read_excel(data: bytes) -> LabelTable | None:
    if data.startswith(b"\xd0\xcf\x11\xe0"):  # what Excel wraps a locked file in, and how it saved files until 2003
        raise UnreadableTable(LOCKED)
    try:
        with open_zip(io.BytesIO(data), MAX_PARTS) as archive:
            _check_parts(archive)
            strings = list(_shared_strings(archive)) if STRINGS in archive.namelist() else []
            for part in _sheets(archive):
                rows = _with_content(_sheet_rows(archive, part, strings))
                sample = list(islice(rows, SAMPLE))
                columns = _find_columns(sample)
                if columns:
                    return _collect(chain(sample, rows), columns)
    except (zipfile.BadZipFile, zlib.error, ExpatError, EOFError, NotImplementedError, ValueError, LookupError) as error:
        # LookupError: a string that is not there, or XML in an encoding that nobody knows
        raise UnreadableTable(DAMAGED) from error
    return None


def _check_parts(archive: ZipFile) -> None:
    """Raises ``UnreadableTable`` when the parts are locked or would grow too large to be read."""
    parts = archive.infolist()
    if any(part.flag_bits & 0x1 for part in parts):
        raise UnreadableTable(LOCKED)
    total = sum(part.file_size for part in parts)
    dense = any(part.file_size > SMALL and part.file_size > MAX_RATIO * part.compress_size for part in parts)
    unbounded = any(part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for part in parts)
    if total > MAX_UNPACKED or dense or unbounded:
        raise UnreadableTable(TOO_LARGE)


def _sheets(archive: ZipFile) -> list[str]:
    """In the order in which spreadsheet programs number them. Raises ``UnreadableTable`` when there are none."""
    numbers = {part: int(match[1] or 0) for part in archive.namelist() if (match := SHEET.fullmatch(part))}
    if not numbers:
        raise UnreadableTable(DAMAGED)
    return sorted(numbers, key=lambda part: numbers[part])


def _shared_strings(archive: ZipFile) -> Iterator[str]:
    pieces: list[str] = []
    for name, _, text in _elements(archive, STRINGS):
        if name == "t":
            pieces.append(text)
        elif name == "rPh":  # how the piece before is pronounced
            del pieces[-1:]
        elif name == "si":
            yield "".join(pieces)
            pieces.clear()


def _sheet_rows(archive: ZipFile, part: str, strings: Sequence[str]) -> Iterator[list[str]]:
    row: list[str] = []
    pieces: list[str] = []
    for name, attributes, text in _elements(archive, part):
        if name in ("v", "t") and text:
            pieces.append(text)
        elif name == "rPh":
            del pieces[-1:]
        elif name == "c":
            column = _column(attributes.get("r", ""), len(row))
            if column < MAX_COLUMNS:
                row += [""] * (column + 1 - len(row))  # empty cells may be missing
                row[column] = _written("".join(pieces), attributes.get("t", "n"), strings)
            pieces.clear()
        elif name == "row":
            yield row
            row = []


def _column(place: str, following: int) -> int:
    """The number of a column by the place of a cell, such as "B7"; without one it is the ``following``."""
    letters = re.match("[A-Z]{1,3}", place)
    if not letters:
        return following
    number = 0
    for letter in letters[0]:
        number = 26 * number + ord(letter) - ord("A") + 1
    return number - 1


def _written(text: str, kind: str, strings: Sequence[str]) -> str:
    """The content of a cell as a person sees it."""
    if not text or kind == "e":  # "#N/A" and the like
        return ""
    match kind:
        case "s":
            return strings[int(text)]
        case "b":
            return "TRUE" if text == "1" else "FALSE"
        case "n":
            number = float(text)
            return str(int(number)) if number.is_integer() else text
        case _:
            return text


def _elements(archive: ZipFile, part: str) -> Iterator[tuple[str, dict[str, str], str]]:
    """Every element when it ends: its name, its attributes and the text between its tags.

    Raises:
        UnreadableTable: it is such XML as no spreadsheet program writes.
        ExpatError: it is no XML.
    """
    opened: list[tuple[dict[str, str], list[str]]] = []
    ended: list[tuple[str, dict[str, str], str]] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        opened.append((attributes, []))
        if len(opened) > MAX_DEPTH:
            raise UnreadableTable(DAMAGED)

    def end(name: str) -> None:
        attributes, pieces = opened.pop()
        ended.append((name.rpartition(" ")[2], attributes, "".join(pieces)))

    def refuse(*_: object) -> None:  # a document type, which may define text that multiplies itself
        raise UnreadableTable(DAMAGED)

    parser = ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = lambda text: opened[-1][1].append(text)
    parser.StartDoctypeDeclHandler = refuse
    read = count = 0
    with archive.open(part) as file:
        while chunk := file.read(CHUNK):
            parser.Parse(chunk, False)
            read += len(chunk)
            count += len(ended)
            if count > MAX_ELEMENTS or read - parser.CurrentByteIndex > MAX_TAG:
                raise UnreadableTable(TOO_LARGE)
            yield from ended
            ended.clear()
    parser.Parse(b"", True)
    yield from ended
