"""Whom a refresh forgets, who learns nothing of them, and what becomes of the requests."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from features.catalogue import rows_of
from features.graph import InterestGraph
from features.proof import prove
from pipelines.context import Context, read_context
from pipelines.errors import ParamsError, StoreError, UnknownUserError
from pipelines.files import write_json
from pipelines.graphs.erasures import ask_for_erasure, read_erasures
from pipelines.graphs.files import read_graph
from pipelines.graphs.folding import rebuild
from pipelines.jobs import update_job
from pipelines.judging.lessons import bought_between, full_slices, graph_as_of
from tests.drop import UNTIL, copy_home
from tests.pipelines.refreshing import LAST, NEXT, rebuilt, refresh

NOW = datetime(2026, 1, 1, tzinfo=UTC)
"""Later than all events."""
FUTURE = {"user_id": "u7", "until": "2999-01-01T00:00:00+00:00"}
NO_REQUESTS = [{}, {"a": 1}, [7], "u7", [{"user_id": "u7"}], [{"user_id": "u7", "until": "soon"}], [FUTURE]]
NO_REQUESTS += [[{"user_id": user, "until": "2024-03-01T00:00:00+00:00"}] for user in (7, " ", None, "u\x07")]
NO_REQUESTS += [[{"user_id": "u7", "until": "2024-03-01"}]]
"""What the file of requests to forget users may not hold."""


@pytest.fixture
def context(bootstrapped: Path, tmp_path: Path) -> Context:
    return read_context(environment=copy_home(bootstrapped, tmp_path / "shop"))


def test_an_erased_user_is_gone_from_the_next_graph_as_if_never_there(context: Context) -> None:
    ask_for_erasure("u7", NOW, context)
    assert refresh(context)["note"] == f"folded into {LAST}; requests to forget users: 1"
    folder = context.path("graphs", UNTIL, "end")
    graph = read_graph(folder)
    assert "u7" not in graph.users["user_id"].tolist()
    for path in folder.rglob("nodes-user.arrow"):
        ids = pa.ipc.open_file(path).read_all()["id"].combine_chunks()
        assert bytes(ids.buffers()[2]).rstrip(b"\x00").decode() == "".join(ids.drop_null().to_pylist())
    assert len(graph.users) == len(read_graph(context.path("graphs", LAST, "end")).users)
    assert prove(graph, rebuilt(context)).holds


def test_what_others_did_that_names_an_erased_user_is_gone_with_them(context: Context) -> None:
    add_events(context, UNTIL, follow("u8", "u7"), follow("u9", "u10"))
    refresh(context)
    assert ties(context, UNTIL) == {("u8", "u7"), ("u9", "u10")}
    ask_for_erasure("u7", NOW, context)
    refresh(context, NEXT)
    assert ties(context, NEXT) == {("u9", "u10")}
    assert prove(read_graph(context.path("graphs", NEXT, "end")), rebuilt(context, NEXT)).holds


def test_what_an_erased_user_corrected_counts_again(context: Context) -> None:
    told = {"event_id": "x", "event_type": "follow", "target_user_id": "u10"}
    add_events(context, UNTIL, told | {"user_id": "u9", "revision": 0}, told | {"user_id": "u7", "revision": 1})
    refresh(context)
    assert ties(context, UNTIL) == {("u7", "u10")}
    ask_for_erasure("u7", NOW, context)
    refresh(context, NEXT)
    assert ties(context, NEXT) == {("u9", "u10")}
    assert prove(read_graph(context.path("graphs", NEXT, "end")), rebuilt(context, NEXT)).holds


def test_what_an_erased_user_does_later_is_of_a_new_user(context: Context) -> None:
    until = datetime.fromisoformat(f"{UNTIL}T00:00:00+00:00")
    ask_for_erasure("u7", until, context)
    refresh(context)
    graph = read_graph(context.path("graphs", UNTIL, "end"))
    mine = graph.edges[graph.edges["user_row"] == graph.users["user_id"].tolist().index("u7")]
    assert len(mine)
    assert (mine["first_at"] >= until.timestamp() * 1e6).all()
    assert prove(graph, rebuilt(context)).holds


def test_models_do_not_learn_from_an_erased_user(context: Context) -> None:
    refresh(context)
    graph = read_graph(context.path("graphs", LAST, "end"))
    window_ = context.calendar.window(UNTIL)
    row = graph.users["user_id"].tolist().index("u7")
    assert row in bought_between(window_.start, window_.end, graph, context)[0].tolist()
    ask_for_erasure("u7", NOW, context)
    assert row not in bought_between(window_.start, window_.end, graph, context)[0].tolist()


def test_several_erased_users_are_no_trouble_to_those_who_learn_and_serve(context: Context) -> None:
    for user in ("u7", "u8"):
        ask_for_erasure(user, NOW, context)
    refresh(context)
    graph = read_graph(context.path("graphs", UNTIL, "end"))
    window_ = context.calendar.window(UNTIL)
    assert bought_between(window_.start, window_.end, graph, context).shape[1] > 0
    assert rows_of(graph, "user", ["u7", "u8", "u9"]).tolist()[:2] == [-1, -1]
    assert graph.nodes("user")["id"][int(rows_of(graph, "user", ["u9"])[0])].as_py() == "u9"


@pytest.mark.parametrize("content", NO_REQUESTS)
def test_requests_that_cannot_be_read_stop_the_refresh_and_are_left_as_they_are(
    context: Context, content: object
) -> None:
    path = write_json(context.path("erasures.json"), content)
    before = path.read_bytes()
    with pytest.raises(StoreError, match="cannot be read"):
        refresh(context)
    with pytest.raises(StoreError, match="cannot be read"):
        ask_for_erasure("u9", NOW, context)
    assert path.read_bytes() == before


@pytest.mark.parametrize("lost", [[UNTIL], [LAST, UNTIL]])
def test_a_graph_rebuilt_after_an_erasure_has_the_rows_of_the_lost_one(context: Context, lost: list[str]) -> None:
    """Taken from the graphs of other windows; or, where all are lost, from the champion's."""
    ask_for_erasure("u7", NOW, context)
    refresh(context)
    refresh(context, NEXT)
    folded = read_graph(context.path("graphs", NEXT, "end"))
    for name in (*lost, NEXT):
        shutil.rmtree(context.path("graphs", name))
    assert refresh(context, NEXT)["note"] == "rebuilt: the graph of the window before is missing"
    again = read_graph(context.path("graphs", NEXT, "end"))
    assert users_of(again) == users_of(folded) and None in users_of(again)
    assert again.items["item_id"].tolist() == folded.items["item_id"].tolist()
    assert (
        again.edge_table("user_item")
        .select(["source_row", "target_row", "last_at"])
        .equals(folded.edge_table("user_item").select(["source_row", "target_row", "last_at"]))
    )


