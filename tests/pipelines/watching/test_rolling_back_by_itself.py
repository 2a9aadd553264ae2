"""A champion that realised metrics prove to be worse is rolled back: once, by the watch, and everyone is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipelines import registry
from pipelines.aliases import MODEL
from pipelines.context import Context
from pipelines.model_files import read_state, write_state
from pipelines.publishing import newest_published, publish_lists
from pipelines.status import read_status
from pipelines.tracking import open_client
from pipelines.watching import acting
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


def test_a_rollback_that_was_cut_off_is_finished_by_the_next_look(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_champion(context)

    def cut_off(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("pipelines.promoting.publish_lists", cut_off)
        looks(context)
    assert registry.champion(context).version == "1" and newest_published(context)["version"] == "2"
    cut = max(path.parent.name for path in context.path("watch").glob("*/finding.json"))
    entries = registry.entries(context)
    done = look(cut, context)["action"]
    assert done["rolled_back"] and (done["from"], done["to"]) == ("2", "1")
    assert registry.entries(context) == entries and newest_published(context)["version"] == "1"


def proven(day: str, champion: str = "2", reference: str = "1") -> dict:
    return {"day": day, "champion": champion, "reference": reference, "finding": "REGRESSED", "reason": "it is worse"}


def test_after_a_rollback_by_itself_none_follows_until_the_cool_off_is_over(context: Context) -> None:
    kept = kept_day("2024-02-18", context)
    kept.folder.mkdir(parents=True)
    kept.write("graded", {"day": "2024-02-18"})
    kept.write("action", {"rolled_back": True, "reason": "another one"})
    for day in ("2024-02-19", "2024-03-03"):
        kept_day(day, context).folder.mkdir(parents=True)
    held = acting.act(proven("2024-02-19"), context)
    assert not held["rolled_back"] and "cool_off asks for 14 days" in held["reason"]
    assert acting.act(proven("2024-03-03"), context)["rolled_back"]


@pytest.mark.parametrize(
    ("finding", "why"),
    [
        (proven("2024-02-18", champion="3"), "version 3 regressed, and does not serve any more: version 2 does"),
        (proven("2024-02-18", reference="7"), "version 7, which it was held against, is not the one before"),
        (proven("2024-02-18") | {"finding": "WATCHING"}, "nothing to undo"),
    ],
)
def test_only_the_champion_that_was_judged_is_rolled_back_to_what_it_was_held_against(
    context: Context, finding: dict, why: str
) -> None:
    kept_day("2024-02-18", context).folder.mkdir(parents=True)
    told = acting.act(finding, context)
    assert not told["rolled_back"] and why in told["reason"]
    assert registry.champion(context).version == "2"
