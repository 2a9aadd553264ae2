"""What a rule itself writes, held against its field: a constant that the field cannot take is no mapping."""

from __future__ import annotations

import pyarrow as pa

from features.schema import EXTRAS, REQUIRED
from sources.mapping.cells import EXACT
from sources.mapping.extras import given_extras
from sources.mapping.faults import Faults, shown
from sources.mapping.fields import read_written
from sources.mapping.rules import FieldRule, Scalar
from sources.mapping.wording import Amiss

_WHAT = {"str": "a text", "float64": "a number", "int64": "a whole number"}


def written(rule: FieldRule) -> dict[str, Scalar]:
    """The values that a rule itself writes, by the key that says them; those that are null are left out."""
    said = {
        "constant": rule.constant,
        **{f"values.{cell}": value for cell, value in rule.values.items()},
        **{f"patterns.{pattern}": value for pattern, value in rule.patterns.items()},
        "default": rule.default,
    }
    return {key: value for key, value in said.items() if value is not None}


def check_written(table: str, name: str, rule: FieldRule, dtype: str) -> None:
    """Raises Amiss where the rule, for the field `name` of type `dtype`, writes or asks what the type cannot take."""
    place = f"tables.{table}.fields.{name}"
    if dtype not in ("float64", "int64") and (rule.absolute or rule.product):
        key = "absolute" if rule.absolute else "product"
        raise Amiss(f"{name} is no number", key=f"{place}.{key}", mend=f"take {key} out")
    constant = "constant" in rule.model_fields_set
    if constant and name in REQUIRED[table] and (rule.constant is None or not str(rule.constant).strip()):
        raise Amiss(
            "every row must have this field, and here none would", key=f"{place}.constant", mend="write a value there"
        )
    for key, value in written(rule).items():
        problem = _problem(value, name, rule, dtype)
        if problem:
            wanted = _WHAT.get(dtype, "a time that the rule can read")
            raise Amiss(problem, key=f"{place}.{key}", mend=f"write {wanted} there, or take {name} from a column")


def _problem(value: Scalar, name: str, rule: FieldRule, dtype: str) -> str:
    """Why the field cannot take the value without loss; empty where it can."""
    if dtype == "str" and isinstance(value, bool | float):
        spelled = str(value).lower() if isinstance(value, bool) else value
        return f"{spelled} is no text: put it in quotes, so that it has one spelling"
    if dtype != "str" and isinstance(value, int) and abs(value) > EXACT:
        return f"{value} is larger than a number can be without losing digits"
    faults = Faults()
    cells = read_written(value, name, rule, dtype, faults)
    if name == EXTRAS:
        given_extras(cells, pa.nulls(1, pa.string()), faults)
    text = faults.texts(1)[0].as_py()
    if text:
        return str(text).removeprefix(f"{name}: ")
    lost = cells.null_count and str(value).strip()
    return f"{shown(value)} is no number" if lost else ""
