"""Which kinds of ResNet there are, and how deep one should be: answered in words, and with the blocks drawn side by side.

Both stand where one chooses: what each family changes, over its networks; how to choose a depth, at the advisor that measures.
"""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from resnet_finetune.model.catalog import USUAL
from resnet_finetune.ui.wording.texts import text

# What F(x) is made of, from top to bottom, as wide as drawn (1: all channels), for an input of 256 channels or 64 in the first.
_BLOCKS: tuple[tuple[str, Sequence[tuple[str, float]], str], ...] = (
    ("basic", (("3×3, 64", 1), ("ReLU", 0.5), ("3×3, 64", 1)), "ReLU"),
    ("bottleneck", (("1×1, 64", 0.5), ("ReLU", 0.5), ("3×3, 64", 0.5), ("ReLU", 0.5), ("1×1, 256", 1)), "ReLU"),
    ("preact", (("ReLU", 0.5), ("1×1, 64", 0.5), ("ReLU", 0.5), ("3×3, 64", 0.5), ("ReLU", 0.5), ("1×1, 256", 1)), ""),
    ("wide", (("1×1, 128", 0.7), ("ReLU", 0.5), ("3×3, 128", 0.7), ("ReLU", 0.5), ("1×1, 256", 1)), "ReLU"),
    ("groups", (("1×1, 128", 0.7), ("ReLU", 0.5), ("32 × (3×3, 4)", 0.9), ("ReLU", 0.5), ("1×1, 256", 1)), "ReLU"),
)
_WIDE, _HIGH = 150, 270  # of a drawing
_BOX, _STEP = 20, 34  # height of a box, and from one to the next
_MIDDLE, _SHORTCUT = 62, 138  # where the layers and the shortcut run


def variants() -> Markup:
    """What they have in common, and their blocks as drawings. What each changes is said over its list."""
    said = (text("model.others.lead"), text(f"family.{USUAL}.what"), text("variants.lead"))
    return Markup('<div class="families">{}</div><div class="blocks">{}</div>').format(
        Markup("").join(Markup("<p>{}</p>").format(sentence) for sentence in said),
        Markup("").join(_drawn(*block) for block in _BLOCKS),
    )


def depths() -> Markup:
    paragraphs = Markup("").join(Markup("<p>{}</p>").format(text(f"depths.{part}")) for part in ("photos", "cost", "measure"))
    return Markup('<div class="families">{}</div>').format(paragraphs)


def _drawn(name: str, layers: Sequence[tuple[str, float]], after: str) -> Markup:
    """x at the top; F(x) on the left and the shortcut on the right; their sum, and what comes after it, at the bottom."""
    top, plus = 26, 26 + _STEP * 6 + 10
    parts = [Markup('<path d="M{} 12V{} M{} 18H{}V{}H{}"/>').format(_MIDDLE, _HIGH, _MIDDLE, _SHORTCUT, plus, _MIDDLE)]
    for place, (layer, width) in enumerate(layers):
        parts.append(_box(layer, width, top + place * _STEP + (6 - len(layers)) * _STEP // 2))
    parts.append(Markup('<circle cx="{0}" cy="{1}" r="8"/><text x="{0}" y="{2}">+</text>').format(_MIDDLE, plus, plus + 4))
    parts.append(Markup('<text x="{}" y="10">x</text>').format(_MIDDLE))
    if after:
        parts.append(Markup('<text x="{}" y="{}">{}</text>').format(_MIDDLE + 34, plus + 18, after))
    return Markup(
        '<figure><svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg><figcaption>{}</figcaption></figure>'
    ).format(_WIDE, _HIGH, text(f"block.{name}"), Markup("").join(parts), text(f"block.{name}"))


def _box(layer: str, share: float, y: int) -> Markup:
    width = round(108 * share)
    return Markup('<rect x="{}" y="{}" width="{}" height="{}" rx="4"/><text x="{}" y="{}">{}</text>').format(
        _MIDDLE - width // 2, y, width, _BOX, _MIDDLE, y + 14, layer
    )
