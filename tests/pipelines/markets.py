"""A marketplace whose truth is known, laid out for updates: drop, mapping, params and an empty home."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from pipelines.context import Context, read_context
from pipelines.settings import ROOT
from sources.marketplace.settings import Options, Settings
from sources.marketplace.world import World
from sources.marketplace.writing import write_simulation
from tests.drop import small_params


def open_market(folder: Path, options: Options, **changes: dict[str, Any]) -> Context:
    """Simulate it below `folder`; `changes` by section of the small shop's params."""
    drop, params = folder / "drop", folder / "params.yaml"
    drop.mkdir(parents=True)
    write_simulation(World(Settings(options=options)), drop, lambda _: None)
    params.write_text(yaml.safe_dump(small_params(**changes)), encoding="utf-8")
    return market_at(folder)


def shipped_rules(*, forgetting: float, margin: float) -> list[dict[str, Any]]:
    """The gate's rules as shipped, but for the ceiling on forgetting and the margin against the champion."""
    found: list[dict[str, Any]] = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))["gate"]["rules"]
    changed = [rule | {"ceiling": forgetting} if "ceiling" in rule else rule for rule in found]
    return [rule | {"margin": margin} if _against_champion(rule) else rule for rule in changed]


def _against_champion(rule: dict[str, Any]) -> bool:
    """Whether it is about all users and all items."""
    return (rule["metric"], rule.get("not_worse_than"), rule.get("slice")) == ("ndcg_at_20", "champion", None)


def market_at(folder: Path) -> Context:
    return read_context(
        environment={
            "TIDEGRAPH_HOME": str(folder / "var"),
            "TIDEGRAPH_PARAMS": str(folder / "params.yaml"),
            "TIDEGRAPH_DROP": str(folder / "drop"),
            "TIDEGRAPH_MAPPING": str(folder / "drop" / "mapping.yaml"),
        }
    )
