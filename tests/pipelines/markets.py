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
    """Simulate it below `folder`; `changes` by section of the small shop's params. The gate's rules are as shipped."""
    drop, params = folder / "drop", folder / "params.yaml"
    drop.mkdir(parents=True)
    write_simulation(World(Settings(options=options)), drop, lambda _: None)
    shipped = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))["gate"]["rules"]
    found: dict[str, Any] = small_params()
    found["gate"]["rules"] = shipped
    for section, values in changes.items():
        found[section] |= values
    params.write_text(yaml.safe_dump(found), encoding="utf-8")
    return market_at(folder)


def market_at(folder: Path) -> Context:
    return read_context(
        environment={
            "TIDEGRAPH_HOME": str(folder / "var"),
            "TIDEGRAPH_PARAMS": str(folder / "params.yaml"),
            "TIDEGRAPH_DROP": str(folder / "drop"),
            "TIDEGRAPH_MAPPING": str(folder / "drop" / "mapping.yaml"),
        }
    )
