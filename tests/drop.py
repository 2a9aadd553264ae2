"""A small shop in a drop folder: four kinds of taste, so that a model that sees them beats one that does not."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from pipelines.context import Context, read_context
from pipelines.settings import ROOT

FIRST = date(2024, 1, 7)
TASTES, USERS, ITEMS = 4, 120, 100
BOOTSTRAP_WINDOWS = 5


def window(index: int) -> str:
    """The name of the shop's window `index`, from 0."""
    return (FIRST + timedelta(days=7 * index)).isoformat()


UNTIL = window(BOOTSTRAP_WINDOWS)
"""The first window after the bootstrap."""


def fill_drop(folder: Path, windows: int, *, seed: int = 5) -> None:
    """Write `windows` windows of purchases, and the catalogue with the first."""
    for index in range(windows):
        place = folder / window(index)
        place.mkdir(parents=True)
        events(index, seed=seed).to_csv(place / "events.csv", index=False)
        if index == 0:
            catalogue().to_csv(place / "items.csv", index=False)


def events(index: int, *, seed: int = 5) -> pd.DataFrame:
    """One window: each user buys eight items, mostly of their own taste, of which they like some more than others."""
    rng = np.random.default_rng([seed, index])
    start = datetime.fromisoformat(window(index))
    rows = []
    for user in range(USERS):
        for visit in range(8):
            taste = user % TASTES if rng.random() < 0.95 else int(rng.integers(TASTES))
            item = taste + TASTES * int(rng.power(0.6) * (ITEMS // TASTES))
            at = start + timedelta(seconds=int(rng.integers(7 * 86_400)))
            rows.append((f"{index}-{user}-{visit}", f"u{user}", f"i{item}", "purchase", f"{at.isoformat()}Z", 1, 2.5))
    names = ["event_id", "user_id", "item_id", "event_type", "occurred_at", "quantity", "value"]
    return pd.DataFrame(rows, columns=names).sort_values(["occurred_at", "event_id"])


def catalogue() -> pd.DataFrame:
    rows = [(f"i{item}", f"item {item}", f"taste {item % TASTES}", f"brand {item % 7}", 2.5) for item in range(ITEMS)]
    return pd.DataFrame(rows, columns=["item_id", "title", "category", "brand", "price"])


def small_params(**changes: dict[str, object]) -> dict[str, object]:
    """The shipped params, made small enough for this shop; `changes` by section."""
    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    params["window"]["first"] = FIRST
    params["collect"]["connector"] = "files"
    params["plan"]["mode"] = "incremental"
    params["fit"] |= {"factors": 8, "als_iterations": 4, "slices": 2, "epochs": 6, "replay_rows": 20_000}
    params["fit"] |= {"regularization": 1.0, "learning_rate": 0.01}
    params["evaluate"]["ials"] |= {"factors": 8, "iterations": 4}
    params["gate"] |= {"resamples": 500, "min_users": 20, "rules": rules(0.3)}
    for section, values in changes.items():
        params[section] |= values
    return params


def rules(margin: float) -> list[dict[str, object]]:
    """The shipped rules of the gate, with margins that this shop's noise allows; iALS, whose assumption this shop is
    made of, need not be beaten, only come near."""
    shipped = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))["gate"]["rules"]
    named = [{_NEAR.get(key, key): value for key, value in rule.items()} for rule in shipped]
    return [
        rule | {"margin": max(margin, rule.get("margin", 0))} if "not_worse_than" in rule else rule for rule in named
    ]


_NEAR = {"better_than": "not_worse_than"}


def environment(folder: Path, *, windows: int = BOOTSTRAP_WINDOWS + 2, **changes: dict[str, object]) -> dict[str, str]:
    """Lay out a shop below `folder`: drop, params and an empty home; gives the TIDEGRAPH_ variables."""
    folder.mkdir(parents=True, exist_ok=True)
    fill_drop(folder / "drop", windows)
    (folder / "params.yaml").write_text(yaml.safe_dump(small_params(**changes)), encoding="utf-8")
    return {
        "TIDEGRAPH_HOME": str(folder / "var"),
        "TIDEGRAPH_PARAMS": str(folder / "params.yaml"),
        "TIDEGRAPH_DROP": str(folder / "drop"),
    }


def context_of(variables: dict[str, str]) -> Context:
    return read_context(environment=variables)


def copy_home(source: Path, target: Path) -> dict[str, str]:
    """A second shop that stands where `source` stands; MLflow keeps absolute paths, which are moved along."""
    shutil.copytree(source, target, symlinks=True)
    with closing(sqlite3.connect(target / "var" / "mlflow" / "mlflow.db")) as database:
        for table, column in _PLACES:
            moved = (str(source), str(target))
            database.execute(f"UPDATE {table} SET {column} = replace({column}, ?, ?)", moved)
        database.commit()
    return {
        "TIDEGRAPH_HOME": str(target / "var"),
        "TIDEGRAPH_PARAMS": str(target / "params.yaml"),
        "TIDEGRAPH_DROP": str(target / "drop"),
    }


_PLACES = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
)
