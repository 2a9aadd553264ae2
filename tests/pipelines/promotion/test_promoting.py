"""Promotion by hand, freeze and undo on a small shop: what serves afterwards is asked in a fresh process."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from pipelines import registry
from pipelines.aliases import HEAD, MODEL
from pipelines.context import Context, read_context
from pipelines.errors import RegistryError
from pipelines.jobs import update_job
from pipelines.ledger.book import Refusal
from pipelines.promotion.by_hand import promote_by_hand
from pipelines.promotion.freezing import freeze, lift
from pipelines.promotion.proving import prove
from pipelines.promotion.rolling_back import roll_back
from pipelines.runner import run_all, run_step
from pipelines.serving.answering import ask_in_fresh_process
from pipelines.serving.canned import FILE, read_answers
from pipelines.serving.publishing import newest_published
from pipelines.status import read_status
from pipelines.tracking import open_client
from tests.drop import UNTIL, copy_home, window

NEXT = window(6)


@pytest.fixture(scope="module")
def frozen_shop(bootstrapped: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Version 1 of the bootstrap, 2 of the update of UNTIL serves; then frozen, so that 3 of NEXT was only judged."""
    folder = tmp_path_factory.mktemp("frozen") / "shop"
    context = read_context(environment=copy_home(bootstrapped, folder))
    run_all(update_job(UNTIL, context), context)
    freeze(context, reason="the busiest weeks")
    run_all(update_job(NEXT, context), context)
    return folder


@pytest.fixture
def frozen(frozen_shop: Path, tmp_path: Path) -> Context:
    variables = copy_home(frozen_shop, tmp_path / "shop") | {"TIDEGRAPH_ACTOR": "ana"}
    return read_context(environment=variables)


@pytest.fixture
def context(frozen: Context) -> Context:
    """The same, with the freeze lifted."""
    lift(frozen, reason="over")
    return frozen


def serving(context: Context) -> str:
    champion = registry.champion(context)
    assert champion is not None
    return champion.version


def answers_file(context: Context, version: str) -> Path:
    return registry.model_folder(context, version) / FILE


def spoil(context: Context, version: str) -> None:
    """Let the canned answers be others than the version gives."""
    path = answers_file(context, version)
    table = pd.read_parquet(path)
    table.loc[5, "score"] += 2e-9
    table.to_parquet(path)


def test_while_frozen_an_update_judges_and_registers_but_promotes_nothing_and_says_why(frozen: Context) -> None:
    done = run_all(update_job(NEXT, frozen), frozen)
    told = "promotions are frozen by tidegraph, since "
    assert done["gate"]["verdict"]["outcome"] == "PASS"
    assert (done["promote"]["promoted"], done["promote"]["version"]) == (False, "3")
    assert done["report"]["row"]["reason"].startswith(told) and "the busiest weeks" in done["report"]["row"]["reason"]
    status = read_status(frozen)
    assert (status["champion"]["version"], status["frozen"]["reason"]) == ("2", "the busiest weeks")
    with pytest.raises(Refusal, match="promotions are frozen"):
        promote_by_hand(frozen, "3", reason="I looked")
    assert serving(frozen) == "2"


def test_a_promotion_by_hand_serves_and_the_ledger_keeps_who_and_why_and_what_the_gate_said(context: Context) -> None:
    open_client(context).set_model_version_tag(MODEL, "3", "verdict", "FAIL")
    done = promote_by_hand(context, "3", reason=" only tea fell ")

    assert (done["from"], done["to"], done["reason"], done["actor"]) == ("2", "3", "only tea fell", "ana")
    assert done["verdict"] == "FAIL" and done["verdict_reason"].startswith("candidate")
    assert done["proof"] == "version 3 answers 100 users as it did when it was registered"
    entry = registry.entries(context)[-1]
    assert (entry.kind, entry.by_hand, entry.verdict, entry.previous_version) == ("promotion", True, "FAIL", "2")
    assert (entry.snapshots, entry.window, entry.base_version) == (f"snapshot/{NEXT}", NEXT, "2")
    assert len(entry.verdict_digest) == len(entry.params_digest or "") == 64 and entry.code
    assert newest_published(context)["version"] == registry.alias_champion(context) == "3"

    assert roll_back(context, reason="tea matters", to="1")["from"] == "3"
    assert newest_published(context)["version"] == registry.alias_champion(context) == serving(context) == "1"


@pytest.mark.parametrize(
    ("version", "reason", "told"),
    [
        ("9", "why not", "there is no version '9': there are 1, 2, 3"),
        ("champion", "why not", "there is no version 'champion'"),
        ("2", "why not", "version 2 serves already"),
        ("1", "why not", "version 1 learnt until .*, before the champion's cut"),
        ("3", "  ", "a reason is needed"),
    ],
)
def test_what_may_not_be_promoted_by_hand_is_refused_each_for_its_own_reason(
    context: Context, version: str, reason: str, told: str
) -> None:
    with pytest.raises(RegistryError, match=told):
        promote_by_hand(context, version, reason=reason)
    assert serving(context) == "2"


