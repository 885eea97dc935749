"""The one decoder: training, evaluation, prediction and export see the same pixels, because all of them come from here.

Every file is hostile until shown otherwise: its content decides what it is (never its suffix), only photo formats are tried,
and its size is read from the header before any pixel is.
"""

from __future__ import annotations

import io
import warnings
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import BinaryIO

import numpy as np
import pi_heif
from PIL import (
    AvifImagePlugin,  # noqa: F401  importing a plugin makes Pillow know its format; done once here, not in some thread
    BmpImagePlugin,  # noqa: F401
    ExifTags,
    GifImagePlugin,  # noqa: F401
    Image,
    ImageCms,
    JpegImagePlugin,
    MpoImagePlugin,  # noqa: F401
    PngImagePlugin,  # noqa: F401
    PpmImagePlugin,  # noqa: F401
    TiffImagePlugin,  # noqa: F401
    UnidentifiedImageError,
    WebPImagePlugin,  # noqa: F401
)

from resnet_finetune.data import jpeg
from resnet_finetune.words.language import reason, say

FORMATS = ("JPEG", "PNG", "WEBP", "HEIF", "AVIF", "GIF", "BMP", "TIFF", "PPM")  # MPO (two JPEGs in one) opens as JPEG
MIN_SIDE = 8  # pixels; nothing can be recognised in less
MAX_PIXELS = 250_000_000  # by the header; the largest phone sensors give 200 million
MAX_DECODED_PIXELS = 80_000_000  # in memory after the DCT has scaled a JPEG; 320 MB, because Pillow keeps RGB in 4 bytes
MAX_SCANS = 100  # of a JPEG; a progressive one has some ten
MAX_SCANNED = 20 * MAX_DECODED_PIXELS  # pixels, over all its scans: some seconds
BIG_PIXELS = 20_000_000  # photos above this are decoded one at a time, so that threads do not add up their memory

# The highest value a pixel can have, as cameras, scanners and microscopes store it: 0 to 1, 8, 12 and 16 bits.
FULL_SCALES = (1.0, 255.0, 4095.0, 65535.0)