def test_all_graphs_that_a_full_fit_learns_on_have_the_same_rows(context: Context) -> None:
    ask_for_erasure("u7", NOW, context)
    refresh(context)
    slices = full_slices(update_job(UNTIL, context), context)
    known = users_of(read_graph(context.path("graphs", UNTIL, "cut")))
    row, bob = known.index(None), known.index("u9")
    assert slices
    for each in slices:
        assert each.graph["user"].num_nodes <= len(known)
        assert not each.graph["user"].active[row] and each.graph["user"].active[bob]
        assert row not in each.next_pairs[0].tolist()


def test_an_update_does_not_learn_on_the_graph_in_which_an_erased_user_is_still(context: Context) -> None:
    refresh(context)
    folder = context.path("graphs", UNTIL, "cut")
    instant = datetime.fromtimestamp(read_graph(folder).as_of // 1_000_000, UTC)
    ask_for_erasure("u7", NOW, context)
    graph = graph_as_of(instant, context, UNTIL)
    assert "u7" in users_of(read_graph(folder)) and "u7" not in users_of(graph)
    assert len(users_of(graph)) == len(users_of(read_graph(folder)))
    assert prove(graph, next(rebuild(context, [instant]))).holds
    ask_for_erasure("u8", NOW, context)
    shutil.rmtree(folder)
    shutil.rmtree(context.path("graphs", LAST))
    without_both = users_of(graph_as_of(instant, context, UNTIL))
    assert without_both == [None if user == "u8" else user for user in users_of(graph)]


def test_an_update_does_not_bring_back_a_user_whose_request_was_taken_away(context: Context) -> None:
    ask_for_erasure("u7", NOW, context)
    refresh(context)
    context.path("erasures.json").unlink()
    instant = datetime.fromtimestamp(read_graph(context.path("graphs", UNTIL, "cut")).as_of // 1_000_000, UTC)
    assert "u7" not in users_of(graph_as_of(instant, context, UNTIL))


@pytest.mark.parametrize("left", [[], ["u8"], ["u8", "u9"]])
def test_requests_that_a_graph_carried_out_and_that_are_missing_stop_the_refresh(
    context: Context, left: list[str]
) -> None:
    """Otherwise a rebuild would bring the users back, and nobody would see it."""
    ask_for_erasure("u7", NOW, context)
    refresh(context)
    context.path("erasures.json").unlink()
    for user in left:
        ask_for_erasure(user, NOW, context)
    with pytest.raises(StoreError, match="the graph of 2024-02-11 has carried out 1"):
        refresh(context, NEXT)
    assert not context.path("graphs", NEXT).exists()


def test_a_user_is_brought_back_on_purpose_by_removing_the_graphs_without_them(context: Context) -> None:
    ask_for_erasure("u7", NOW, context)
    refresh(context)
    context.path("erasures.json").unlink()
    shutil.rmtree(context.path("graphs", UNTIL))
    assert "u7" in users_of(read_graph(context.path("graphs", LAST, "end")))
    refresh(context)
    assert "u7" in users_of(read_graph(context.path("graphs", UNTIL, "end")))


def test_a_request_made_after_a_refresh_is_no_missing_one(context: Context) -> None:
    ask_for_erasure("u7", NOW, context)
    refresh(context)
    ask_for_erasure("u8", NOW, context)
    assert refresh(context, NEXT)["note"] == f"folded into {UNTIL}; requests to forget users: 1"


def test_nobody_is_forgotten_in_advance(context: Context) -> None:
    with pytest.raises(ParamsError, match="not come yet"):
        ask_for_erasure("u7", datetime(2999, 1, 1, tzinfo=UTC), context)


def test_asking_for_the_same_erasure_twice_leaves_one_request(context: Context) -> None:
    for _ in range(2):
        ask_for_erasure("u7", datetime(2024, 3, 1, tzinfo=UTC), context)
    assert len(read_erasures(context)) == 1


@pytest.mark.parametrize("nobody", [" ", "half a letter \udcff", "a\x07"])
def test_an_erasure_of_nobody_is_refused(context: Context, nobody: str) -> None:
    with pytest.raises(UnknownUserError, match="needs a user's id"):
        ask_for_erasure(nobody, datetime(2024, 3, 1, tzinfo=UTC), context)


def users_of(graph: InterestGraph) -> list[str | None]:
    return graph.nodes("user")["id"].to_pylist()


def follow(user: str, target: str) -> dict[str, object]:
    return {"event_id": f"{user} {target}", "user_id": user, "event_type": "follow", "target_user_id": target}


def add_events(context: Context, name: str, *rows: dict[str, object]) -> None:
    """Put `rows` beside the window's own events, a minute after it begins."""
    path = context.settings.drop / name / "events.csv"
    more = pd.DataFrame(rows).assign(occurred_at=f"{name}T00:01:00Z")
    pd.concat([pd.read_csv(path), more]).to_csv(path, index=False)


def ties(context: Context, name: str) -> set[tuple[str, str]]:
    graph = read_graph(context.path("graphs", name, "end"))
    ids, table = graph.nodes("user")["id"].to_pylist(), graph.edge_table("user_user")
    rows = zip(table["source_row"].to_pylist(), table["target_row"].to_pylist(), strict=True)
    return {(ids[source], ids[target]) for source, target in rows}
