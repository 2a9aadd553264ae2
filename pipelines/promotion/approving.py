"""Approval: a person's yes, with a reason, to a candidate that the gate left open; or their no, or silence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from pipelines.context import Context
from pipelines.errors import StoreError
from pipelines.files import digest_json, read_json, write_json
from pipelines.jobs import Job
from pipelines.params.durations import in_words
from pipelines.params.gate import GateParams

APPROVE, REJECT = "Approve", "Reject"
"""What a person may choose."""


@dataclass(frozen=True)
class Response:
    """What came of a request: `request` is its key, `by` who responded (None: nobody did in time)."""

    request: str
    approved: bool
    by: str | None
    reason: str


def must_ask(verdict: Mapping[str, Any], gate: GateParams) -> bool:
    """Whether `verdict`, as `models.verdict.Verdict.to_dict` has it, leaves a person something to decide.

    It does when it is INCONCLUSIVE, or PASS with a warning that failed. A FAIL is nobody's to approve.
    """
    if not gate.ask_human:
        return False
    warned = any(rule["severity"] == "warning" and rule["outcome"] == "FAIL" for rule in verdict["rules"])
    return verdict["outcome"] == "INCONCLUSIVE" or (verdict["outcome"] == "PASS" and warned)


def request_key(plan: Mapping[str, Any], verdict: Mapping[str, Any]) -> str:
    """Names what is asked: an approval is of this candidate, judged so against this champion, and of no other."""
    return digest_json({"update_key": plan["update_key"], "verdict": verdict})


def read_response(event: Mapping[str, Any], request: str) -> Response:
    """Of what Airflow hands on; whatever is not plainly a person's approval is none."""
    chosen, filled, user = (event.get(name) for name in ("chosen_options", "params_input", "responded_by_user"))
    by = (user.get("name") or user.get("id")) if isinstance(user, Mapping) else None
    reason = filled.get("reason") if isinstance(filled, Mapping) else None
    return Response(
        request=request,
        approved=bool(by) and chosen == [APPROVE],
        by=str(by) if by else None,
        reason=reason.strip() if isinstance(reason, str) else "",
    )


def objection(response: Response | None, version: str, within: timedelta) -> str | None:
    """Why a candidate that a person has to approve is not promoted; None where it was approved."""
    by_hand = f'tidegraph promote {version} --reason "..."'
    if response is None:
        return f"held for a person: {by_hand}"
    if response.by is None:
        return f"nobody responded within {in_words(within)}: {by_hand}"
    if not response.approved:
        return f"rejected by {response.by}" + (f": {response.reason}" if response.reason else ", who gave no reason")
    if not response.reason:
        return f"approved by {response.by} without the reason that it takes: {by_hand}"
    return None


def keep_response(response: Response, job: Job, context: Context) -> Response:
    """Keep it for the step promote; gives the one that counts. What a person said first to a request stands."""
    earlier = _read(job, context)
    if earlier and earlier.request == response.request and earlier.by:
        return earlier
    write_json(_path(job, context), asdict(response))
    return response


def find_response(plan: Mapping[str, Any], verdict: Mapping[str, Any], job: Job, context: Context) -> Response | None:
    """What came of asking for the approval of this very candidate; None where nothing did, or it cannot be read."""
    found = _read(job, context)
    return found if found and found.request == request_key(plan, verdict) else None


def _read(job: Job, context: Context) -> Response | None:
    path = _path(job, context)
    try:
        return Response(**read_json(path)) if path.is_file() else None
    except (StoreError, TypeError):
        return None


def _path(job: Job, context: Context) -> Path:
    return context.path("updates", job.name, "approval.json")
