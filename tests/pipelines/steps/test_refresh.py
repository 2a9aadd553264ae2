"""Refresh: what it folds into, when it builds anew, and how it proves itself."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from features.proof import prove
from pipelines.context import Context, read_context
from pipelines.errors import ContractError
from pipelines.files import digest_files, read_json, write_json
from pipelines.graphs.files import read_graph, read_manifest
from pipelines.graphs.folding import rebuild
from pipelines.judging.lessons import graph_as_of
from tests.damage import DAMAGES
from tests.drop import UNTIL, copy_home, events
from tests.pipelines.refreshing import LAST, NEXT, rebuilt, refresh


@pytest.fixture
def variables(bootstrapped: Path, tmp_path: Path) -> dict[str, str]:
    return copy_home(bootstrapped, tmp_path / "shop")


def changed(variables: dict[str, str], **refresh: object) -> Context:
    path = Path(variables["TIDEGRAPH_PARAMS"])
    params = yaml.safe_load(path.read_text(encoding="utf-8"))
    params["refresh"] |= refresh
    path.write_text(yaml.safe_dump(params), encoding="utf-8")
    return read_context(environment=variables)


def test_a_window_is_folded_into_the_graph_of_the_one_before_and_names_it(context: Context) -> None:
    assert refresh(context)["note"] == f"folded into {LAST}"
    manifest = read_manifest(context.path("graphs", UNTIL, "end"))
    assert manifest["about"]["parent"]["hash"] == read_manifest(context.path("graphs", LAST, "end"))["hash"]
    assert manifest["about"]["snapshots"] == {UNTIL: f"snapshot/{UNTIL}"}


def test_a_window_folded_twice_gives_the_same_graph_and_leaves_the_old_one(context: Context) -> None:
    old = digest_files(context.path("graphs", LAST))
    first = refresh(context)["hashes"]
    shutil.rmtree(context.path("graphs", UNTIL))
    assert refresh(context)["hashes"] == first
    assert digest_files(context.path("graphs", LAST)) == old


def test_every_so_many_windows_a_rebuild_proves_the_fold(variables: dict[str, str]) -> None:
    context = changed(variables, verify_every=5)
    proof = refresh(context)["proof"]
    assert proof["folded"] == proof["rebuilt"]
    assert proof["holds"] and proof["largest_weight_difference"] <= 1e-9
    assert refresh(context, NEXT)["proof"] is None


def test_other_params_mean_a_rebuild_said_so(variables: dict[str, str]) -> None:
    context = changed(variables, click_within="10m")
    assert refresh(context)["note"] == "rebuilt: params of refresh changed"


def test_how_often_a_graph_is_verified_does_not_make_it_another(variables: dict[str, str]) -> None:
    assert refresh(changed(variables, verify_every=0))["note"] == f"folded into {LAST}"


@pytest.mark.parametrize("damage", ["missing", *DAMAGES, "changed manifest"])
def test_a_damaged_parent_means_a_rebuild_said_so(context: Context, damage: str) -> None:
    folder = context.path("graphs", LAST, "end")
    path = folder / "segments" / "000" / "edges-user_item.arrow"
    if damage == "missing":
        shutil.rmtree(folder)
    elif damage in DAMAGES:
        DAMAGES[damage](path)
    else:
        write_json(folder / "manifest.json", read_json(folder / "manifest.json") | {"as_of": 0})
    assert refresh(context)["note"].startswith("rebuilt: the graph of the window before ")
    assert prove(read_graph(context.path("graphs", UNTIL, "end")), rebuilt(context)).holds


@pytest.mark.parametrize("damage", ["missing", *DAMAGES])
def test_what_a_model_learns_on_is_rebuilt_where_its_graph_was_lost(context: Context, damage: str) -> None:
    folder = context.path("graphs", LAST, "cut")
    whole = read_graph(folder)
    instant = datetime.fromtimestamp(whole.as_of // 1_000_000, UTC)
    wanted = whole.edge_table("user_item").to_pylist()
    path = folder / "segments" / "000" / "edges-user_item.arrow"
    if damage == "missing":
        shutil.rmtree(folder)
    else:
        DAMAGES[damage](path)
    assert graph_as_of(instant, context, LAST).edge_table("user_item").to_pylist() == wanted


def test_a_window_without_events_stops_before_the_graph_and_leaves_the_old_one(context: Context) -> None:
    events(5).head(0).to_csv(context.settings.drop / UNTIL / "events.csv", index=False)
    old = digest_files(context.path("graphs", LAST))
    with pytest.raises(ContractError, match="at least one event"):
        refresh(context)
    assert digest_files(context.path("graphs", LAST)) == old
    assert not context.path("graphs", UNTIL).exists()


def test_events_of_after_the_instant_change_no_graph_of_before(context: Context) -> None:
    refresh(context)
    instant = context.calendar.window(LAST).end
    folded = read_graph(context.path("graphs", LAST, "end"))
    *_, again = rebuild(context, [instant - context.params.evaluate.bootstrap_holdout, instant])
    for node in ("user", "item", "query"):
        assert again.nodes(node) == folded.nodes(node)
    assert again.edge_table("user_item") == folded.edge_table("user_item")
