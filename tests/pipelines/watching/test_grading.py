"""Published lists are graded by what their users bought on a day, and by nothing else."""

from __future__ import annotations

import shutil

import pandas as pd
import pytest

from pipelines.context import Context
from pipelines.errors import SourceError, StoreError, WindowError
from pipelines.files import read_json, read_table, write_json, write_table
from pipelines.jobs import update_job
from pipelines.runner import perform, run_step
from pipelines.watching.days import day_named, kept_day, kept_days
from pipelines.watching.grading import grade, grades_of
from pipelines.watching.looking import days_to_look_at, look, look_at
from tests.drop import UNTIL, window

NEXT = window(6)
"""Its first day is the first on which the lists of UNTIL serve."""
NDCG = "ndcg_at_20"


def bought(context: Context, day: str) -> pd.DataFrame:
    """`user_id` and `item_id`, each pair once, of the purchases of `day` in the source."""
    events = pd.read_csv(context.settings.drop / NEXT / "events.csv")
    rows = events[events["occurred_at"].str.startswith(day)]
    return rows[["user_id", "item_id"]].drop_duplicates(ignore_index=True)


def publish(context: Context, role: str, lists: pd.DataFrame) -> None:
    """Put `lists` (user_id, item_id) in place of what `role` had published."""
    ranked = lists.assign(rank=lists.groupby("user_id").cumcount() + 1, score=0.0)
    write_table(context.path("predictions", UNTIL, f"{role}.parquet"), ranked[["user_id", "rank", "item_id", "score"]])


def test_lists_of_just_what_was_bought_score_one_and_a_user_without_a_list_scores_nothing(context: Context) -> None:
    pairs = bought(context, NEXT)
    first = pairs["user_id"].iloc[0]
    publish(context, "lists", pairs[pairs["user_id"] != first])
    publish(context, "reference", pairs)
    told = grade(day_named(NEXT), context)

    users = pairs["user_id"].nunique()
    assert (told["users"], told["without_list"]) == (users, 0)
    assert told["versions"] == {"champion": "2", "reference": "1"}
    assert told["metrics"]["reference"][NDCG] == pytest.approx(1.0)
    assert told["metrics"]["champion"][NDCG] == pytest.approx(1 - 1 / users)
    grades = grades_of(kept_day(NEXT, context), NDCG)
    assert sorted(grades.loc[grades["role"] == "champion", NDCG].unique()) == pytest.approx([0.0, 1.0])


def test_users_whom_nobody_listed_are_told_and_not_graded(context: Context) -> None:
    pairs = bought(context, NEXT)
    some = pairs[pairs["user_id"].isin(pairs["user_id"].unique()[:5])]
    for role in ("lists", "reference"):
        publish(context, role, some)
    told = grade(day_named(NEXT), context)
    assert (told["users"], told["without_list"]) == (5, pairs["user_id"].nunique() - 5)


def test_a_day_is_graded_alike_before_and_after_its_window_was_collected(context: Context) -> None:
    before = grade(day_named(NEXT), context)
    kept_day(NEXT, context).folder.rename(context.path("put_aside"))
    perform(["collect", "validate", "snapshot"], update_job(NEXT, context), context)
    assert grade(day_named(NEXT), context) == before


def test_what_happens_after_the_day_changes_no_grade(context: Context) -> None:
    path = context.settings.drop / NEXT / "events.csv"
    events = pd.read_csv(path)
    before = grade(day_named(NEXT), context)
    kept_day(NEXT, context).folder.rename(context.path("put_aside"))
    events[events["occurred_at"].str.startswith(NEXT)].to_csv(path, index=False)
    assert grade(day_named(NEXT), context) == before
    assert (
        context.path("put_aside", "grades.parquet").read_bytes()
        == (kept_day(NEXT, context).folder / "grades.parquet").read_bytes()
    )


def test_a_day_is_graded_once_as_it_was_known_then(context: Context) -> None:
    before = grade(day_named(NEXT), context)
    publish(context, "lists", bought(context, NEXT))
    assert grade(day_named(NEXT), context) == before


