"""The one kind of error that is the person's to mend."""

from __future__ import annotations


class UserError(Exception):
    """A mistake the person can mend.

    Each message is one sentence that says what happened and what to do. All mistakes that can be
    found together are reported together. Anything that is *not* a ``UserError`` is a bug: it keeps
    its traceback in the run's log.
    """

    def __init__(self, *messages: str) -> None:
        super().__init__(*messages)
        self.messages: tuple[str, ...] = messages

    def __str__(self) -> str:
        return " ".join(map(str, self.messages))  # each in the language that is spoken
