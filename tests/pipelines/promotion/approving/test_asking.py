"""Who is asked, when, and what is shown to them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from pipelines import registry
from pipelines.context import Context
from pipelines.dossier.telling import tell_dossier
from pipelines.errors import ParamsError
from pipelines.jobs import update_job
from pipelines.local.register import Running
from pipelines.params.file import read_params
from pipelines.promotion.approval_request import body_of, find_dossier, request_approval
from pipelines.promotion.approving import must_ask
from pipelines.promotion.freezing import freeze
from pipelines.runner import perform
from pipelines.settings import ROOT
from pipelines.tracking import open_client
from tests.drop import UNTIL
from tests.pipelines.dossier.dossiers import material, records, rule, verdict
from tests.pipelines.promotion.approving.shops import (
    Shop,
    asked,
    dossier,
    gate,
)


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
    monkeypatch.setattr("pipelines.promotion.approval_request.open_client", lambda _: open_client(context))
    there = _with_server(context, "https://ana:secret@mlflow.example:5000/")
    assert find_dossier(champion.run_id, there).startswith(f"[The dossier](https://mlflow.example:5000/{page})")

    up = Running("http://127.0.0.1:1", "http://127.0.0.1:2", ())
    monkeypatch.setattr(Running, "is_whole", True)
    monkeypatch.setattr("pipelines.promotion.approval_request.recall", lambda home: up)
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


def _with_server(context: Context, uri: str) -> Context:
    return replace(context, settings=replace(context.settings, mlflow_uri=uri))
