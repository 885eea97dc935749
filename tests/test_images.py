from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pi_heif
import pillow_heif
import pytest
from PIL import ExifTags, Image, ImageCms

from resnet_finetune.data import jpeg
from resnet_finetune.data.images import Header, UnreadablePhoto, decode, read, square

pillow_heif.register_heif_opener()  # writes HEIC for these tests
pi_heif.register_heif_opener()  # and this one, the app's own, reads it

HOSTILE_EXIF = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x0f\x01\x02\0\xff\0\0\0\x00\x10\0\0\0\0\0\0"  # a string that lies beyond the end
HEIGHT, WIDTH = 48, 64


def scene() -> np.ndarray:
    """uint8 [48, 64, 3]: red, green over blue, yellow; no two of its eight orientations are alike."""
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    image[:24, :32] = 200, 30, 30
    image[:24, 32:] = 30, 180, 40
    image[24:, :32] = 40, 50, 190
    image[24:, 32:] = 210, 200, 60
    return image


def saved(image: np.ndarray | Image.Image, form: str, **options: object) -> io.BytesIO:
    file = io.BytesIO()
    picture = image if isinstance(image, Image.Image) else Image.fromarray(image)
    picture.save(file, form, **options)
    file.seek(0)
    return file


def difference(a: np.ndarray, b: np.ndarray) -> float:
    """Mean absolute difference in gray levels."""
    assert a.shape == b.shape
    return float(np.abs(a.astype(int) - b.astype(int)).mean())


def verdict(file: io.BytesIO | Path) -> str:
    with pytest.raises(UnreadablePhoto) as caught:
        decode(file, 32)
    assert caught.value.message.endswith(".")
    return caught.value.kind


@pytest.mark.parametrize("form", ["PNG", "BMP", "TIFF", "PPM", "GIF", "WEBP", "JPEG", "AVIF", "HEIF"])
def test_every_format_gives_the_same_scene(form: str, tmp_path: Path) -> None:
    options = {"lossless": True} if form == "WEBP" else {"quality": 95} if form in ("JPEG", "AVIF", "HEIF") else {}
    file = saved(scene(), form, **options)
    image = decode(file, HEIGHT)
    assert image.dtype == np.uint8
    assert image.flags.writeable  # torch.from_numpy warns about arrays that are not
    assert difference(image, scene()) < 6

    path = tmp_path / "no suffix at all"
    path.write_bytes(file.getvalue())
    assert np.array_equal(decode(path, HEIGHT), image)


