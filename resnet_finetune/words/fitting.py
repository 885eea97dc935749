"""What a file says, held against what was declared: a run may come from a stranger, or from a disk that forgets."""

from __future__ import annotations

from dataclasses import is_dataclass
from functools import lru_cache
from math import isfinite
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

LARGEST = 2**53  # no count, size or time comes near it; what is larger breaks arithmetic, and is refused

OrNoNumber = Annotated[float, "infinite or not a number"]  # every other float is a number


def fitted(declared: Any, value: Any) -> Any:
    """``value``, as JSON has it, as what is ``declared``: of an object a dataclass is made, of a list perhaps a tuple.

    Known are dataclasses, ``list``, ``tuple``, ``dict``, unions, ``Literal``, ``str``, ``int``, ``float``, ``bool``,
    None and ``Any``.

    Raises:
        ValueError: it is something else, or lacks a part, or has one too many.
    """
    if declared is Any:
        return value
    if is_dataclass(declared):
        return _made(declared, value)
    origin, inner = get_origin(declared), get_args(declared)
    if origin is Annotated:
        return value if type(value) is float and not isfinite(value) else fitted(inner[0], value)
    if origin in (Union, UnionType):
        return _one_of(inner, value)
    if origin is list and isinstance(value, list):
        # a report holds millions of numbers
        quick = inner[0] is float and {*map(type, value)} <= {float} and all(-LARGEST < number < LARGEST for number in value)
        return value if quick else [fitted(inner[0], item) for item in value]
    if origin is tuple and isinstance(value, list | tuple) and len(value) == len(inner):
        return tuple(fitted(kind, item) for kind, item in zip(inner, value, strict=True))
    if origin is dict and isinstance(value, dict):
        return {fitted(inner[0], key): fitted(inner[1], item) for key, item in value.items()}
    if _is_plain(declared, origin, inner, value):
        return value
    raise ValueError(f"{type(value).__name__} in the place of {declared}")


def _is_plain(declared: Any, origin: Any, inner: tuple[Any, ...], value: Any) -> bool:
    if origin is Literal:
        return isinstance(value, str) and value in inner
    if declared in (int, float):  # JSON does not tell 1 from 1.0; True is no number
        return type(value) in (int, declared) and -LARGEST < value < LARGEST
    return declared in (str, bool, NoneType) and isinstance(value, declared)


def _one_of(kinds: tuple[Any, ...], value: Any) -> Any:
    for kind in kinds:
        try:
            return fitted(kind, value)
        except ValueError:
            continue
    raise ValueError(f"{type(value).__name__} in the place of one of {kinds}")


def _made(declared: Any, values: Any) -> Any:
    hints = _hints(declared)
    if not isinstance(values, dict) or not values.keys() <= hints.keys():
        raise ValueError(f"this is no {declared.__name__}")
    try:
        return declared(**{name: fitted(hints[name], value) for name, value in values.items()})
    except TypeError as error:  # a part is missing
        raise ValueError(f"this is no {declared.__name__}") from error


@lru_cache
def _hints(declared: Any) -> dict[str, Any]:
    return get_type_hints(declared, include_extras=True)
