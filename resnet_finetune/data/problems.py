"""What the doctor says of one file or class, and what could be done about it."""

from __future__ import annotations

from dataclasses import dataclass

from resnet_finetune.words.language import Sentence, say

LISTED = 5  # names in a sentence

# Kinds that leave a file out. All others are remarks on what is used.
LEFT_OUT = {
    "empty", "not-a-photo", "truncated", "damaged", "too-large", "too-small", "unreadable", "unreadable-table", "link",
    "same-name", "no-class", "label-table",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Problem:
    """``path`` is relative to the data root, or names a class. ``message`` is a sentence that does not name the path."""

    path: str
    kind: str
    message: str
    others: tuple[str, ...] = ()  # names of photos to look at beside it
    remedy: tuple[str, ...] = ()  # names of the photos that are left out when the person takes the doctor's advice

    @property
    def left_out(self) -> bool:
        """Whether this is a file that is not used, rather than a remark."""
        return self.kind in LEFT_OUT


def listed(names: list[str]) -> Sentence:
    """The first five, and how many more."""
    if len(names) <= LISTED:
        return say("{names}", names=names)
    return say("{names} and {n} more", names=names[:LISTED], n=len(names) - LISTED)
