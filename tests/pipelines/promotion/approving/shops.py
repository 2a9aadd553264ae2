"""Shops whose gate leaves something open, and what a person says to it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from pipelines.context import Context, read_context
from pipelines.dossier.material import gather
from pipelines.dossier.outcome import tell_outcome
from pipelines.files import read_json
from pipelines.jobs import Job, update_job
from pipelines.params.file import read_params
from pipelines.params.gate import GateParams
from pipelines.promotion.approval_request import request_approval
from pipelines.promotion.approving import keep_response, read_response
from pipelines.records import read_result
from pipelines.runner import STEPS, perform, run_all
from pipelines.settings import ROOT
from pipelines.tracking import open_client
from tests.drop import UNTIL, small_params

FLOOR = {"metric": "ndcg_at_20", "floor": 0.05}
UNSURE = [FLOOR, {"metric": "ndcg_at_20", "not_worse_than": "champion", "margin": 0.0, "slice": "category/none"}]
"""Open whatever network a CPU learns: a slice that is asked for by name and not there."""
WARNED = [FLOOR, {"metric": "ndcg_at_20", "floor": 0.99, "severity": "warning"}]
FAILED = [{"metric": "ndcg_at_20", "floor": 0.99}]
APPROVED = {"chosen_options": ["Approve"], "params_input": {"reason": "only tea fell"}}
ANA = {"responded_by_user": {"id": "7", "name": "ana"}}
RULES = {"unsure": UNSURE, "warned": WARNED, "failed": FAILED, "fine": [FLOOR]}
JUDGED = STEPS[: STEPS.index("promote")]
Shop = Callable[..., Context]


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
