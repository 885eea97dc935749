"""In which language the person is spoken to, and sentences that can be said in each.

A room that speaks does not ask in which language: it makes a ``Sentence`` by ``say``, in English. The page and the command line
say which one is spoken while they show it, so that what a training wrote down in the morning is told in Chinese at noon.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import reduce
from typing import Any, Literal

from resnet_finetune.words.chinese import CHINESE, OF_THE_SYSTEM

Language = Literal["en", "zh"]

_AND: dict[Language, str] = {"en": ", ", "zh": "、"}  # between the items of a list
_spoken: ContextVar[Language] = ContextVar("language", default="en")


def spoken() -> Language:
    """The language that is spoken here and now."""
    return _spoken.get()


@contextmanager
def speaking(language: Language) -> Iterator[None]:
    before = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(before)


class Sentence(str):
    """As data (compared, joined, put into JSON) it is its English; shown (``str``, ``format``, ``print``, ``Markup.format``) it
    is in the language that is spoken.
    """

    template: str
    values: Mapping[str, Any]  # strings, numbers, sentences, and lists, whose items are named one after the other

    def __new__(cls, template: str, values: Mapping[str, Any]) -> Sentence:
        sentence = super().__new__(cls, _said("en", template, values))
        sentence.template, sentence.values = template, values
        return sentence

    def __str__(self) -> str:
        if spoken() == "en":
            return str.__str__(self)
        return _said("zh", CHINESE.get(self.template) or OF_THE_SYSTEM.get(self.template, self.template), self.values)

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def __reduce__(self) -> tuple[type[Sentence], tuple[str, Mapping[str, Any]]]:
        """For copies, and for other processes."""
        return Sentence, (self.template, self.values)


def say(template: str, **values: Any) -> Sentence:
    """The sentence that ``template`` becomes with these values. Of what is no string, number or list, its text is taken."""
    return Sentence(template, {name: _plain(value) for name, value in values.items()})


def joined(sentences: Sequence[Sentence]) -> Sentence:
    """One after the other."""
    return reduce(lambda one, other: say("{one} {other}", one=one, other=other), sentences)


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, Exception) and value.args and isinstance(value.args[0], Sentence):
        return value.args[0]
    if isinstance(value, Sentence | int | float):
        return value
    return str(value).encode(errors="replace").decode()  # half a character, as in names that are no text, cannot be shown


def _said(language: Language, template: str, values: Mapping[str, Any]) -> str:
    with speaking(language):
        return template.format(
            **{
                name: _AND[language].join(map(str, value)) if isinstance(value, list) else value
                for name, value in values.items()
            }
        )


def reason(error: OSError) -> str:
    """What the system says went wrong; in English where it is none of the usual reasons."""
    said = error.strerror or str(error)
    return Sentence(said, {}) if said in OF_THE_SYSTEM else said


# --- In files and for programs -----------------------------------------------------------------------------------------


def aloud(value: Any) -> Any:
    """JSON for somebody who reads it now: all sentences in it as they are shown."""
    if isinstance(value, Mapping):
        return {key: aloud(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [aloud(inner) for inner in value]
    return str(value) if isinstance(value, Sentence) else value


def to_json(value: Any) -> Any:
    """JSON for a file, from which ``from_json`` makes the same sentences. Of lists, sentences and other values."""
    if isinstance(value, list):
        return [to_json(inner) for inner in value]
    if isinstance(value, Sentence):
        values = {name: to_json(inner) for name, inner in value.values.items()}
        return {"text": str.__str__(value), "template": value.template, "values": values}
    return value


def from_json(value: Any) -> Any:
    """What ``to_json`` wrote. A sentence of another version of the app, or that was changed, is its English text.

    Raises:
        ValueError: it is nested as no sentence is.
    """
    try:
        return _heard(value)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _heard(value: Any) -> Any:
    if isinstance(value, list):
        return [_heard(inner) for inner in value]
    if not (isinstance(value, dict) and value.keys() == {"text", "template", "values"}):
        return value
    text, template, values = str(value["text"]), value["template"], value["values"]
    if isinstance(template, str) and (template in CHINESE or template in OF_THE_SYSTEM) and isinstance(values, dict):
        try:
            sentence = Sentence(template, {str(name): _plain(_heard(inner)) for name, inner in values.items()})
        except (LookupError, ValueError, TypeError, AttributeError, OverflowError):
            return text
        if str.__eq__(sentence, text):
            return sentence
    return text
