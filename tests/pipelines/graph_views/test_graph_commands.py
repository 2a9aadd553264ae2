"""`tidegraph graph` as it is typed."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from features.backend import local_backend
from features.delta import Delta, event_table, item_table, user_table
from features.erasure import without_traces
from features.fold import fold
from features.schema import empty
from pipelines.commands.graph import app
from pipelines.context import read_context
from pipelines.errors import StoreError, UnknownUserError, WindowError
from pipelines.graph_views.wording import difference_in_words
from pipelines.graphs.erasures import read_erasures
from pipelines.graphs.files import read_graph, write_graph
from tests.damage import change_a_byte, truncate
from tests.features.shop import START, blank, events, fold_days, items
from tests.features.test_denoise import bot, people, shop, with_score
from tests.typed import typed

FIRST, SECOND = "2024-01-07", "2024-01-14"


@pytest.fixture(autouse=True)
def graphs(home: Path) -> None:
    """Two windows' graphs: in the second one, ann buys tea twice more, and soap fades."""
    catalogue = items(("tea", "drinks", 0), ("soap", "care", 0))
    before = fold_days(blank(7), events(("ann", "tea", 0), ("ann", "soap", 1)), as_of_day=7, catalogue=catalogue)
    after = fold_days(before, events(("ann", "tea", 8), ("ann", "tea", 9), first=9), as_of_day=14)
    for name, graph in ((FIRST, before), (SECOND, after)):
        write_graph(read_context().path("graphs", name, "end"), graph, about={"parent": None})


def printed(*words: str) -> str:
    return typed(app, *words)


def content(*words: str) -> Any:
    return json.loads(printed(*words, "--json"))


def test_stats_are_of_the_newest_graph_unless_another_is_named() -> None:
    assert content("stats")["window"] == SECOND
    told = content("stats", FIRST)
    assert told["window"] == FIRST and told["nodes"]["user"]["active"] == 1 and told["edges"]["user_item"] == 2
    assert "user_category" in printed("stats")


def test_a_user_is_shown_with_the_heaviest_interest_first_and_counts_in_words() -> None:
    assert [each["name"] for each in content("show", "ann")["interests"]["category"]] == ["drinks", "care"]
    assert len(content("show", "ann", "--k", "1")["interests"]["category"]) == 1
    assert "3 purchases" in printed("show", "ann", "--k", "1")


def test_a_difference_is_told_in_words() -> None:
    told = " ".join(printed("diff", FIRST, SECOND, "--user", "ann").split())
    assert "gained most: drinks +" in told and "lost most: care -" in told
    assert "drinks 0.50 → 1.41, 2 purchases" in told


def test_words_about_a_user_stop_after_the_largest_changes() -> None:
    told = content("diff", FIRST, SECOND, "--user", "ann")
    assert difference_in_words(told, most=1)[-1] == "user ann: drinks 0.50 → 1.41, 2 purchases; and 1 more"


def test_an_unknown_window_or_user_is_told_with_what_is_near() -> None:
    with pytest.raises(WindowError, match="did you mean 2024-01-14"):
        printed("stats", "2024-01-15")
    with pytest.raises(UnknownUserError, match="did you mean ann"):
        printed("show", "anne")
    with pytest.raises(UnknownUserError):
        printed("diff", FIRST, SECOND, "--user", "zoe")


def test_verify_counts_bytes_and_finds_a_changed_one(home: Path) -> None:
    assert content("verify", SECOND)["bytes"] > 0
    change_a_byte(next((home / "graphs" / SECOND / "end").rglob("edges-user_item.arrow")))
    with pytest.raises(StoreError, match=r"edges-user_item\.arrow"):
        printed("verify", SECOND)


def test_an_erasure_is_asked_for_and_says_what_still_holds_the_user() -> None:
    told = " ".join(printed("erase", "ann", "--until", "2024-01-10").split())
    assert "the next refresh does it" in told and "snapshots and older graphs still hold" in told
    assert [(each.user_id, each.until) for each in read_erasures(read_context())] == [
        ("ann", "2024-01-10T00:00:00+00:00")
    ]