STORED = {  # how an upright photo is stored under each EXIF orientation
    1: lambda image: image,
    2: lambda image: image[:, ::-1],
    3: lambda image: image[::-1, ::-1],
    4: lambda image: image[::-1],
    5: lambda image: image.transpose(1, 0, 2),
    6: lambda image: np.rot90(image),
    7: lambda image: image[::-1, ::-1].transpose(1, 0, 2),
    8: lambda image: np.rot90(image, -1),
}


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
@pytest.mark.parametrize("orientation", STORED)
def test_photos_are_upright(orientation: int, form: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = np.ascontiguousarray(STORED[orientation](scene()))
    assert difference(decode(saved(stored, form, exif=exif.tobytes()), HEIGHT), scene()) < 12


def test_damaged_exif_leaves_the_photo_as_it_is() -> None:
    assert difference(decode(saved(scene(), "PNG", exif=HOSTILE_EXIF), HEIGHT), scene()) == 0


@pytest.mark.parametrize("form", ["PNG", "WEBP", "TIFF"])
def test_transparency_is_white_whatever_hides_under_it(form: str) -> None:
    pixels = np.dstack([scene(), np.full((HEIGHT, WIDTH), 255, np.uint8)])
    pixels[:24, :32, 3] = 0
    options = {"lossless": True, "exact": True} if form == "WEBP" else {}
    image = decode(saved(pixels, form, **options), HEIGHT)
    assert (image[:24, :32] == 255).all()
    assert np.array_equal(image[24:], scene()[24:])


def test_hidden_pixels_do_not_bleed_out_when_a_photo_is_halved() -> None:
    pixels = np.full((200, 200, 4), (0, 0, 255, 255), np.uint8)
    pixels[::2] = 255, 0, 0, 0  # every other row is red, and transparent
    image = decode(saved(pixels, "PNG"), 100)
    assert image.shape == (100, 100, 3)
    assert difference(image, np.full((100, 100, 3), (127, 127, 255), np.uint8)) < 2  # half blue, half white; no red


@pytest.mark.parametrize("form", ["PNG", "GIF"])
def test_palette_with_a_transparent_colour(form: str) -> None:
    picture = Image.fromarray(np.repeat(np.array([[0, 1]], np.uint8), 16, axis=1).repeat(32, axis=0), "P")
    picture.putpalette([250, 0, 0, 0, 0, 250])
    image = decode(saved(picture, form, transparency=0), 32)
    assert (image[:, :16] == 255).all()
    assert (image[:, 16:] == (0, 0, 250)).all()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P"])
def test_gray_and_palette_become_rgb(mode: str) -> None:
    picture = Image.fromarray(scene()).convert("L").convert(mode)
    assert np.array_equal(decode(saved(picture, "PNG"), HEIGHT), np.array(picture.convert("RGB")))


def test_gray_with_a_transparent_level() -> None:
    picture = Image.fromarray(np.full((32, 32), 7, np.uint8))
    assert (decode(saved(picture, "PNG", transparency=7), 32) == 255).all()


@pytest.mark.parametrize("form", ["JPEG", "TIFF"])
def test_cmyk(form: str) -> None:
    picture = Image.fromarray(scene()).convert("CMYK")
    assert difference(decode(saved(picture, form), HEIGHT), scene()) < 6


RAMP = np.linspace(0, 1, 64, dtype=np.float64)[None].repeat(32, axis=0)  # black to white, from left to right


@pytest.mark.parametrize(
    ("values", "form"),
    [
        ((RAMP * 65535).astype(np.uint16), "PNG"),
        ((RAMP * 65535).astype(np.uint16), "TIFF"),
        ((RAMP * 4095).astype(np.uint16), "TIFF"),  # 12 bits of a microscope
        ((RAMP * 65535).astype(np.int32), "TIFF"),
        ((RAMP * 1_000_000).astype(np.int32), "TIFF"),
        (RAMP.astype(np.float32), "TIFF"),
        ((RAMP * 255).astype(np.float32), "TIFF"),
        ((RAMP * 2 - 1).astype(np.float32), "TIFF"),
        (np.where(RAMP > 0, RAMP, np.nan).astype(np.float32), "TIFF"),
        (np.where(RAMP > 0, RAMP, -3.4e38).astype(np.float32), "TIFF"),
    ],
)
def test_deep_gray_is_scaled_and_not_clipped(values: np.ndarray, form: str) -> None:
    image = decode(saved(values, form), 32)
    expected = np.rint(RAMP * 255).astype(np.uint8)[..., None].repeat(3, axis=2)
    assert np.abs(image.astype(int) - expected).max() <= 1


def test_dark_16_bit_stays_dark_and_black_stays_black() -> None:
    assert decode(saved(np.full((32, 32), 16384, np.uint16), "PNG"), 32).max() == 64
    assert decode(saved(np.zeros((32, 32), np.uint16), "PNG"), 32).max() == 0


def profile_with_red_and_blue_swapped() -> bytes:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = srgb.replace(b"rXYZ", b"tmp!", 1).replace(b"bXYZ", b"rXYZ", 1).replace(b"tmp!", b"bXYZ", 1)
    renamed = swapped.replace("sRGB".encode("utf-16-be"), "swap".encode("utf-16-be"))
    assert renamed != srgb
    return renamed


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "TIFF", "AVIF", "HEIF"])
def test_colour_profile_is_applied(form: str) -> None:
    red = np.full((32, 32, 3), (255, 0, 0), np.uint8)
    image = decode(saved(red, form, icc_profile=profile_with_red_and_blue_swapped()), 32)
    assert difference(image, np.full((32, 32, 3), (0, 0, 255), np.uint8)) < 6


def test_colour_profile_leaves_transparency_alone() -> None:
    red = np.full((32, 32, 4), (255, 0, 0, 255), np.uint8)
    red[:16, :, 3] = 0
    image = decode(saved(red, "PNG", icc_profile=profile_with_red_and_blue_swapped()), 32)
    assert (image[:16] == 255).all()
    assert difference(image[16:], np.full((16, 32, 3), (0, 0, 255), np.uint8)) < 3


