"""What the gate leaves open waits for a person: who is asked, what their answer comes to, and what the ledger keeps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines import registry
from pipelines.approval_request import body_of, find_dossier, request_approval
from pipelines.approving import Response, keep_response, must_ask, objection, read_response, request_key
from pipelines.context import Context, read_context
from pipelines.dossier.material import gather
from pipelines.dossier.outcome import tell_outcome
from pipelines.dossier.telling import tell_dossier
from pipelines.errors import ParamsError
from pipelines.files import read_json
from pipelines.freezing import freeze
from pipelines.gate_params import GateParams
from pipelines.jobs import Job, update_job
from pipelines.local.register import Running
from pipelines.params_file import read_params
from pipelines.promoting import promote_by_hand
from pipelines.records import read_result
from pipelines.runner import STEPS, perform, run_all
from pipelines.settings import ROOT
from pipelines.status import read_status
from pipelines.tracking import open_client
from tests.drop import UNTIL, copy_home, environment, small_params
from tests.pipelines.dossiers import material, records, rule, verdict

FLOOR = {"metric": "ndcg_at_20", "floor": 0.05}
UNSURE = [FLOOR, {"metric": "ndcg_at_20", "not_worse_than": "champion", "margin": 0.0}]
WARNED = [FLOOR, {"metric": "ndcg_at_20", "floor": 0.99, "severity": "warning"}]
FAILED = [{"metric": "ndcg_at_20", "floor": 0.99}]
APPROVED = {"chosen_options": ["Approve"], "params_input": {"reason": "only tea fell"}}
ANA = {"responded_by_user": {"id": "7", "name": "ana"}}

RULES = {"unsure": UNSURE, "warned": WARNED, "failed": FAILED, "fine": [FLOOR]}
JUDGED = STEPS[: STEPS.index("promote")]

Shop = Callable[..., Context]


@pytest.fixture(scope="module")
def judged(bootstrapped: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A shop whose update of UNTIL is judged by the rules of that name, once for all tests; a person is asked."""

    @cache
    def make(name: str) -> Path:
        folder = tmp_path_factory.mktemp(name) / "shop"
        context = with_params(copy_home(bootstrapped, folder), rules=RULES[name])
        perform(JUDGED, update_job(UNTIL, context), context)
        return folder

    return make


@pytest.fixture
def shop(judged: Callable[[str], Path], tmp_path: Path) -> Shop:
    """A judged shop of the test's own; with changes of the gate's params it has to be judged anew."""

    def make(name: str, **changes: object) -> Context:
        variables = copy_home(judged(name), tmp_path / "shop")
        return with_params(variables, rules=RULES[name], **changes)

    return make


def with_params(variables: dict[str, str], **gate: object) -> Context:
    params = small_params(gate={"ask_human": True} | gate)
    Path(variables["TIDEGRAPH_PARAMS"]).write_text(yaml.safe_dump(params), encoding="utf-8")
    return read_context(environment=variables)


def asked(context: Context) -> tuple[Job, dict[str, Any] | None]:
    """The update of UNTIL, judged, and what a person is asked then."""
    job = update_job(UNTIL, context)
    perform(JUDGED, job, context)
    return job, request_approval(job, context)


def respond(context: Context, **event: Any) -> dict[str, Any]:
    """The update of UNTIL to its end, after a person's response; its row."""
    job, request = asked(context)
    assert request is not None
    keep_response(read_response(event, request["request"]), job, context)
    return row(job, context)


def row(job: Job, context: Context) -> dict[str, Any]:
    found: dict[str, Any] = run_all(job, context)["report"]["row"]
    return found


def gate(**changes: object) -> GateParams:
    return read_params(ROOT / "params.yaml").gate.model_copy(update={"ask_human": True} | changes)


@pytest.mark.parametrize(
    ("judged", "asks"),
    [
        (verdict("INCONCLUSIVE"), True),
        (verdict("PASS"), False),
        (verdict("PASS", rule(), rule(severity="warning", outcome="FAIL")), True),
        (verdict("PASS", rule(), rule(severity="warning", outcome="INCONCLUSIVE")), False),
        (verdict("FAIL"), False),
        (verdict("FAIL", rule(), rule(severity="warning", outcome="FAIL")), False),
    ],
)
def test_a_person_is_asked_about_what_is_open_or_warned_of_and_never_about_a_fail(judged: dict, asks: bool) -> None:
    assert must_ask(judged, gate()) is asks
    assert must_ask(judged, gate(ask_human=False)) is False


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