def test_a_request_is_written_down_where_the_newest_graph_is_damaged(home: Path) -> None:
    truncate(next((home / "graphs" / SECOND / "end").rglob("edges-user_item.arrow")))
    done = CliRunner().invoke(app, ["erase", "ann"])
    assert done.exit_code == 0 and "was not asked whether it has the user" in done.stderr
    assert [each.user_id for each in read_erasures(read_context())] == ["ann"]


def test_a_stranger_is_erased_only_when_that_is_said() -> None:
    with pytest.raises(UnknownUserError):
        printed("erase", "zoe")
    assert read_erasures(read_context()) == []
    printed("erase", "zoe", "--unknown-too")
    assert [each.user_id for each in read_erasures(read_context())] == ["zoe"]


@pytest.mark.parametrize(
    ("given", "until"),
    [
        ("2024-01-10T00:00:00+05:00", "2024-01-09T19:00:00+00:00"),
        ("2024-01-10 12:00", "2024-01-10T12:00:00+00:00"),
    ],
)
def test_an_instant_names_its_zone_or_is_utc(given: str, until: str) -> None:
    assert content("erase", "ann", "--until", given)["until"] == until


@pytest.mark.parametrize("given", ["20240110", "yesterday", "", "2024-13-01", "0001-01-01T00:00:00+23:00"])
def test_what_is_no_instant_is_refused_and_nothing_is_asked(given: str) -> None:
    done = CliRunner().invoke(app, ["erase", "ann", "--until", given])
    assert done.exit_code == 2 and "is no instant" in " ".join(done.output.split())
    assert read_erasures(read_context()) == []


def test_windows_the_wrong_way_round_are_refused() -> None:
    with pytest.raises(WindowError, match="name the earlier window first"):
        printed("diff", SECOND, FIRST)


def test_a_graph_against_itself_has_no_changes_to_tell() -> None:
    assert "user ann: nothing changed" in printed("diff", FIRST, FIRST, "--user", "ann")


def test_drawing_into_a_file_is_refused_and_leaves_it(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("mine", encoding="utf-8")
    with pytest.raises(StoreError, match="name another place"):
        printed("show", "ann", "--out", str(tmp_path / "notes"))
    assert (tmp_path / "notes").read_text(encoding="utf-8") == "mine"


def test_a_user_erased_in_between_is_told_to_be_that_and_not_to_have_lost_interest() -> None:
    context = read_context()
    graph = read_graph(context.path("graphs", FIRST, "end"))
    rows = event_table(events(("ann", "tea", 0), ("ann", "soap", 1)))
    with local_backend() as backend:
        nothing = Delta(rows.limit(0), user_table(empty("users")), item_table(empty("items")), rows, rows, rows)
        gone = fold(graph, nothing, as_of=START + timedelta(days=14), backend=backend)
    gone = without_traces(gone, {"ann": gone.as_of})
    write_graph(context.path("graphs", SECOND, "end"), gone, about={"parent": None})
    assert "user ann: erased on request" in printed("diff", FIRST, SECOND, "--user", "ann")
    assert f"{SECOND}: the graph no longer knows the user: erased on request" in printed("history", "ann")


def test_a_user_who_came_back_after_an_erasure_is_told_to_be_a_new_one() -> None:
    context = read_context()
    before = read_graph(context.path("graphs", FIRST, "end"))
    back = fold_days(without_traces(before, {"ann": before.as_of}), events(("ann", "soap", 8), first=9), as_of_day=14)
    write_graph(context.path("graphs", SECOND, "end"), back, about={"parent": None})
    assert "user ann: erased on request, and a new user since: " in printed("diff", FIRST, SECOND, "--user", "ann")
    assert f"{SECOND}: erased on request, and a new user since: " in printed("history", "ann")


def test_stats_tell_who_is_left_out_of_what_models_see_and_why() -> None:
    graph = with_score(shop(people(60), bot()), 3.5)
    write_graph(read_context().path("graphs", SECOND, "end"), graph, about={"parent": None})
    left_out = content("stats")["left_out"]
    assert left_out["users"] == 1 and [each["user_id"] for each in left_out["why"]] == ["bot"]
    assert "bot: user: " in printed("stats")


def test_a_request_of_any_instant_of_the_past_can_be_read_again() -> None:
    content("erase", "ann", "--until", "1970-01-01")
    assert [each.until_us for each in read_erasures(read_context())] == [0]
