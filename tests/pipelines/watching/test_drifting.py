"""Drift is measured daily; several violations of one signal ask for a retrain, one bad day does not."""

from __future__ import annotations

from datetime import datetime

import pandas as pd

from pipelines.context import Context
from pipelines.watching.days import day_named, days_between, kept_day
from pipelines.watching.drifting import measure
from pipelines.watching.grading import grade
from pipelines.watching.requests import retrain_request
from tests.drop import UNTIL, window

NEXT = window(6)
LATER = datetime.fromisoformat("2024-03-10T00:00:00+00:00")


def signals(context: Context, day: str = NEXT) -> dict[str, dict]:
    grade(day_named(day), context)
    return {signal["name"]: signal for signal in measure(day_named(day), context)["signals"]}


def test_a_quiet_day_violates_nothing_and_every_signal_is_told(context: Context) -> None:
    found = signals(context)
    assert set(found) == {
        "event types", "categories", "events a user", "innermost categories", "cold users", "cold items", "embeddings",
    }  # fmt: skip
    assert not any(signal["violated"] for signal in found.values())


def test_users_whom_the_champion_never_saw_are_cold(context: Context) -> None:
    path = context.settings.drop / NEXT / "events.csv"
    events = pd.read_csv(path)
    events["user_id"] = "stranger-" + events["user_id"]
    events.to_csv(path, index=False)
    found = signals(context)
    assert found["cold users"]["value"] == 1.0 and found["cold users"]["violated"]
    assert not found["cold items"]["violated"]


def test_a_day_does_not_see_what_comes_after_it(context: Context) -> None:
    before = signals(context)
    kept_day(NEXT, context).folder.rename(context.path("put_aside"))
    path = context.settings.drop / NEXT / "events.csv"
    events = pd.read_csv(path)
    later = ~events["occurred_at"].str.startswith(NEXT)
    events.loc[later, "user_id"] = "stranger-" + events["user_id"]
    events.to_csv(path, index=False)
    assert signals(context) == before


def keep(context: Context, flags: dict[str, bool | None]) -> None:
    """Days as if drift had been measured: was `cold users` violated?"""
    for day, violated in flags.items():
        kept = kept_day(day, context)
        kept.folder.mkdir(parents=True)
        kept.write("graded", {"day": day})
        kept.write("drift", {"signals": [{"name": "cold users", "violated": violated}]})


def test_three_violations_on_five_days_ask_for_a_retrain_and_one_bad_day_does_not(context: Context) -> None:
    days = [day.name for day in days_between(day_named(NEXT).start, LATER)]
    keep(context, {days[0]: True, days[1]: False})
    assert retrain_request(context, before=NEXT, until=LATER).signals == ()
    keep(context, {days[2]: True, days[3]: None, days[4]: True})
    assert retrain_request(context, before=NEXT, until=LATER).signals == ("cold users",)


def test_what_was_violated_before_the_last_full_fit_or_after_the_window_asks_for_nothing(context: Context) -> None:
    before_full = [day.name for day in days_between(day_named(window(3)).start, day_named(window(4)).start)]
    keep(context, dict.fromkeys(before_full, True))
    after = [day.name for day in days_between(day_named(window(7)).start, LATER)]
    keep(context, dict.fromkeys(after, True))
    assert retrain_request(context, before=NEXT, until=day_named(window(7)).start).signals == ()
    assert retrain_request(context, before=NEXT, until=LATER).signals == ("cold users",)


def test_the_plan_of_an_update_hears_of_it(context: Context) -> None:
    from pipelines import registry
    from pipelines.jobs import update_job
    from pipelines.planning.situation import situation_of
    from pipelines.runner import perform

    days = [day.name for day in days_between(day_named(NEXT).start, day_named(window(7)).start)]
    keep(context, dict.fromkeys(days[:4], True))
    job = update_job(NEXT, context)
    perform(["collect", "validate", "snapshot", "refresh"], job, context)
    base = registry.champion(context)
    assert base is not None and base.window == UNTIL
    assert situation_of(job, base, context).retrain_for == ("cold users",)
