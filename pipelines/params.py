"""Settings of behaviour: params.yaml, read once, typed and frozen. A section bears the name of its step."""

from __future__ import annotations

import difflib
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    ValidationError,
    field_validator,
)

from features.schema import EVENT_TYPES
from pipelines.errors import ParamsError

_UNITS = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes", "s": "seconds"}


def _duration(value: object) -> object:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([wdhms])", str(value))
    if isinstance(value, timedelta):
        return value
    if not match:
        raise ValueError(f"{value!r} is no duration; write a number and a unit of w, d, h, m, s, such as 3d or 12h")
    return timedelta(**{_UNITS[match[2]]: float(match[1])})


Duration = Annotated[timedelta, BeforeValidator(_duration)]
Share = Annotated[float, Field(ge=0, le=1)]
Mode = Literal["incremental", "full", "graph-only", "skip"]


class Section(BaseModel):
    """Frozen, and refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class WindowParams(Section):
    first: date
    length: Duration

    @field_validator("length")
    @classmethod
    def _whole_days(cls, value: timedelta) -> timedelta:
        if value < timedelta(days=1) or value % timedelta(days=1):
            raise ValueError("a window lasts one or more whole days")
        return value


class CollectParams(Section):
    connector: Literal["complete_journey", "files"]


class ValidateParams(Section):
    max_refused: Share
    outlier_quantile: Share


class RefreshParams(Section):
    half_lives: tuple[Duration, ...] = Field(min_length=1)
    event_weights: dict[str, PositiveFloat]

    @field_validator("half_lives")
    @classmethod
    def _positive(cls, value: tuple[timedelta, ...]) -> tuple[timedelta, ...]:
        if any(half_life <= timedelta() for half_life in value) or list(value) != sorted(set(value)):
            raise ValueError("half-lives are positive, rising and different")
        return value

    @field_validator("event_weights")
    @classmethod
    def _known(cls, value: dict[str, float]) -> dict[str, float]:
        strangers = sorted(set(value) ^ set(EVENT_TYPES))
        if strangers:
            raise ValueError(f"needs exactly one weight for each event type; check {', '.join(strangers)}")
        return value


class PlanParams(Section):
    mode: Mode


class FitParams(Section):
    seed: int
    factors: PositiveInt
    regularization: PositiveFloat
    alpha: PositiveFloat
    als_half_life: Duration
    als_iterations: PositiveInt
    warm_iterations: PositiveInt
    slices: PositiveInt
    epochs: PositiveInt
    update_epochs: PositiveInt
    learning_rate: PositiveFloat
    update_learning_rate: PositiveFloat
    replay_rows: PositiveInt


class IalsParams(Section):
    factors: PositiveInt
    regularization: PositiveFloat
    alpha: PositiveFloat
    half_life: Duration
    iterations: PositiveInt


class EvaluateParams(Section):
    holdout: Duration
    bootstrap_holdout: Duration
    k: PositiveInt
    popularity_half_life: Duration
    personal_half_life: Duration
    ials: IalsParams


class GateParams(Section):
    margin: NonNegativeFloat
    confidence: Annotated[float, Field(gt=0.5, lt=1)]
    resamples: PositiveInt
    seed: int
    floors: dict[str, float]


class PublishParams(Section):
    k: PositiveInt


class Params(Section):
    """The whole of params.yaml."""

    window: WindowParams
    collect: CollectParams
    validate_: ValidateParams = Field(alias="validate")
    refresh: RefreshParams
    plan: PlanParams
    fit: FitParams
    evaluate: EvaluateParams
    gate: GateParams
    publish: PublishParams


def read_params(path: Path) -> Params:
    """Read and check params.yaml; every wrong key or value is named with its path and how to mend it."""
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ParamsError(
            f"params file cannot be read: {error.strerror}",
            where=str(path),
            mend="create it, or point TIDEGRAPH_PARAMS at one",
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ParamsError(
            f"params file is no YAML: {error}", where=str(path), mend="mend the syntax at the place named"
        ) from error
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
    path = ".".join(str(part) for part in problem["loc"]) or "the file"
    if problem["type"] == "extra_forbidden":
        return f"unknown key {path}", _nearest(problem["loc"])
    if problem["type"] == "missing":
        return f"missing key {path}", f"add {path}; docs/params.md explains it"
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
        fields = {field.alias or name: field for name, field in model.model_fields.items()}
        model = fields[str(part)].annotation
    return [field.alias or name for name, field in model.model_fields.items()]