@pytest.mark.parametrize(
    ("rules", "changes", "promoted"), [("unsure", {"ask_human": False}, False), ("fine", {}, True)]
)
def test_switched_off_or_with_nothing_open_nobody_is_asked(
    shop: Shop, rules: str, changes: dict, promoted: bool
) -> None:
    context = shop(rules, **changes)
    job, request = asked(context)
    assert request is None
    done = perform(["promote"], job, context)["promote"].result
    assert done["promoted"] is promoted and "held" not in done


def test_nobody_is_asked_for_what_would_not_be_promoted_anyway(shop: Shop) -> None:
    context = shop("unsure")
    freeze(context, reason="the busiest weeks")
    assert asked(context)[1] is None
    dry = update_job(UNTIL, context, dry_run=True)
    assert request_approval(dry, context) is None


def test_a_person_sees_verdict_reasons_numbers_and_the_way_to_a_dossier_that_is_there(shop: Shop) -> None:
    context = shop("unsure", ask_within="90m")
    request = asked(context)[1]
    assert request is not None

    assert request["subject"] == f"Promote the candidate of {UNTIL}? The gate says INCONCLUSIVE"
    assert request["seconds"] == 5400
    body = request["body"]
    assert body.startswith(f"**INCONCLUSIVE** for the candidate of window {UNTIL}. Rules that did not pass:\n\n- ")
    assert "| NDCG@20, all items |" in body and "no response within 90m: nothing changes, version 1" in body
    assert f"run `{UNTIL} incremental`" in body and "`dossier.html`" in body
    told = dossier(context)
    assert (told["verdict"]["outcome"], told["verdict"]["what"]) == ("INCONCLUSIVE", "open")
    assert told["verdict"]["happened"].startswith("Nothing is decided yet: a person is asked")


def test_the_dossiers_link_leads_to_the_server_without_its_password(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = shop("unsure")
    champion = registry.champion(context)
    assert champion is not None
    run = open_client(context).get_run(champion.run_id)
    page = f"#/experiments/{run.info.experiment_id}/runs/{champion.run_id}/artifacts/dossier.html"
    monkeypatch.setattr("pipelines.approval_request.open_client", lambda _: open_client(context))
    there = _with_server(context, "https://ana:secret@mlflow.example:5000/")
    assert find_dossier(champion.run_id, there).startswith(f"[The dossier](https://mlflow.example:5000/{page})")

    up = Running("http://127.0.0.1:1", "http://127.0.0.1:2", ())
    monkeypatch.setattr(Running, "is_whole", True)
    monkeypatch.setattr("pipelines.approval_request.recall", lambda home: up)
    assert find_dossier(champion.run_id, context).startswith(f"[The dossier](http://127.0.0.1:2/{page})")


def test_nothing_that_a_shop_named_is_taken_for_markup() -> None:
    odd = rule("category/[tea](http://x)", outcome="INCONCLUSIVE", reason="unsure on category/[tea](http://x) <b>|")
    told = tell_dossier(material(records=records(gate={"verdict": verdict("INCONCLUSIVE", odd)})))
    body = body_of(told, link="", within="24h")
    assert "[tea](" not in body and "<b>" not in body and r"\[tea\]\(http://x\)" in body


@pytest.mark.parametrize("values", [{"ask_within": "0d"}, {"ask_within": "99w"}, {"ask_human": 1}])
def test_an_impossible_wait_is_refused_by_its_key(tmp_path: Path, values: dict) -> None:
    content = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    content["gate"] |= values
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(ParamsError, match=f"gate.{next(iter(values))}"):
        read_params(path)


def outcome(context: Context) -> dict[str, Any]:
    """What the dossier says first. Its page is not looked at: MLflow keeps in mind where a run's artifacts lay in the
    shop that this one is a copy of."""
    return tell_outcome(gather(update_job(UNTIL, context), context, lineage={}, graph_words=None))


def dossier(context: Context) -> dict[str, Any]:
    """What the newest run of the update has."""
    plan = read_result("plan", update_job(UNTIL, context), context)
    folder = open_client(context).get_run(plan["run_id"]).info.artifact_uri.removeprefix("file://")
    found: dict[str, Any] = read_json(Path(folder) / "dossier.json")
    return found


def _with_server(context: Context, uri: str) -> Context:
    return replace(context, settings=replace(context.settings, mlflow_uri=uri))