def test_a_returned_purchase_and_a_row_that_the_contract_refuses_do_not_count(context: Context) -> None:
    path = context.settings.drop / NEXT / "events.csv"
    events = pd.read_csv(path)
    on_day = events["occurred_at"].str.startswith(NEXT)
    broken = events[on_day].assign(quantity=-1.0).iloc[:3]
    events.loc[broken.index, "quantity"] = -1.0
    left = events[on_day].drop(index=broken.index)
    events.to_csv(path, index=False)
    publish(context, "lists", left[["user_id", "item_id"]].drop_duplicates())
    publish(context, "reference", left[["user_id", "item_id"]].drop_duplicates())
    told = grade(day_named(NEXT), context)
    assert told["users"] == left["user_id"].nunique()
    assert told["metrics"]["champion"][NDCG] == pytest.approx(1.0)


def test_a_refused_candidates_lists_are_graded_beside_the_champions(context: Context) -> None:
    from pipelines.promotion.freezing import freeze
    from pipelines.runner import run_all

    freeze(context, reason="nothing is promoted meanwhile")
    run_all(update_job(NEXT, context), context)
    roles = {path.stem for path in context.path("predictions", NEXT).glob("*.parquet")}
    assert roles == {"lists", "skipped", "reference", "candidate"}
    assert read_table(context.path("predictions", NEXT, "candidate.parquet"))["user_id"].nunique() == 120


def test_days_that_are_over_are_looked_at_once_and_only_while_the_newest_lists_serve(context: Context) -> None:
    days = days_to_look_at(context)
    assert days[0] == NEXT and len(days) == 7
    look(NEXT, context, dry_run=True)
    assert days_to_look_at(context) == days
    look(NEXT, context)
    assert days_to_look_at(context) == days[1:]


def test_a_day_of_which_nothing_came_yet_is_not_graded_as_empty(context: Context) -> None:
    path = context.settings.drop / NEXT / "events.csv"
    events = pd.read_csv(path)
    events[~events["occurred_at"].str.startswith(NEXT)].to_csv(path, index=False)
    with pytest.raises(SourceError, match=f"no event of {NEXT} yet"):
        grade(day_named(NEXT), context)
    perform(["collect", "validate", "snapshot"], update_job(NEXT, context), context)
    assert grade(day_named(NEXT), context)["users"] == 0


def test_lists_of_before_the_watch_are_graded_and_not_judged(context: Context) -> None:
    path = context.path("predictions", UNTIL, "manifest.json")
    old = {name: value for name, value in read_json(path).items() if name not in ("k", "compared", "missing")}
    write_json(path, old)
    told = look(NEXT, context)
    assert (told["graded"]["users"], told["finding"]["finding"]) == (90, "UNJUDGED")
    assert "of before there was a watch" in told["finding"]["reason"]


def test_a_folder_that_was_cut_off_while_writing_is_no_day(context: Context) -> None:
    look(NEXT, context)
    folder = kept_day(NEXT, context).folder
    shutil.copytree(folder, folder.with_name(f".{NEXT}.1.partial"))
    assert [kept.name for kept in kept_days(context, until="2999-01-01")] == [NEXT]


def test_a_day_that_cannot_be_graded_says_why(context: Context) -> None:
    with pytest.raises(StoreError, match="no lists were published before 2024-01-08"):
        look_at("grade", "2024-01-08", context)
    with pytest.raises(WindowError, match="'soon' is no day"):
        look_at("grade", "soon", context)
    with pytest.raises(WindowError, match="2999-01-01 is not over"):
        look_at("grade", "2999-01-01", context)
    with pytest.raises(StoreError, match=f"{NEXT} was not graded"):
        look_at("judge", NEXT, context)


def test_a_version_that_stands_on_no_graph_of_now_keeps_nothing_from_being_published(context: Context) -> None:
    from pipelines import registry

    (registry.model_folder(context, "1") / "state" / "manifest.json").unlink()
    run_step("publish", update_job(UNTIL, context), context)
    from pipelines.serving.publishing import publish_lists

    told = publish_lists(context, "2", UNTIL)
    assert told["compared"] == {} and "there is no model state" in told["missing"]["reference"]
