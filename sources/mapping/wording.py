"""Why a mapping is refused, in plain words: at which key, what was expected there, and what may have been meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

Problem = Mapping[str, Any]

_EXPECTED = {
    "string_type": "a text",
    "string_too_long": "at most {max_length} characters",
    "string_too_short": "at least {min_length} characters",
    "string_pattern_mismatch": "a text that matches {pattern}",
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "date": "a date such as 2024-01-07",
    "tuple_type": "a list",
    "list_type": "a list",
    "too_short": "a list of {min_length} or more",
    "dict_type": "keys with values",
    "literal_error": "{expected}",
    "greater_than": "a number above {gt}",
    "greater_than_equal": "{ge} or more",
    "less_than": "a number below {lt}",
    "less_than_equal": "{le} or less",
}
"""By the type of Pydantic's error, or by the word that it begins with."""


class Amiss(ValueError):
    """What a validator finds that knows how to mend it; `key` is the dotted place below the validated one."""

    def __init__(self, what: str, *, mend: str, key: str = "") -> None:
        super().__init__(what)
        self.key, self.mend = key, mend


def told(error: ValidationError, model: type[BaseModel], content: Any) -> tuple[str, str]:
    """What is wrong with `content`, with its dotted place, and how to mend it; an unknown key is told first.

    Texts are not shown: one of them may be a secret that was put where it does not belong.
    """
    problems: list[Any] = error.errors()
    # a key that is missing may be the one that was spelt wrong
    first = next((problem for problem in problems if problem["type"] == "extra_forbidden"), problems[0])
    place = _place(first, content)
    whole = ".".join(str(part) for part in place)
    if first["type"] == "extra_forbidden":
        return f"{whole}: there is no such key", _meant(place, model)
    if first["type"] == "missing":
        return f"{whole}: this key is missing", f"add `{place[-1]}: ...` there"
    if first["type"] == "value_error":
        return _of_validator(whole, first["ctx"]["error"])
    if first["loc"][-1:] == ("[key]",):
        return (
            f"{whole}: its key {_found(first)} is no text",
            "put the key in quotes: without them YAML takes yes, no, on and off for true and false",
        )
    same = [problem for problem in problems if _place(problem, content) == place]
    return _of_kind(same, place, model)


def nearest(name: str, names: list[str], *, cutoff: float = 0.5) -> str | None:
    """The one of `names` that looks most like `name`, if any does."""
    folded = {each.casefold(): each for each in names}
    close = difflib.get_close_matches(name.casefold(), list(folded), n=1, cutoff=cutoff)
    return folded[close[0]] if close else None


def _of_validator(whole: str, cause: ValueError) -> tuple[str, str]:
    if isinstance(cause, Amiss):
        whole = ".".join(part for part in (whole, cause.key) if part)
    what = f"{whole}: {cause}" if whole else str(cause)
    return what, cause.mend if isinstance(cause, Amiss) else f"mend {whole or 'what it names'}"


def _of_kind(problems: list[Problem], place: tuple[Any, ...], model: type[BaseModel]) -> tuple[str, str]:
    """One value is not of the kind, or of any of the kinds, that its key takes."""
    keys = _keys(model, place)
    expected = _either([_expected(problem, keys) for problem in problems])
    first, whole = problems[0], ".".join(str(part) for part in place)
    # whoever wrote a word among given ones knows which; the list of them says the rest
    found = "" if first["type"] == "literal_error" else f", found {_found(first)}"
    return f"{whole + ': ' if whole else ''}expected {expected}{found}", _mend(first, place, expected)


def _either(kinds: list[str]) -> str:
    """The kinds as one phrase, each once; a number need not be whole where any will do."""
    once = [kind for kind in dict.fromkeys(kinds) if not (kind == "a whole number" and "a number" in kinds)]
    return " or ".join(part for part in (", ".join(once[:-1]), once[-1]) if part)


def _expected(problem: Problem, keys: list[str]) -> str:
    kind = problem["type"]
    if kind == "model_type":
        return f"keys such as {', '.join(keys[:4])}"
    if kind.startswith("string_too") and 1 in problem["ctx"].values():
        return "one character" if kind == "string_too_long" else "a text that is not empty"
    words = _EXPECTED.get(kind) or _EXPECTED.get(kind.split("_")[0])
    return words.format_map(problem.get("ctx", {})) if words else f"something else ({problem['msg']})"


def _found(problem: Problem) -> str:
    value = problem["input"]
    if value is None or isinstance(value, bool):
        return {None: "nothing", True: "true", False: "false"}[value]
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, str):
        long = problem["type"] == "string_too_long"
        return f"{len(value)} characters" if long else "a text" if value else "an empty text"
    if isinstance(value, Mapping):
        return "keys with values"
    return ("a list" if value else "an empty list") if isinstance(value, list | tuple) else f"a {type(value).__name__}"


def _mend(problem: Problem, place: tuple[Any, ...], expected: str) -> str:
    kind, whole = problem["type"], ".".join(str(part) for part in place)
    if kind == "literal_error":
        near = nearest(str(problem["input"]), re.findall(r"'([^']*)'", problem["ctx"]["expected"]), cutoff=0.6)
        return f"did you mean {near}?" if near else "write one of these there"
    if kind in ("tuple_type", "list_type", "too_short"):
        return f"write {place[-1]}: [...] with brackets, even around a single one"
    if kind in ("model_type", "dict_type"):
        return f"write each as `key: value`, on lines of their own{f' below {whole}' if whole else ''}"
    return f"write {expected} there"


def _meant(place: tuple[Any, ...], model: type[BaseModel]) -> str:
    known = _keys(model, place[:-1])
    near = nearest(str(place[-1]), known, cutoff=0.6)
    there = f"the keys here are {', '.join(known)}" if known else "there are no keys here"
    return f"did you mean {near}?" if near else f"take it out; {there}"


def _place(problem: Problem, content: Any) -> tuple[Any, ...]:
    """The keys that lead to the problem in `content`; Pydantic adds the names of the types that it tried."""
    kept: list[Any] = []
    location = problem["loc"][:-2] if problem["loc"][-1:] == ("[key]",) else problem["loc"]
    for part in location:
        inside = isinstance(content, Mapping) and part in content
        if not inside and not (isinstance(content, list | tuple) and isinstance(part, int) and part < len(content)):
            break
        content = content[part]
        kept.append(part)
    return tuple(problem["loc"]) if problem["type"] == "missing" else tuple(kept)


def _keys(model: type[BaseModel], place: tuple[Any, ...]) -> list[str]:
    """The keys that may stand at `place` of `model`; none where any may."""
    at: Any = model
    for part in place:
        at = _within(at, part)
    found = _model(at)
    return [field.alias or name for name, field in found.model_fields.items()] if found else []


def _within(annotation: Any, part: Any) -> Any:
    """The type of what `part` leads to."""
    found = _model(annotation)
    if found:
        named = {field.alias or name: field.annotation for name, field in found.model_fields.items()}
        return named.get(part)
    arguments = get_args(annotation)
    return arguments[1 if get_origin(annotation) is dict else 0] if arguments else None


def _model(annotation: Any) -> type[BaseModel] | None:
    """The model that an annotation names, alone or as in `Model | None`."""
    among = (annotation, *get_args(annotation)) if get_origin(annotation) not in (dict, tuple, list) else ()
    return next((each for each in among if isinstance(each, type) and issubclass(each, BaseModel)), None)
