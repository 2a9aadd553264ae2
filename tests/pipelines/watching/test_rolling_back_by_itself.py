"""A champion that realised metrics prove to be worse is rolled back: once, by the watch, and everyone is told."""

from __future__ import annotations

import shutil
from dataclasses import replace
from importlib import import_module

import pytest

from pipelines import registry
from pipelines.aliases import MODEL
from pipelines.context import Context
from pipelines.errors import BusyError, RegistryError
from pipelines.jobs import update_job
from pipelines.locks import hold
from pipelines.promotion.by_hand import LOCK, promote_by_hand
from pipelines.promotion.rolling_back import roll_back
from pipelines.runner import run_step
from pipelines.serving.model_files import read_state, write_state
from pipelines.serving.publishing import newest_published, publish_lists
from pipelines.status import read_status
from pipelines.tracking import open_client
from pipelines.watching import acting, judging
from pipelines.watching.days import kept_day
from pipelines.watching.looking import days_to_look_at, look
from tests.drop import UNTIL


def break_champion(context: Context) -> None:
    """After its promotion version 2's weights change their sign: what it liked most comes last; its lists go out so."""
    folder = registry.model_folder(context, "2") / "state"
    state = read_state(folder)
    turned = {name: -state.tensors[name] for name in ("network/gate.4.weight", "network/skip.weight")}
    write_state(folder, replace(state, tensors=state.tensors | turned))
    publish_lists(context, "2", UNTIL)


def looks(context: Context) -> list[dict]:
    return [look(day, context) for day in days_to_look_at(context)]


def test_a_broken_champion_is_rolled_back_within_a_window_and_what_serves_is_the_old_model(context: Context) -> None:
    break_champion(context)
    told = looks(context)
    acted = [each for each in told if each["action"]["rolled_back"]]

    assert len(acted) == 1
    assert acted[0]["finding"]["finding"] == "REGRESSED"
    champion = registry.champion(context)
    assert champion is not None and champion.version == newest_published(context)["version"] == "1"
    entry = registry.entries(context)[-1]
    assert (entry.kind, entry.actor, entry.version) == ("rollback", "watch", "1")
    assert entry.reason.startswith(f"the watch of {acted[0]['day']}: champion − reference is proven to be below")
    assert read_status(context)["ledger_ok"]
    version = open_client(context).get_model_version(MODEL, "2")
    run = open_client(context).get_run(version.run_id)
    assert version.tags["rolled_back"] == run.data.tags["rolled_back"] == entry.reason
    assert run.data.metrics["realised/ndcg_at_20/reference"] > 2 * run.data.metrics["realised/ndcg_at_20/champion"]


def test_a_look_that_is_repeated_undoes_nothing_twice(context: Context) -> None:
    break_champion(context)
    told = looks(context)
    entries = registry.entries(context)
    day = next(each["day"] for each in told if each["action"]["rolled_back"])
    again = look(day, context)
    assert again["action"]["rolled_back"] and registry.entries(context) == entries
    later = told[-1]["action"]
    assert not later["rolled_back"]


def test_a_champion_that_is_no_worse_stays(context: Context) -> None:
    told = looks(context)
    assert not any(each["action"]["rolled_back"] for each in told)
    assert told[-1]["finding"]["finding"] == "WATCHING"
    run = open_client(context).get_run(registry.champion(context).run_id)
    assert run.data.tags["watch"].startswith("WATCHING: ")
    assert run.data.tags["watched_until"] == told[-1]["day"]


def test_a_dry_run_proves_and_changes_nothing(context: Context) -> None:
    break_champion(context)
    entries = registry.entries(context)
    told = [look(day, context, dry_run=True) for day in days_to_look_at(context)]
    assert told[-1]["finding"]["finding"] == "REGRESSED" and told[-1]["action"] is None
    assert registry.entries(context) == entries
    run = open_client(context).get_run(registry.champion(context).run_id)
    assert "watch" not in run.data.tags
    # the real look afterwards acts
    assert look(told[-1]["day"], context)["action"]["rolled_back"]


@pytest.mark.parametrize("cut", ["pipelines.promotion.by_hand.publish_lists", "pipelines.aliases.mend"])
def test_a_rollback_that_was_cut_off_is_finished_by_the_next_look(
    context: Context, monkeypatch: pytest.MonkeyPatch, cut: str
) -> None:
    """Killed after the ledger's entry: before the aliases were moved, or before the lists were out."""
    break_champion(context)
    module, name = cut.rsplit(".", 1)
    whole = getattr(import_module(module), name)

    def cut_off(*given: object) -> object:
        if registry.entries(context)[-1].kind == "rollback":
            raise KeyboardInterrupt
        return whole(*given)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(cut, cut_off)
        looks(context)
    assert newest_published(context)["version"] == "2"
    entries = registry.entries(context)

    done = looks(context)[0]["action"]
    assert done["rolled_back"] and (done["from"], done["to"]) == ("2", "1")
    assert registry.entries(context) == entries
    assert newest_published(context)["version"] == registry.alias_champion(context) == "1"


def proven(context: Context, day: str, champion: str = "2", reference: str = "1") -> dict:
    kept_day(day, context).folder.mkdir(parents=True, exist_ok=True)
    return {"day": day, "champion": champion, "reference": reference, "finding": "REGRESSED", "reason": "it is worse"}


def test_after_a_rollback_by_itself_none_follows_until_the_cool_off_is_over(context: Context) -> None:
    assert acting.act(proven(context, "2024-02-18"), context)["rolled_back"]
    promote_by_hand(context, "2", reason="it was not that bad")
    held = acting.act(proven(context, "2024-02-19"), context)
    assert (held["rolled_back"], held["held"]) == (False, True)
    assert "cool_off asks for 14 days" in held["reason"]
    assert acting.act(proven(context, "2024-03-03"), context)["rolled_back"]


def test_what_led_to_a_rollback_is_not_held_against_a_version_that_a_person_promoted_again(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = days_to_look_at(context)
    for day in days[:5]:
        look(day, context)
    assert judging.judge(days[4], context)["days"] == 5
    monkeypatch.setattr(judging, "own_rollbacks", lambda _: {days[1]: None})
    assert judging.judge(days[4], context)["days"] == 3
    assert judging.judge(days[1], context)["days"] == 2


def test_a_champion_that_changed_meanwhile_is_not_rolled_back(context: Context) -> None:
    with pytest.raises(RegistryError, match="the champion changed"):
        roll_back(context, reason="late", to="1", expected="7")
    assert registry.champion(context).version == "2"


def test_an_update_publishes_no_lists_while_the_champion_is_being_changed(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.steps.publish.PATIENCE_SECONDS", 0)
    shutil.rmtree(context.path("predictions", UNTIL))
    with hold(context.path("locks"), LOCK), pytest.raises(BusyError, match="champion is being worked on"):
        run_step("publish", update_job(UNTIL, context), context)
    assert not context.path("predictions", UNTIL).exists()


@pytest.mark.parametrize(
    ("finding", "why"),
    [
        ({"champion": "3"}, "version 3 regressed, and does not serve any more: version 2 does"),
        ({"reference": "7"}, "version 7, which it was held against, is not the one before"),
        ({"finding": "WATCHING"}, "nothing to undo"),
    ],
)
def test_only_the_champion_that_was_judged_is_rolled_back_to_what_it_was_held_against(
    context: Context, finding: dict, why: str
) -> None:
    told = acting.act(proven(context, "2024-02-18") | finding, context)
    assert not told["rolled_back"] and why in told["reason"]
    assert registry.champion(context).version == "2"