@pytest.mark.parametrize("profile", [b"junk", ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()])
def test_profile_that_is_no_use_is_ignored(profile: bytes) -> None:
    assert np.array_equal(decode(saved(scene(), "PNG", icc_profile=profile), HEIGHT), scene())


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG", "TIFF"])
def test_first_frame(form: str) -> None:
    red, blue = Image.new("RGB", (32, 32), (255, 0, 0)), Image.new("RGB", (32, 32), (0, 0, 255))
    image = decode(saved(red, form, save_all=True, append_images=[blue]), 32)
    assert difference(image, np.array(red)) < 6


@pytest.mark.parametrize("form", ["JPEG", "PNG", "TIFF"])
def test_large_photos_are_halved_down_to_the_side(form: str) -> None:
    ramp = np.linspace(0, 255, 2400).astype(np.uint8)[None, :, None].repeat(1600, axis=0).repeat(3, axis=2)
    file = saved(ramp, form)
    for side, shape in ((1600, (1600, 2400)), (801, (1600, 2400)), (800, (800, 1200)), (100, (100, 150)), (224, (400, 600))):
        file.seek(0)
        image = decode(file, side)
        assert image.shape == (*shape, 3)
        assert difference(square(image, 64), square(ramp, 64)) < 2


def test_panorama_is_kept() -> None:
    assert decode(saved(Image.new("RGB", (5200, 400), "teal"), "JPEG"), 100).shape == (100, 1300, 3)


def png_of_size(width: int, height: int) -> io.BytesIO:
    data = bytearray(saved(Image.new("1", (9, 9)), "PNG").getvalue())
    data[16:24] = struct.pack(">LL", width, height)
    data[29:33] = struct.pack(">L", zlib.crc32(data[12:29]))
    return io.BytesIO(data)


def jpeg_of_size(width: int, height: int, progressive: bool = False) -> io.BytesIO:
    data = bytearray(saved(scene(), "JPEG", progressive=progressive).getvalue())
    start = data.index(b"\xff\xc2" if progressive else b"\xff\xc0")  # start of frame
    data[start + 5 : start + 9] = struct.pack(">HH", height, width)
    return io.BytesIO(data)


def test_too_many_pixels_are_refused_by_the_header() -> None:
    assert verdict(png_of_size(20_000, 10_000)) == "too-large"
    assert verdict(png_of_size(2_000_000, 2_000_000)) == "too-large"
    assert verdict(jpeg_of_size(65_000, 65_000)) == "too-large"
    assert verdict(jpeg_of_size(12_000, 8_000, progressive=True)) == "too-large"
    assert decode(jpeg_of_size(12_000, 8_000), 32).shape == (63, 94, 3)  # read at an eighth, then averaged
    whole = jpeg_of_size(12_000, 8_000).getvalue()
    start = whole.index(b"\xff\xda")
    apart = whole[:start] + b"\xff\xda\0\x08\1\1\0\0\x3f\0" + whole[start + 14 :]  # a scan for each colour component
    assert verdict(io.BytesIO(apart)) == "too-large"


def with_scans(photo: bytes, number: int) -> io.BytesIO:
    """A progressive JPEG with its last scan so many times over."""
    start, end = photo.rindex(b"\xff\xda"), photo.rindex(b"\xff\xd9")
    return io.BytesIO(photo[:end] + photo[start:end] * number + photo[end:])


def test_a_jpeg_with_endless_scans_is_refused_before_it_is_decoded() -> None:
    small = saved(scene(), "JPEG", progressive=True).getvalue()
    usual = len(list(jpeg.scans(io.BytesIO(small))))
    assert 8 <= usual <= 12
    assert list(jpeg.scans(saved(scene(), "JPEG"))) == [3]
    assert np.array_equal(decode(with_scans(small, 50), 32), decode(io.BytesIO(small), 32))
    assert verdict(with_scans(small, 101)) == "too-large"
    large = saved(Image.new("L", (6000, 6000)), "JPEG", progressive=True).getvalue()
    assert decode(io.BytesIO(large), 32).shape[2] == 3
    assert verdict(with_scans(large, 50)) == "too-large"


