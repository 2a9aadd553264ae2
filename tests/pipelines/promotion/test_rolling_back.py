"""A rollback on a small shop: what is served and published after it, and what updates make of it."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import pytest

from pipelines import registry
from pipelines.context import Context
from pipelines.errors import RegistryError
from pipelines.files import digest_files
from pipelines.graphs.erasures import ask_for_erasure
from pipelines.jobs import update_job
from pipelines.promotion.rolling_back import roll_back
from pipelines.runner import run_all
from pipelines.serving.publishing import newest_published
from pipelines.serving.served import load_served
from tests.drop import UNTIL, window

NEXT = window(6)


def test_a_rollback_changes_what_is_served_and_published(context: Context) -> None:
    before = load_served(context)
    lists = digest_files(context.path("predictions", UNTIL))
    done = roll_back(context, reason="test")
    assert done.pop("proof") == "version 1 answers 100 users as it did when it was registered"
    assert done == {"from": "2", "to": "1", "reason": "test"}
    after = load_served(context)
    assert (before.version, after.version) == ("2", "1")
    assert before.recommend("u1", 20)["score"].tolist() != after.recommend("u1", 20)["score"].tolist()
    assert digest_files(context.path("predictions", UNTIL)) != lists
    with pytest.raises(RegistryError, match="nothing to roll back to"):
        roll_back(context, reason="again")


def test_a_rollback_publishes_nothing_for_whoever_asked_to_be_forgotten(context: Context) -> None:
    tables = context.path("predictions", UNTIL)
    assert "u1" in set(pd.read_parquet(tables / "lists.parquet")["user_id"])
    ask_for_erasure("u1", datetime(2026, 1, 1, tzinfo=UTC), context)
    roll_back(context, reason="test")
    told = pd.concat([pd.read_parquet(path) for path in tables.glob("*.parquet")])["user_id"]
    assert "u2" in set(told)
    assert "u1" not in set(told)


def test_a_rollback_cut_off_before_its_lists_were_out_is_finished_and_undoes_nothing_more(context: Context) -> None:
    run_all(update_job(NEXT, context), context)
    registry.rollback(context, reason="cut off here", actor="tester")
    done = roll_back(context, reason="asked again")
    assert (done["from"], done["to"], done["reason"]) == ("3", "2", "cut off here")
    assert newest_published(context)["version"] == load_served(context).version == "2"
    assert roll_back(context, reason="one more")["to"] == "1"


def test_a_version_that_was_rolled_back_is_not_promoted_by_running_its_update_again(context: Context) -> None:
    roll_back(context, reason="test")
    run_all(update_job(UNTIL, context), context)
    champion = registry.champion(context)
    assert champion is not None
    assert champion.version == "1"