_UPRIGHT = {  # EXIF 2.32, tag 274: what turns the stored photo upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

_USUAL_TABLE = 3692  # sum of the luminance table in the JPEG standard (ITU-T T.81, table K.1)

_one_big_photo = Lock()

pi_heif.register_heif_opener()
SUFFIXES = sorted(suffix for suffix, form in Image.EXTENSION.items() if form in FORMATS)  # how such files are usually called
# Pillow warns about odd metadata, which we judge by the pixels. Said once, here, as catch_warnings() is not thread-safe.
warnings.filterwarnings("ignore", module=r"PIL\.")
Image.MAX_IMAGE_PIXELS = MAX_PIXELS  # above twice this Pillow itself refuses, within a file's inner frames too


@dataclass(frozen=True, kw_only=True)
class Header:
    """What a file says of a photo beside its pixels."""

    form: str  # of the file: "JPEG", "PNG", …
    width: int  # pixels in the file, as seen upright
    height: int
    quality: int | None  # of a JPEG, 1 to 100, estimated
    camera: str  # maker and model; empty when not told
    taken: float | None  # seconds by the camera's own clock


class UnreadablePhoto(Exception):
    """A file that is no photo, or not a whole one.

    ``kind`` is "empty", "not-a-photo", "truncated", "damaged", "too-large", "too-small" or "unreadable" (the drive, rights).
    ``message`` is one sentence with the remedy; it does not name the file.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message


def decode(source: Path | BinaryIO, side: int) -> np.ndarray:
    """The pixels of ``read``: uint8 [H, W, 3]. Raises ``UnreadablePhoto``."""
    return np.array(read(source, side)[0])


def read(source: Path | BinaryIO, side: int) -> tuple[Image.Image, Header]:
    """The photo's first frame: RGB in sRGB, upright, transparency on white, 16-bit and float scaled to 8 bits.

    A photo whose shorter side is at least twice ``side`` pixels is halved while it is read (a JPEG by its DCT, others by
    averaging), as often as its shorter side stays at least ``side``. So ``side`` is a part of the preprocessing: training
    and prediction must give the same one to get the same pixels.

    Raises:
        UnreadablePhoto: the file cannot be read as a photo.
    """
    if not isinstance(source, Path):
        return _read(source, side)
    try:
        if not source.is_file():  # also keeps us from waiting for ever at a pipe
            raise UnreadablePhoto(
                "unreadable", say("It is not there any more, or is no ordinary file: put it back or take it out.")
            )
        with source.open("rb") as file:
            return _read(file, side)
    except OSError as error:
        raise _unreadable(error) from error


def square(photo: Image.Image | np.ndarray, size: int) -> np.ndarray:
    """The one preprocessing: the largest centred square of a photo (RGB, or uint8 [H, W, 3]) as uint8 [size, size, 3].

    Antialiased bilinear interpolation of what is in the square, in whole numbers all the way, so that every machine gets the
    same pixels. PyTorch does it in a third of Pillow's time, and to within a level the same.
    """
    import torch  # Here, as it takes seconds: to refuse an archive nobody should wait for it.

    image = Image.fromarray(photo) if isinstance(photo, np.ndarray) else photo
    short = min(image.size)
    left, top = (image.width - short) // 2, (image.height - short) // 2
    pixels = np.array(image.crop((left, top, left + short, top + short)))
    stacked = torch.from_numpy(pixels)[None].permute(0, 3, 1, 2)  # in this layout it takes half as long
    resized = torch.nn.functional.interpolate(stacked, (size, size), mode="bilinear", antialias=True)
    return np.ascontiguousarray(resized.permute(0, 2, 3, 1)[0].numpy())


def _read(file: BinaryIO, side: int) -> tuple[Image.Image, Header]:
    start = b""
    try:
        start = file.read(16)
        file.seek(0)
        if not start:
            raise UnreadablePhoto("empty", say("The file is empty: copy it again from where it came."))
        with Image.open(file, formats=FORMATS) as image:
            _check_size(*image.size)
            stored = image.size
            decoded = image.width * image.height
            if isinstance(image, JpegImagePlugin.JpegImageFile):
                line_by_line = _line_by_line(image, file)
                image.draft(None, (side, side))
                if line_by_line:
                    decoded = image.width * image.height
            with _room_for(decoded):
                image.load()
                about = _About.of(image)
                return _upright_rgb(image, side, about.turn), about.header(image, stored)
    except UnreadablePhoto:
        raise
    except UnidentifiedImageError as error:
        if begins_like_a_photo(start) and not start.startswith((b"BM", b"P")):  # two letters may begin any text
            raise _damaged() from error
        message = say("It is not a photo in a format the app reads (JPEG, PNG, HEIC, AVIF, WebP, TIFF, GIF, BMP): take it out.")
        raise UnreadablePhoto("not-a-photo", message) from error
    except (Image.DecompressionBombError, MemoryError) as error:
        raise _too_large() from error
    except Exception as error:
        # A damaged file makes its decoder stumble in every way there is. One photo must not cost the person the others.
        if isinstance(error, OSError) and error.errno is not None:
            raise _unreadable(error) from error
        if "truncated" in str(error).lower():
            message = say("The file ends too early, so a part of the photo is missing: copy it again from where it came.")
            raise UnreadablePhoto("truncated", message) from error
        raise _damaged() from error


def _check_size(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise _too_large()
    if min(width, height) < MIN_SIDE:
        message = say(
            "It is only {width} × {height} pixels, too small to show anything: use a larger version of the photo.",
            width=width,
            height=height,
        )
        raise UnreadablePhoto("too-small", message)


def _line_by_line(image: JpegImagePlugin.JpegImageFile, file: BinaryIO) -> bool:
    """Whether a JPEG can be decoded so. Otherwise all its coefficients are kept, however small it is read, and it takes as much
    time as it has scans: a few bytes for each could keep a decoder busy for hours, so not any number is accepted.
    """
    stands = file.tell()
    scans = jpeg.scans(file)
    at_once = next(scans, 0) == image.layers and "progressive" not in image.info
    most = min(MAX_SCANS, MAX_SCANNED // (image.width * image.height))
    if not at_once and any(number >= most for number, _ in enumerate(scans, start=1)):
        raise _too_large()
    file.seek(stands)
    return at_once


def _room_for(pixels: int) -> AbstractContextManager[object]:
    """Refuse what would not fit into memory; make big photos wait for each other."""
    if pixels > MAX_DECODED_PIXELS:
        raise _too_large()
    return _one_big_photo if pixels > BIG_PIXELS else nullcontext()


def begins_like_a_photo(start: bytes) -> bool:
    """Whether a file that begins with these 16 bytes may be one: all that is needed to pass over most that are none."""
    accepts = (Image.OPEN[name][1] for name in FORMATS)
    return any(accept(start) for accept in accepts if accept is not None)


def _damaged() -> UnreadablePhoto:
    return UnreadablePhoto(
        "damaged", say("The file is damaged, so the photo cannot be read: copy it again from where it came.")
    )


def _too_large() -> UnreadablePhoto:
    return UnreadablePhoto("too-large", say("It has too many pixels to be read safely: save it smaller."))


def _unreadable(error: OSError) -> UnreadablePhoto:
    return UnreadablePhoto(
        "unreadable", say("It could not be opened ({reason}): check the drive and your rights.", reason=reason(error))
    )


def _upright_rgb(image: Image.Image, side: int, turn: Image.Transpose | None) -> Image.Image:
    """A loaded photo as ``read`` promises it."""
    profile = image.info.get("icc_profile")

    alpha = None
    if image.mode.startswith(("I", "F")):
        image = Image.fromarray(_to_8_bits(np.asarray(image)))
    elif image.has_transparency_data:
        image = _halve(image.convert("RGBA"), side)
        alpha = image.getchannel("A")
    if image.mode not in ("L", "RGB", "CMYK"):
        image = image.convert("RGB")
    image = _to_srgb(_halve(image, side), profile)

    if alpha is not None:
        paper = Image.new("RGB", image.size, "white")
        paper.paste(image, mask=alpha)
        image = paper
    return image if turn is None else image.transpose(turn)


@dataclass(frozen=True)
class _About:
    """What EXIF tells. A part of it that is damaged, in whatever way, tells nothing."""

    turn: Image.Transpose | None
    camera: str
    taken: float | None

    @classmethod
    def of(cls, image: Image.Image) -> _About:
        try:
            exif = image.getexif()
            turn = _UPRIGHT.get(exif.get(ExifTags.Base.Orientation, 1))
        except Exception:
            return cls(None, "", None)
        try:
            camera = " ".join(str(exif.get(tag, "")).strip("\0 ") for tag in (ExifTags.Base.Make, ExifTags.Base.Model)).strip()
            return cls(turn, camera[:100], _seconds(exif.get_ifd(ExifTags.IFD.Exif)))
        except Exception:
            return cls(turn, "", None)

    def header(self, image: Image.Image, stored: tuple[int, int]) -> Header:
        lying = self.turn in (_UPRIGHT[5], _UPRIGHT[6], _UPRIGHT[7], _UPRIGHT[8])
        width, height = reversed(stored) if lying else stored
        form = "JPEG" if image.format == "MPO" else image.format or ""
        return Header(form=form, width=width, height=height, quality=_quality(image), camera=self.camera, taken=self.taken)


def _seconds(exif: dict[int, object]) -> float | None:
    """EXIF 2.32, tags 36867 and 37521: when the photo was taken, by a clock of which the zone is not known."""
    text = exif.get(ExifTags.Base.DateTimeOriginal)
    if not isinstance(text, str):
        return None
    moment = datetime.strptime(text.strip("\0 "), "%Y:%m:%d %H:%M:%S").replace(tzinfo=UTC)
    fraction = str(exif.get(ExifTags.Base.SubsecTimeOriginal, "")).strip("\0 ")
    return moment.timestamp() + (float(f"0.{fraction}") if fraction.isdecimal() else 0)


def _quality(image: Image.Image) -> int | None:
    """The setting of the usual JPEG encoder (libjpeg, jcparam.c) whose quantisation is as coarse; None for other formats."""
    tables: dict[int, list[int]] | None = getattr(image, "quantization", None)
    if not tables:
        return None
    coarse = 100 * sum(tables[min(tables)]) / _USUAL_TABLE  # per cent of the table for quality 50
    return max(1, min(100, round(100 - coarse / 2 if coarse <= 100 else 5000 / coarse)))


def _halve(image: Image.Image, side: int) -> Image.Image:
    """Average blocks of 2 × 2, 4 × 4, … pixels while the shorter side stays at least ``side``."""
    factor = 1
    while min(image.size) >= 2 * factor * side:
        factor *= 2
    return image if factor == 1 else image.reduce(factor)


def _to_8_bits(values: np.ndarray) -> np.ndarray:
    """Gray of any depth [H, W] to uint8 [H, W], on the smallest usual scale that holds its brightest pixel."""
    values = values.astype(np.float32)
    values = np.where(np.abs(values) < 1e30, values, np.float32(0))  # NaN, infinity and the "no data" of maps
    high = float(values.max())
    low = min(float(values.min()), 0.0)  # below 0 are elevations and such, which have no black of their own
    full = next((scale for scale in FULL_SCALES if high <= scale), high)
    scaled: np.ndarray = np.rint((values - low) * np.float32(255 / (full - low))).astype(np.uint8)
    return scaled


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """L, RGB or CMYK to RGB in sRGB, through the photo's colour profile where it has one that serves."""
    transform = _transform(profile, image.mode) if profile else None
    if transform is not None:
        return transform.apply(image)
    return image if image.mode == "RGB" else image.convert("RGB")  # which would copy it


@lru_cache(maxsize=32)  # the photos of one camera share one profile
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """From ``profile`` to sRGB; None where it is sRGB already, or is damaged, or was made for another mode."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if mode == "RGB" and "sRGB" in ImageCms.getProfileDescription(source):
            return None
        srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
        return ImageCms.ImageCmsTransform(source, srgb, mode, "RGB")
    except (OSError, ValueError, ImageCms.PyCMSError):
        return None