def test_scans_are_found_by_their_markers_alone() -> None:
    photo = saved(scene(), "JPEG", progressive=True, restart_marker_blocks=1).getvalue()
    known = list(jpeg.scans(io.BytesIO(photo)))
    filled = photo.replace(b"\xff\xda", b"\xff\xff\xff\xda")
    noted = photo[:2] + b"\xff\xe1\0\x0a" + b"\xff\xda\0\x08\1\1\0\0" + photo[2:]  # a thumbnail's, in a segment
    for other in (filled, noted, photo + b"\xff\xda\0\x08\1" * 9):  # a film behind the photo
        assert list(jpeg.scans(io.BytesIO(other))) == known
    for cut in range(0, len(photo), 7):
        assert len(list(jpeg.scans(io.BytesIO(photo[:cut])))) <= len(known)
    assert list(jpeg.scans(io.BytesIO(b"\xff\xd8" + b"\0" * 200_000 + b"\xff"))) == []


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "empty"),
        (b"hello", "not-a-photo"),
        (b"<html><body>404 Not Found</body></html>", "not-a-photo"),
        (b"%PDF-1.7 and so on", "not-a-photo"),
        (b"\x89PNG\r\n\x1a\n and then nothing of use", "damaged"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "truncated"),
        (saved(Image.new("RGB", (1, 1)), "PNG").getvalue(), "too-small"),
        (saved(Image.new("RGB", (500, 7)), "PNG").getvalue(), "too-small"),
    ],
)
def test_what_is_no_photo_is_refused(content: bytes, kind: str) -> None:
    assert verdict(io.BytesIO(content)) == kind


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "BMP", "AVIF", "HEIF"])
def test_a_cut_file_is_refused(form: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    whole = saved(noise, form).getvalue()
    assert verdict(io.BytesIO(whole[: len(whole) // 2])) in ("truncated", "damaged")
    if form in ("JPEG", "PNG", "BMP"):
        assert verdict(io.BytesIO(whole[: len(whole) // 2])) == "truncated"


def test_other_formats_are_not_even_tried() -> None:
    for form in ("ICO", "TGA", "PCX", "SGI", "JPEG2000", "PDF", "EPS"):
        assert verdict(saved(scene(), form)) == "not-a-photo"


def test_a_path_that_is_no_file(tmp_path: Path) -> None:
    assert verdict(tmp_path / "gone.jpg") == "unreadable"
    assert verdict(tmp_path) == "unreadable"
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.jpg")
        assert verdict(tmp_path / "pipe.jpg") == "unreadable"  # and does not wait for a writer


def test_many_threads_see_the_same_pixels() -> None:
    profile = profile_with_red_and_blue_swapped()
    files = [saved(np.roll(scene(), shift, axis=1), "JPEG", icc_profile=profile).getvalue() for shift in range(16)]
    alone = [decode(io.BytesIO(file), 32) for file in files]
    with ThreadPoolExecutor(8) as executor:
        together = list(executor.map(lambda file: decode(io.BytesIO(file), 32), files * 4))
    assert all(np.array_equal(image, alone[index % 16]) for index, image in enumerate(together))


def test_warnings_about_metadata_stay_inside(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(saved(scene(), "JPEG", exif=HOSTILE_EXIF).getvalue())
    with pytest.warns(UserWarning, match="Truncated|Corrupt|EXIF|Metadata"), Image.open(path) as image:
        image.getexif()  # this file does make Pillow warn
    program = "import sys, pathlib; from resnet_finetune.data.images import decode; decode(pathlib.Path(sys.argv[1]), 32)"
    done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True)
    assert done.stderr == ""


# --- The header --------------------------------------------------------------------------------------------------------


def header(image: Image.Image, form: str, **options: Any) -> Header:
    return read(saved(image, form, **options), 32)[1]


def exif_of(**tags: Any) -> Image.Exif:
    """Tags by their names; those of the time are where cameras write them."""
    exif = Image.Exif()
    for name, value in tags.items():
        place = exif.get_ifd(ExifTags.IFD.Exif) if "Original" in name else exif
        place[ExifTags.Base[name]] = value
    return exif


@pytest.mark.parametrize("form", ["PNG", "BMP", "TIFF", "PPM", "GIF", "WEBP", "JPEG", "AVIF", "HEIF"])
def test_the_header_says_what_the_file_is(form: str) -> None:
    found = header(Image.fromarray(scene()), form)
    assert (found.form, found.width, found.height) == (form, WIDTH, HEIGHT)
    assert (found.camera, found.taken) == ("", None)
    assert (found.quality is not None) == (form == "JPEG")


def test_two_jpegs_in_one_file_are_a_jpeg() -> None:
    two = {"save_all": True, "append_images": [Image.fromarray(scene()[::-1])]}
    assert header(Image.fromarray(scene()), "MPO", **two).form == "JPEG"


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["JPEG", "PNG", "TIFF", "HEIF"])
def test_width_and_height_are_as_seen_upright(form: str, orientation: int) -> None:
    stored = Image.fromarray(np.ascontiguousarray(STORED[orientation](scene())))
    found = header(stored, form, exif=exif_of(Orientation=orientation).tobytes())
    assert (found.width, found.height) == (WIDTH, HEIGHT)


def test_width_and_height_are_those_of_the_file_however_small_it_is_read() -> None:
    found = header(Image.new("RGB", (3000, 2000), "teal"), "JPEG")
    assert (found.width, found.height) == (3000, 2000)


@pytest.mark.parametrize("quality", [20, 30, 50, 75, 90, 95, 100])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_the_quality_of_a_jpeg_is_found_again(quality: int, mode: str) -> None:
    found = header(Image.fromarray(scene()).convert(mode), "JPEG", quality=quality)
    assert found.quality == pytest.approx(quality, abs=1)


@pytest.mark.parametrize(
    ("tags", "camera"),
    [
        ({"Make": "Canon", "Model": "EOS 5D"}, "Canon EOS 5D"),
        ({"Model": "Pixel 8"}, "Pixel 8"),
        ({"Make": "Apple"}, "Apple"),
        ({"Make": " Sony\0\0", "Model": "\0"}, "Sony"),
        ({"Model": "x" * 5000}, "x" * 100),
    ],
)
def test_the_camera_is_maker_and_model(tags: dict[str, str], camera: str) -> None:
    assert header(Image.fromarray(scene()), "JPEG", exif=exif_of(**tags)).camera == camera


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "HEIF"])
def test_the_time_is_that_of_the_cameras_clock(form: str) -> None:
    def taken(**tags: str) -> float:
        exif = exif_of(Model="Pixel", **tags)
        found = header(Image.fromarray(scene()), form, exif=exif.tobytes())
        assert found.camera == "Pixel"
        assert found.taken is not None
        return found.taken

    noon = taken(DateTimeOriginal="2024:02:29 12:00:00")
    assert taken(DateTimeOriginal="2024:03:01 12:00:03") - noon == 24 * 60 * 60 + 3
    assert taken(DateTimeOriginal="2024:02:29 12:00:00", SubsecTimeOriginal="25") - noon == pytest.approx(0.25)


@pytest.mark.parametrize(
    "moment", ["    :  :     :  :  ", "0000:00:00 00:00:00", "2024:13:01 12:00:00", "yesterday", "", 12, b"x"]
)
def test_a_time_that_is_none_costs_nothing_but_itself(moment: Any) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = moment
    stored = np.ascontiguousarray(STORED[6](scene()))
    image, found = read(saved(stored, "PNG", exif=exif.tobytes()), HEIGHT)
    assert found.taken is None
    assert difference(np.array(image), scene()) == 0


def test_damaged_exif_tells_nothing() -> None:
    found = header(Image.fromarray(scene()), "PNG", exif=HOSTILE_EXIF)
    assert (found.camera, found.taken, found.width) == ("", None, WIDTH)


# --- The square --------------------------------------------------------------------------------------------------------


def test_square_is_the_middle_of_the_photo() -> None:
    image = np.zeros((100, 300, 3), np.uint8)
    image[:, 100:200] = 40, 250, 90
    upright = np.ascontiguousarray(image.transpose(1, 0, 2))
    for size in (50, 224):
        for middle in (square(image, size), square(upright, size)):
            assert middle.shape == (size, size, 3)
            assert (middle == (40, 250, 90)).all()  # what is beside it does not shine in


def test_square_resizes_the_shorter_side() -> None:
    image = np.random.default_rng(0).integers(0, 256, (120, 180, 3), np.uint8)  # an odd rest would shift it by half a pixel
    assert np.array_equal(square(image, 120), image[:, 30:150])
    assert np.array_equal(square(image[:, 30:150], 120), image[:, 30:150])
    resized = np.array(Image.fromarray(image).resize((90, 60), Image.Resampling.BILINEAR))
    assert difference(square(image, 60), resized[:, 15:75]) < 4


@pytest.mark.parametrize("side", [16, 119, 200, 320, 375, 1001])
def test_square_is_what_pillow_makes_of_it_to_within_a_level(side: int) -> None:
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (side, side + 7, 3), np.uint8))
    resized = np.array(image.crop((3, 0, 3 + side, side)).resize((320, 320), Image.Resampling.BILINEAR)).astype(int)
    assert np.abs(square(image, 320) - resized).max() <= 1
