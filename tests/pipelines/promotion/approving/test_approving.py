"""What a person says to what the gate left open comes to, and what the ledger keeps of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from pipelines import registry
from pipelines.jobs import update_job
from pipelines.promotion.approval_request import request_approval
from pipelines.promotion.approving import Response, keep_response, objection, read_response, request_key
from pipelines.promotion.by_hand import promote_by_hand
from pipelines.records import read_result
from pipelines.runner import STEPS, perform
from pipelines.status import read_status
from tests.drop import UNTIL, environment
from tests.pipelines.promotion.approving.shops import (
    ANA,
    APPROVED,
    Shop,
    asked,
    outcome,
    respond,
    row,
    with_params,
)


@pytest.mark.parametrize(
    ("event", "approved", "by", "reason"),
    [
        (APPROVED | ANA, True, "ana", "only tea fell"),
        (APPROVED | {"responded_by_user": {"id": "7", "name": ""}}, True, "7", "only tea fell"),
        (APPROVED | ANA | {"params_input": {"reason": " \n"}}, True, "ana", ""),
        (APPROVED | ANA | {"params_input": None}, True, "ana", ""),
        (APPROVED | ANA | {"params_input": {"reason": 5}}, True, "ana", ""),
        (APPROVED | {"responded_by_user": None}, False, None, "only tea fell"),
        (APPROVED | ANA | {"chosen_options": ["Approve", "Reject"]}, False, "ana", "only tea fell"),
        ({"chosen_options": ["Reject"], "responded_by_user": None, "timedout": True}, False, None, ""),
        ({"error": "timeout", "error_type": "timeout"}, False, None, ""),
    ],
)
def test_only_a_persons_own_approval_is_one(event: dict, approved: bool, by: str | None, reason: str) -> None:
    assert read_response(event, "k") == Response("k", approved, by, reason)


@pytest.mark.parametrize(
    ("response", "why"),
    [
        (Response("k", True, "ana", "only tea fell"), None),
        (Response("k", True, "ana", ""), "approved by ana without the reason that it takes: tidegraph promote 3"),
        (Response("k", False, "ana", "tea matters"), "rejected by ana: tea matters"),
        (Response("k", False, "ana", ""), "rejected by ana, who gave no reason"),
        (Response("k", False, None, ""), "nobody responded within 24h: tidegraph promote 3"),
        (None, 'held for a person: tidegraph promote 3 --reason "..."'),
    ],
)
def test_whatever_is_not_an_approval_with_a_reason_says_what_it_is(response: Response | None, why: str | None) -> None:
    told = objection(response, "3", timedelta(hours=24))
    assert told == why or (told and why and told.startswith(why))


def test_an_approval_with_a_reason_promotes_and_the_ledger_keeps_name_reason_and_verdict(shop: Shop) -> None:
    context = shop("unsure")
    done = respond(context, **APPROVED | ANA)

    assert (done["verdict"], done["promoted"], done["champion_version"]) == ("INCONCLUSIVE", True, "2")
    entry = registry.entries(context)[-1]
    assert (entry.kind, entry.version, entry.actor, entry.reason) == ("promotion", "2", "ana", "only tea fell")
    assert (entry.verdict, entry.by_hand, registry.alias_champion(context)) == ("INCONCLUSIVE", False, "2")
    told = outcome(context)["happened"]
    assert told == "Promoted: version 2 serves, in place of version 1. Approved by ana: only tea fell"
    assert read_status(context)["ledger_ok"]

    job = update_job(UNTIL, context)
    assert request_approval(job, context) is None
    assert all(step.repeated for step in perform(STEPS, job, context).values())
    assert len(registry.entries(context)) == 2


@pytest.mark.parametrize(
    ("rules", "event", "why"),
    [
        (
            "unsure",
            {"chosen_options": ["Reject"], "params_input": {"reason": "tea matters"}} | ANA,
            "rejected by ana: t",
        ),
        ("unsure", APPROVED | ANA | {"params_input": {"reason": ""}}, "approved by ana without the reason"),
        ("warned", {"chosen_options": ["Reject"], "responded_by_user": None}, "nobody responded within 24h"),
    ],
)
def test_a_no_a_missing_reason_and_silence_change_nothing_and_the_row_says_which(
    shop: Shop, rules: str, event: dict, why: str
) -> None:
    context = shop(rules)
    done = respond(context, **event)

    assert (done["promoted"], done["champion_version"]) == (False, "1")
    assert done["reason"].startswith(why)
    assert len(registry.entries(context)) == 1 and registry.alias_champion(context) == "1"
    told = outcome(context)
    assert told["what"] == "held" and why in told["happened"] and "version 1 keeps serving" in told["happened"]


def test_on_the_command_line_nobody_can_be_asked_and_the_version_waits_to_be_promoted_by_hand(shop: Shop) -> None:
    context = shop("unsure")
    job = update_job(UNTIL, context)
    done = row(job, context)

    assert (done["promoted"], done["reason"]) == (False, 'held for a person: tidegraph promote 2 --reason "..."')
    assert promote_by_hand(context, "2", reason="I looked")["verdict"] == "INCONCLUSIVE"
    assert registry.alias_champion(context) == "2"
    assert all(step.repeated for step in perform(STEPS, job, context).values())


def test_an_update_held_on_the_command_line_is_promoted_when_the_response_comes_after_it(shop: Shop) -> None:
    context = shop("unsure")
    job, request = asked(context)
    assert request is not None and row(job, context)["promoted"] is False
    keep_response(read_response(APPROVED | ANA, request["request"]), job, context)
    assert row(job, context)["promoted"] is True
    assert registry.entries(context)[-1].actor == "ana"


def test_an_approval_is_refused_where_the_champion_changed_since(shop: Shop) -> None:
    context = shop("unsure")
    job, request = asked(context)
    assert request is not None
    perform(STEPS, job, context)
    promote_by_hand(context, "2", reason="I could not wait")
    keep_response(read_response(APPROVED | ANA, request["request"]), job, context)
    done = perform(["promote"], job, context)["promote"].result

    assert done["promoted"] is False and "the champion changed since version 2 was judged" in done["held"]
    assert [entry.by_hand for entry in registry.entries(context)] == [False, True]


def test_an_approval_of_another_candidate_approves_nothing(shop: Shop) -> None:
    context = shop("unsure")
    job, _ = asked(context)
    keep_response(read_response(APPROVED | ANA, "of another request"), job, context)
    done = perform(["promote"], job, context)["promote"].result
    assert done["held"].startswith("held for a person")


def test_what_a_person_said_first_stands_and_silence_does_not(tmp_path: Path) -> None:
    context = with_params(environment(tmp_path / "shop", windows=1))
    job = update_job(UNTIL, context)
    silence, yes, no = Response("k", False, None, ""), Response("k", True, "ana", "a"), Response("k", False, "ben", "b")
    assert [keep_response(each, job, context) for each in (silence, yes, no, silence)] == [silence, yes, yes, yes]
    other = replace(no, request="of another candidate")
    assert keep_response(other, job, context) == other


def test_an_approval_that_cannot_be_read_approves_nothing(shop: Shop) -> None:
    context = shop("unsure")
    for left in ("{", "[]", "{}"):
        context.path("updates", UNTIL, "approval.json").write_text(left, encoding="utf-8")
        done = perform(["promote"], update_job(UNTIL, context), context)["promote"].result
        assert done["held"].startswith("held for a person")


def test_a_fail_is_nobodys_to_approve(shop: Shop) -> None:
    context = shop("failed")
    job, request = asked(context)
    assert request is None
    forged = request_key(read_result("plan", job, context), read_result("gate", job, context)["verdict"])
    keep_response(read_response(APPROVED | ANA, forged), job, context)
    done = perform(["promote"], job, context)["promote"].result
    assert done["promoted"] is False and done["reason"].startswith("FAIL: ")
    assert len(registry.entries(context)) == 1
