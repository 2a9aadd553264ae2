"""params.yaml, read once; what is wrong in it is named with its path and how to mend it."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import ValidationError

from pipelines.errors import ParamsError
from pipelines.params.shape import Params


class _OneKeyOnce(yaml.SafeLoader):
    """YAML that refuses a key given twice, of which the first would silently not count."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"key {key.value!r} is given twice", problem_mark=key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def read_params(path: Path) -> Params:
    """Read and check params.yaml; every wrong key or value is named with its path and how to mend it."""
    try:
        raw = yaml.load(path.read_text(encoding="utf-8"), Loader=_OneKeyOnce)
    except OSError as error:
        raise ParamsError(
            f"params file cannot be read: {error.strerror}",
            where=str(path),
            mend="create it, or point TIDEGRAPH_PARAMS at one",
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ParamsError(
            "params file is no YAML: " + str(error).replace(' in "<unicode string>",', ""),
            where=str(path),
            mend="mend the syntax at the place named",
        ) from error
    if not isinstance(raw, dict):
        raise ParamsError(
            "params file is empty" if raw is None else "params file holds no sections",
            where=str(path),
            mend="copy the params.yaml that came with Tidegraph, and change what you need",
        )
    try:
        return Params.model_validate(raw)
    except ValidationError as error:
        problems = [_describe(problem) for problem in error.errors()]
        raise ParamsError(
            "; ".join(what for what, _ in problems),
            where=str(path),
            mend="; ".join(mend for _, mend in problems),
        ) from None


def _describe(problem: Any) -> tuple[str, str]:
    if not problem["loc"]:
        return problem["msg"].removeprefix("Value error, "), "set these keys as docs/params.md says"
    path = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        return f"unknown key {path}", _nearest(problem["loc"])
    if problem["type"] == "missing":
        return f"missing key {path}", f"add {path}; docs/params.md explains it"
    if isinstance(problem.get("input"), dict):
        return f"{path}: {problem['msg'].removeprefix('Value error, ')}", f"set {path} as docs/params.md says"
    shown = repr(problem.get("input"))
    shown = shown if len(shown) < 60 else shown[:57] + "..."
    message = problem["msg"].removeprefix("Value error, ")
    return f"{path} = {shown}: {message}", f"set {path} as docs/params.md says"


def _nearest(location: tuple[Any, ...]) -> str:
    known = _keys_at(location[:-1])
    near = difflib.get_close_matches(str(location[-1]), known, n=1)
    return f"did you mean {near[0]}?" if near else f"remove it; known keys here: {', '.join(known)}"


def _keys_at(location: tuple[Any, ...]) -> list[str]:
    model: Any = Params
    for part in location:
        if isinstance(part, int):
            model = get_args(model)[0]  # a place in a list
            continue
        fields = {field.alias or name: field for name, field in model.model_fields.items()}
        model = fields[str(part)].annotation
    return [field.alias or name for name, field in model.model_fields.items()]
