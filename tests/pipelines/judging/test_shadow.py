"""A shadow full retrain beside an update: it measures, later updates know, and nothing else changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from models.flagship.ranker import InterestRanker
from pipelines import registry
from pipelines.context import Context, read_context
from pipelines.files import digest_files, read_json, read_table, write_json
from pipelines.jobs import update_job
from pipelines.judging.shadow import last_shadow
from pipelines.records import find_record, read_result
from pipelines.runner import STEPS, perform, run_all
from pipelines.tracking import open_client
from tests.drop import UNTIL, copy_home, small_params, window

NEXT = window(6)
BEFORE_FIT = STEPS[: STEPS.index("fit")]
THROUGH_EVALUATE = STEPS[: STEPS.index("gate")]


def scheduled(variables: dict[str, str], every: int, **policy: object) -> Context:
    """A shop whose policy asks for a shadow every so many windows."""
    params = small_params()
    params["plan"] = {"mode": "auto", "policy": params["plan"]["policy"] | {"shadow_every": every} | policy}
    Path(variables["TIDEGRAPH_PARAMS"]).write_text(yaml.safe_dump(params), encoding="utf-8")
    return read_context(environment=variables)


def updated(source: Path, folder: Path, every: int) -> Context:
    context = scheduled(copy_home(source, folder), every)
    run_all(update_job(UNTIL, context), context)
    return context


@pytest.fixture(scope="module")
def plain(bootstrapped: Path, tmp_path_factory: pytest.TempPathFactory) -> Context:
    """After an update without a shadow."""
    return updated(bootstrapped, tmp_path_factory.mktemp("plain") / "shop", 0)


@pytest.fixture(scope="module")
def shadowed(bootstrapped: Path, tmp_path_factory: pytest.TempPathFactory) -> Context:
    """After the same update with one; tests that write work on a copy."""
    return updated(bootstrapped, tmp_path_factory.mktemp("shadowed") / "shop", 2)


@pytest.fixture
def copied(shadowed: Context, tmp_path: Path) -> dict[str, str]:
    return copy_home(shadowed.settings.home.parent, tmp_path / "shop")


@pytest.fixture
def fresh(bootstrapped: Path, tmp_path: Path) -> Context:
    """After the bootstrap alone, with a shadow due."""
    return scheduled(copy_home(bootstrapped, tmp_path / "fresh"), 2)


def of(step: str, context: Context) -> dict[str, Any]:
    return read_result(step, update_job(UNTIL, context), context)


def test_a_shadow_changes_nothing_of_the_update_beside_it(plain: Context, shadowed: Context) -> None:
    folders = [context.path("updates", UNTIL) for context in (plain, shadowed)]
    assert len({digest_files(folder / "candidate") for folder in folders}) == 1
    verdicts = [of("gate", context)["verdict"] for context in (plain, shadowed)]
    assert verdicts[0]["outcome"] == verdicts[1]["outcome"] == "PASS"
    ours, theirs = ([rule for rule in each["rules"] if rule["metric"] != "latency_ms"] for each in verdicts)
    assert ours == theirs
    assert set(of("evaluate", plain)["metrics"]) == set(of("evaluate", shadowed)["metrics"]) - {"shadow_full"}
    assert of("evaluate", plain)["slices"] == of("evaluate", shadowed)["slices"]


def test_without_one_scheduled_no_result_speaks_of_shadows(plain: Context) -> None:
    for step in ("plan", "fit", "evaluate"):
        assert not {"shadow", "aside"} & set(of(step, plain))
    assert not list(plain.path("updates", UNTIL).glob("shadow*"))


def test_the_gate_never_sees_it_and_the_registry_holds_the_candidate(shadowed: Context) -> None:
    assert "shadow" not in str(of("gate", shadowed))
    judged = set(read_table(shadowed.path("updates", UNTIL, "metrics.parquet"))["model"])
    assert judged == {"candidate", "champion", "popularity", "personal_decay", "ials"}
    versions = open_client(shadowed).search_model_versions(f"name = '{registry.MODEL}'")
    assert len(versions) == 2
    served = digest_files(registry.model_folder(shadowed, "2") / "state")
    assert served == digest_files(shadowed.path("updates", UNTIL, "candidate"))
    assert served != digest_files(shadowed.path("updates", UNTIL, "shadow"))


def test_row_dossier_and_run_tell_the_loss_with_its_bounds(shadowed: Context) -> None:
    row = of("report", shadowed)["row"]
    ours, theirs = (row["metrics"][name]["all"]["ndcg_at_20"] for name in ("candidate", "shadow_full"))
    run = open_client(shadowed).get_run(of("plan", shadowed)["run_id"])
    told = read_json(Path(run.info.artifact_uri.removeprefix("file://")) / "dossier.json")["shadow"]
    assert told["loss"] == pytest.approx((theirs - ours) / theirs)
    assert told["lower"] <= told["loss"] <= told["upper"] and told["n_users"] > 50
    assert run.data.metrics["shadow/loss"] == pytest.approx(told["loss"])
    page = (Path(run.info.artifact_uri.removeprefix("file://")) / "dossier.html").read_text(encoding="utf-8")
    assert "<h2>Shadow full retrain</h2>" in page and "Against a shadow full retrain the candidate loses" in page


def test_its_seconds_are_no_cost_of_the_update(shadowed: Context) -> None:
    job = update_job(UNTIL, shadowed)
    fit, record = of("fit", shadowed), find_record("fit", job, shadowed)
    assert record is not None
    assert fit["aside"]["cpu_seconds"] > 0
    assert fit["cpu_seconds"] <= record.cpu_seconds < fit["cpu_seconds"] + fit["aside"]["cpu_seconds"]
    kept = read_json(shadowed.path("updates", UNTIL, "shadow.json"))
    assert kept["cpu_seconds"] == fit["aside"]["cpu_seconds"] and kept["mode"] == "incremental"


def test_the_next_update_knows_the_loss_and_how_old_it_is(copied: dict[str, str]) -> None:
    context = scheduled(copied, 2)
    job = update_job(NEXT, context)
    found = last_shadow(job, context)
    assert found is not None
    assert (found.loss, found.windows_ago) == (of("evaluate", context)["shadow"]["loss"], 1)
    assert last_shadow(update_job(UNTIL, context), context) is None
    plan = perform(BEFORE_FIT, job, context)["plan"].result
    assert plan["shadow"] == {
        "due": False, "reason": "the last shadow full retrain is 1 windows old; one is due every 2"
    }  # fmt: skip


def test_a_loss_above_its_limit_asks_for_a_full_fit(copied: dict[str, str]) -> None:
    context = scheduled(copied, 2)
    path = context.path("updates", UNTIL, "shadow.json")
    write_json(path, read_json(path) | {"loss": 0.5})
    plan = perform(BEFORE_FIT, update_job(NEXT, context), context)["plan"].result
    assert plan["mode"] == "full" and plan["reason"].startswith("the loss of incremental updates")
    assert plan["shadow"] == {"due": False, "reason": "this update is a full fit itself"}


@pytest.mark.parametrize("left", ["{", "[]", "{}", '{"loss": null}', '{"loss": NaN}'])
def test_a_loss_that_cannot_be_read_is_not_known(copied: dict[str, str], left: str) -> None:
    context = scheduled(copied, 2)
    context.path("updates", UNTIL, "shadow.json").write_text(left, encoding="utf-8")
    assert last_shadow(update_job(NEXT, context), context) is None


def test_a_finished_update_with_a_shadow_is_not_done_again(copied: dict[str, str]) -> None:
    context = scheduled(copied, 2)
    assert all(step.repeated for step in perform(STEPS, update_job(UNTIL, context), context).values())


def test_an_update_cut_off_in_its_shadow_goes_on_and_gives_the_same(
    fresh: Context, shadowed: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = update_job(UNTIL, fresh)
    perform(BEFORE_FIT, job, fresh)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("pipelines.judging.shadow.write_state", _interrupt)
        perform(["fit"], job, fresh)
    assert find_record("fit", job, fresh) is None

    perform(["fit"], job, fresh)
    for made in ("candidate", "shadow"):
        assert digest_files(fresh.path("updates", UNTIL, made)) == digest_files(shadowed.path("updates", UNTIL, made))


def test_a_shadow_that_cannot_be_fitted_stops_nothing_and_is_due_again(
    fresh: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = update_job(UNTIL, fresh)
    monkeypatch.setattr(InterestRanker, "fit", _fail)
    done = perform(THROUGH_EVALUATE, job, fresh)
    assert done["fit"].result["shadow"] == {"failed": "NaN in the loss"}
    assert done["evaluate"].result["shadow"] == {"failed": "NaN in the loss"}
    assert "shadow_full" not in done["evaluate"].result["metrics"]
    assert last_shadow(update_job(NEXT, fresh), fresh) is None


def test_a_mode_that_is_asked_for_has_no_shadow(fresh: Context) -> None:
    plan = perform(BEFORE_FIT, update_job(UNTIL, fresh, mode="incremental"), fresh)["plan"].result
    assert "shadow" not in plan


def test_an_update_that_learns_nothing_has_none(copied: dict[str, str]) -> None:
    limits = {"skip_below": 1.0, "graph_only_below": 1.0, "psi_some": 9.0, "psi_much": 9.0, "max_forgetting": 1.0}
    context = scheduled(copied, 1, **limits)
    plan = perform(BEFORE_FIT, update_job(NEXT, context), context)["plan"].result
    assert plan["mode"] == "skip" and plan["shadow"]["due"] is False


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _fail(*_: object) -> None:
    raise ValueError("NaN in the loss")
