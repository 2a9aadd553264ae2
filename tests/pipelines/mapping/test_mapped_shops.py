"""Shops that the project has never seen, from a mapping file alone to a promoted update and what it serves."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from pipelines import registry
from pipelines.context import Context, read_context
from pipelines.files import read_json
from pipelines.graphs.files import read_graph
from pipelines.jobs import bootstrap_job, update_job
from pipelines.runner import run_all
from pipelines.serving.served import load_served
from sources.marketplace.oracle import Oracle
from sources.marketplace.settings import Options, Settings
from sources.marketplace.world import World
from sources.marketplace.writing import read_world, write_simulation
from tests.drop import small_params

UNTIL, WINDOWS = "2024-02-11", 6  # five windows of bootstrap, then an update
HOLDOUT = datetime(2024, 2, 15, tzinfo=UTC)
BROWSERS = range(90, 100)  # they look and put into the cart, and have bought nothing yet
MAPPING = """
name: tea-house
connector: files
window: {first: 2024-01-07, length: 7d}
tables:
  events:
    from: {paths: ["clicks-*.csv.gz"], delimiter: ";"}
    fields:
      user_id: guest
      item_id: sku
      event_type: {column: did, values: {look: view, basket: cart, pay: purchase}}
      occurred_at: {column: ms, unit: ms}
      quantity: {column: did, values: {pay: 1}, default: null}
      value: {column: did, values: {pay: 3.5}, default: null}
  items:
    from: {paths: ["teas.jsonl"]}
    fields: {item_id: sku, title: name.zh, category: family, valid_from: {column: since}}
"""


def fill_tea_house(drop: Path) -> None:
    """Weeks of clicks: each guest looks at teas of a family or two, puts some into the cart and pays for fewer."""
    drop.mkdir(parents=True)
    rng, origin = np.random.default_rng(11), datetime.fromisoformat("2024-01-07T00:00:00+00:00")
    for week in range(WINDOWS):
        lines = ["guest;sku;did;ms"]
        for guest in range(100):
            for _ in range(16):
                sku = 4 * int(rng.power(0.3) * 20) + (guest % 4 if rng.random() < 0.95 else int(rng.integers(4)))
                at = origin + timedelta(days=7 * week, seconds=int(rng.integers(600_000)))
                done = ["look", "look", "basket"] if guest in BROWSERS else ["look", "basket", "pay"]
                for minute, did in enumerate(done[: 1 + int(rng.integers(3))]):
                    lines.append(f"{guest};{sku};{did};{int(at.timestamp() + 60 * minute) * 1000}")
        (drop / f"clicks-{week}.csv.gz").write_bytes(gzip.compress("\n".join(lines).encode(), mtime=0))
    known = {"since": "2024-01-07T00:00:00Z"}
    teas = [{"sku": sku, "name": {"zh": f"茶 {sku}"}, "family": f"家 {sku % 4}"} | known for sku in range(80)]
    text = "\n".join(json.dumps(tea, ensure_ascii=False) for tea in teas)
    (drop / "teas.jsonl").write_text(text, encoding="utf-8")


def run(folder: Path, drop: Path, mapping: Path, **changes: dict[str, object]) -> Context:
    """A bootstrap and an update of that shop."""
    params = folder / "params.yaml"
    params.write_text(yaml.safe_dump(small_params(**changes)), encoding="utf-8")
    context = read_context(
        environment={
            "TIDEGRAPH_HOME": str(folder / "var"),
            "TIDEGRAPH_PARAMS": str(params),
            "TIDEGRAPH_DROP": str(drop),
            "TIDEGRAPH_MAPPING": str(mapping),
        }
    )
    run_all(bootstrap_job(UNTIL, context), context)
    run_all(update_job(UNTIL, context), context)
    return context


def outcome(context: Context) -> dict[str, Any]:
    return read_json(context.path("updates", UNTIL, "row.json"))


def ndcg(row: dict[str, Any], model: str) -> float:
    return row["metrics"][model]["all"]["ndcg_at_20"]


@pytest.fixture(scope="module")
def tea_house(tmp_path_factory: pytest.TempPathFactory) -> Context:
    folder = tmp_path_factory.mktemp("teas")
    fill_tea_house(folder / "drop")
    mapping = folder / "mapping.yaml"
    mapping.write_text(MAPPING, encoding="utf-8")
    return run(folder, folder / "drop", mapping)


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Context:
    folder = tmp_path_factory.mktemp("market")
    drop = folder / "drop"
    drop.mkdir()
    flaws = ("bots", "duplicates", "late", "corrections", "broken", "added_column", "retyped_column")
    options = Options(users=300, items=200, days=7 * WINDOWS, events=40_000, flaws=flaws)
    write_simulation(World(Settings(options=options)), drop, lambda _: None)
    return run(folder, drop, drop / "mapping.yaml", validate={"max_refused": 0.2})


def test_a_shop_that_only_a_mapping_describes_is_learnt_judged_and_promoted(tea_house: Context) -> None:
    champion, row = registry.champion(tea_house), outcome(tea_house)
    assert champion is not None
    assert (row["verdict"], row["promoted"], row["champion_version"]) == ("PASS", True, champion.version)
    assert ndcg(row, "candidate") > 1.5 * ndcg(row, "popularity")


def test_on_a_marketplace_the_candidate_comes_between_popularity_and_what_the_truth_allows(market: Context) -> None:
    row, drop = outcome(market), market.settings.drop
    assert row["promoted"] == (row["verdict"] == "PASS")
    events = pd.read_parquet(market.path("accepted", UNTIL, "events.parquet"))
    last = events["occurred_at"] >= pd.Timestamp(HOLDOUT)
    bought = events.loc[last & (events["event_type"] == "purchase"), ["user_id", "item_id"]]
    ceiling = Oracle(read_world(drop)).ceiling(bought, HOLDOUT, timedelta(days=3), k=20)
    assert 1.5 * ndcg(row, "popularity") < ndcg(row, "candidate") < ceiling


def test_what_was_only_looked_at_or_put_into_a_cart_weighs_in_as_params_say(tea_house: Context) -> None:
    graph = read_graph(tea_house.path("graphs", UNTIL, "end"))
    weights = tea_house.params.refresh.event_weights
    events = pd.concat(pd.read_parquet(path) for path in sorted(tea_house.path("accepted").glob("*/events.parquet")))
    events = events[events["user_id"] == "93"]
    assert set(events["event_type"]) == {"view", "cart"}
    age = (pd.Timestamp(graph.as_of, unit="us", tz="UTC") - events["occurred_at"]) / pd.Timedelta(
        tea_house.params.refresh.half_lives["user_item"][0]
    )
    wanted = (events["event_type"].map(weights) * np.exp2(-age)).groupby(events["item_id"]).sum()
    mine = graph.edges["user_row"] == graph.users["user_id"].tolist().index("93")
    items = graph.items["item_id"].to_numpy()[graph.edges.loc[mine, "item_row"]]
    assert dict(zip(items, graph.weights()[mine, 0], strict=True)) == pytest.approx(wanted.to_dict())


def test_who_has_only_looked_is_recommended_the_family_they_looked_at(tea_house: Context) -> None:
    served = load_served(tea_house)
    for guest in BROWSERS:
        families = served.recommend(str(guest), 5)["item_id"].astype("int64") % 4
        assert (families == guest % 4).sum() >= 4