@pytest.mark.parametrize("tag", ["verdict", "data_cut"])
def test_a_version_that_was_never_judged_is_not_promoted_by_hand(context: Context, tag: str) -> None:
    client = open_client(context)
    client.delete_model_version_tag(MODEL, "3", tag)
    run_id = client.get_model_version(MODEL, "3").run_id
    client.delete_tag(run_id, tag)
    with pytest.raises(RegistryError, match="version 3 was never judged"):
        promote_by_hand(context, "3", reason="why not")


def test_a_version_that_does_not_answer_as_it_did_is_an_error_by_hand(context: Context) -> None:
    spoil(context, "3")
    with pytest.raises(RegistryError, match=r"promotion is in the ledger, but version 3 does not answer as it did"):
        promote_by_hand(context, "3", reason="why not")
    answers_file(context, "2").unlink()
    done = roll_back(context, reason="3 answers otherwise")
    assert done["to"] == "2" and "no canned answers" in done["proof"]


def test_an_update_whose_version_does_not_answer_as_it_did_is_rolled_back_by_itself_with_the_reason(
    context: Context, bootstrapped: Path, tmp_path: Path
) -> None:
    context = read_context(environment=copy_home(bootstrapped, tmp_path / "other"))
    job = update_job(UNTIL, context)
    for step in ("collect", "validate", "snapshot", "refresh", "plan", "fit", "evaluate", "gate", "promote"):
        run_step(step, job, context)
    assert serving(context) == "2"
    spoil(context, "2")
    done = run_step("publish", job, context)

    assert "version 2 does not answer as it did when it was registered: user " in done["rolled_back"]
    assert done["proof"].startswith("version 1 answers 100 users")
    assert (serving(context), done["version"], registry.alias_champion(context)) == ("1", "1", "1")
    assert done["rolled_back"] in registry.entries(context)[-1].reason


def test_an_alias_that_names_another_version_is_no_proof_and_status_tells_what_it_mended(context: Context) -> None:
    open_client(context).set_registered_model_alias(MODEL, "champion", "1")
    assert prove(context, "2").failure == "version 1 answers, not version 2"

    assert read_status(context)["aliases_mended"] == ["champion was version 1, and is version 2"]
    assert read_status(context)["aliases_mended"] == []
    assert registry.alias_champion(context) == "2"


def test_a_bare_model_folder_is_asked_without_registry_or_ledger_and_answers_as_when_it_was_made(
    context: Context,
) -> None:
    folder = registry.model_folder(context, "3")
    elsewhere = replace(context.settings, mlflow_uri="http://127.0.0.1:9", ledger_url="nosuchbase://host/ledger")
    expected = read_answers(folder)
    assert expected is not None and expected["user_id"].nunique() == 100

    users = list(dict.fromkeys(expected["user_id"]))
    reply = ask_in_fresh_process(elsewhere, folder=folder, users=users)

    assert reply.version is None
    pd.testing.assert_frame_equal(reply.answers, expected, check_dtype=False, check_exact=True)
    (folder / "state" / "manifest.json").unlink()
    with pytest.raises(RegistryError, match="there is no model state here"):
        ask_in_fresh_process(elsewhere, folder=folder, users=users)


def test_a_promotion_by_hand_cut_off_before_its_lists_were_out_is_finished(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("pipelines.promotion.by_hand.publish_lists", _interrupt)
        promote_by_hand(context, "3", reason="first asked")
    assert (serving(context), newest_published(context)["version"]) == ("3", "2")

    assert promote_by_hand(context, "3", reason="asked again")["reason"] == "first asked"
    assert newest_published(context)["version"] == "3"
    with pytest.raises(RegistryError, match="version 3 serves already"):
        promote_by_hand(context, "3", reason="and again")


def test_the_first_champion_may_be_promoted_by_hand_and_its_lists_are_published(
    bootstrapped: Path, tmp_path: Path
) -> None:
    """As after a bootstrap that the gate refused: version 1 is registered, and nothing serves."""
    context = read_context(environment=copy_home(bootstrapped, tmp_path / "refused"))
    client = open_client(context)
    for left in context.path().glob("ledger.db*"):
        left.unlink()
    shutil.rmtree(context.path("predictions"))
    client.delete_registered_model_alias(MODEL, "champion")
    client.delete_registered_model_tag(MODEL, HEAD)

    done = promote_by_hand(context, "1", reason="a shop has to begin somewhere")
    assert (done["from"], done["to"], serving(context)) == (None, "1", "1")
    assert newest_published(context) == newest_published(context) | {"version": "1", "window": window(4)}


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
