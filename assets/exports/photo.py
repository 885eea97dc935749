"""Reads a photo into the pixels that the model was trained on. Needs numpy and Pillow; pi-heif too, for HEIC photos."""

import io

import numpy as np
from PIL import Image, ImageCms

try:
    import pi_heif

    pi_heif.register_heif_opener()
except ImportError:
    pass  # HEIC photos are refused then

Image.init()
Image.MAX_IMAGE_PIXELS = 250_000_000
FORMATS = [name for name in ("JPEG", "PNG", "WEBP", "HEIF", "AVIF", "GIF", "BMP", "TIFF", "PPM") if name in Image.OPEN]
ORIENTATION = 274  # in EXIF: 1 is upright, and what turns 2 to 8 upright is below
TURNS = dict(enumerate((0, 3, 1, 5, 4, 6, 2), start=2))  # numbers of Image.Transpose


class UnreadablePhoto(Exception):
    """The file is no photo in a format that is known, is damaged, or has too many or too few pixels."""


def read(path, side):
    """The first frame as uint8 [H, W, 3]: sRGB, upright, on white; halved while its shorter side has twice ``side`` pixels."""
    try:
        with Image.open(path, formats=FORMATS) as image:
            pixels = image.width * image.height
            if pixels > Image.MAX_IMAGE_PIXELS or min(image.size) < 8:
                raise ValueError(f"{image.width} × {image.height} pixels")
            if image.format in ("JPEG", "MPO"):
                image.draft(None, (side, side))  # a JPEG is halved while it is decoded
                if "progressive" not in image.info:
                    pixels = image.width * image.height
            if pixels > 80_000_000:
                raise ValueError(f"{image.width} × {image.height} pixels")
            image.load()
            turn = turned(image)
            photo = flat(image, side)
            return np.array(photo if turn is None else photo.transpose(turn))
    except Exception as error:  # a damaged file makes its decoder stumble in every way there is
        raise UnreadablePhoto(str(error) or type(error).__name__) from error


def turned(image):
    try:
        return TURNS.get(image.getexif().get(ORIENTATION))
    except Exception:  # damaged EXIF tells nothing
        return None


def flat(image, side):
    """RGB of whatever a file holds."""
    profile = image.info.get("icc_profile")
    alpha = None
    if image.mode.startswith(("I", "F")):  # 16 bits, or real numbers
        image = Image.fromarray(eight_bits(np.asarray(image)))
    elif image.has_transparency_data:
        image = halved(image.convert("RGBA"), side)
        alpha = image.getchannel("A")
    if image.mode not in ("L", "RGB", "CMYK"):
        image = image.convert("RGB")
    image = in_srgb(halved(image, side), profile)
    if alpha is None:
        return image
    paper = Image.new("RGB", image.size, "white")
    paper.paste(image, mask=alpha)
    return paper


def halved(image, side):
    factor = 1
    while min(image.size) >= 2 * factor * side:
        factor *= 2
    return image if factor == 1 else image.reduce(factor)


def eight_bits(values):
    """Gray [H, W] on the smallest usual scale that holds its brightest pixel."""
    values = values.astype(np.float32)
    values = np.where(np.abs(values) < 1e30, values, np.float32(0))
    high, low = float(values.max()), min(float(values.min()), 0.0)
    full = next((scale for scale in (1.0, 255.0, 4095.0, 65535.0) if high <= scale), high)
    return np.rint((values - low) * np.float32(255 / (full - low))).astype(np.uint8)


def in_srgb(image, profile):
    """By its colour profile, where it has one that can be used and is not sRGB already."""
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            if image.mode != "RGB" or "sRGB" not in ImageCms.getProfileDescription(source):
                srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
                change = ImageCms.ImageCmsTransform(source, srgb, image.mode, "RGB")
            else:
                change = None
        except (OSError, ValueError, ImageCms.PyCMSError):
            change = None
        if change is not None:
            return change.apply(image)
    return image if image.mode == "RGB" else image.convert("RGB")
