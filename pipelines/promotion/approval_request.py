"""What a person is asked about a candidate that the gate left open: in Markdown, with a link to its dossier."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit, urlunsplit

from pipelines import registry
from pipelines.context import Context
from pipelines.dossier.describing import plain
from pipelines.dossier.logged import log_page
from pipelines.dossier.outcome import lift_in_words
from pipelines.jobs import Job
from pipelines.lineage.now import lineage_now
from pipelines.local.register import recall
from pipelines.params.durations import in_words
from pipelines.promotion.approving import APPROVE, REJECT, find_response, must_ask, request_key
from pipelines.promotion.rules import held_back
from pipelines.records import find_record, read_result
from pipelines.tracking import open_client, page_of

_MOST_REASONS = 12


def request_approval(job: Job, context: Context) -> dict[str, Any] | None:
    """The `subject`, `body`, `request` key and `seconds` to respond in; None where there is nothing to ask.

    The dossier is logged first, as far as it can be told, so that the link in the body leads somewhere.
    """
    if not _is_open(job, context):
        return None
    plan, verdict = read_result("plan", job, context), read_result("gate", job, context)["verdict"]
    told = log_page(lineage_now(job, context), job, context)[1]
    within = context.params.gate.ask_within
    context.say(f"{job.name}: a person is asked whether the candidate serves, and has {in_words(within)}")
    return {
        "subject": f"Promote the candidate of {job.name}? The gate says {verdict['outcome']}",
        "body": body_of(told, link=find_dossier(plan["run_id"], context), within=in_words(within)),
        "request": request_key(plan, verdict),
        "seconds": within.total_seconds(),
    }


def body_of(told: dict[str, Any], *, link: str, within: str) -> str:
    """What did not pass, numbers, `link`, and what each choice does, in Markdown; `told` is the dossier's content."""
    verdict = told["verdict"]
    base = verdict["base_version"]
    keeps = f"version {base} keeps serving" if base else "nothing serves"
    reasons = [rule["reason"] for rule in told["rules"]["rows"] if rule["outcome"] in ("FAIL", "INCONCLUSIVE")]
    left = len(reasons) - _MOST_REASONS
    lines = [
        f"**{verdict['outcome']}** for the candidate of window {told['window']}. Rules that did not pass:",
        "\n".join(f"- {plain(reason)}" for reason in reasons[:_MOST_REASONS]),
        f"and {left} more, in the dossier." if left > 0 else "",
        _numbers(told),
        link,
        f"- **{APPROVE}**, with a reason: the candidate serves; the ledger keeps your name and the reason.\n"
        f"- **{REJECT}**, no reason, or no response within {within}: nothing changes, {keeps}.",
    ]
    return "\n\n".join(line for line in lines if line)


def find_dossier(run_id: str, context: Context) -> str:
    """Where to read the dossier of a run: a link where an MLflow server is known, else how to come there."""
    server, run = _server(context), open_client(context).get_run(run_id)
    if server is None:
        page = f"experiment `{context.settings.mlflow_experiment}`, run `{run.info.run_name}`"
        return f"The dossier: open the MLflow page (`make up` starts it), {page}, *Artifacts*, `dossier.html`."
    return f"[The dossier]({server}/{page_of(run, 'dossier.html')}) tells everything that was looked at."


def _is_open(job: Job, context: Context) -> bool:
    """Whether an approval would change anything: not of what is done, or would not be promoted anyway."""
    plan, verdict = read_result("plan", job, context), read_result("gate", job, context).get("verdict")
    if verdict is None or job.dry_run or plan["overtaken"] or not must_ask(verdict, context.params.gate):
        return False
    if find_record("report", job, context) or find_response(plan, verdict, job, context):
        return False
    known = registry.entries(context)
    held = held_back(job.window, context.params.promote, context.calendar, known)
    return held is None and registry.freeze_now(context) is None


def _server(context: Context) -> str | None:
    """The address of MLflow's pages without a password; that of `make up` where tasks use the database itself."""
    uri = context.settings.mlflow_uri
    if not uri.startswith("http"):
        running = recall(context.settings.home)
        return running.mlflow_url if running and running.is_whole else None
    parts = urlsplit(uri)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])).rstrip("/")


def _numbers(told: dict[str, Any]) -> str:
    """A table of the main metrics on all and on new items; empty where nothing was measured."""
    lift, rows = told["verdict"]["lift"], [each for each in told["comparison"]["rows"] if _is_main(each, told["k"])]
    table = [f"| {each['name']}, {each['part']} items | {_cells(each)} |" for each in rows]
    head = ["| on the hold-out | candidate | champion | difference |", "|---|---|---|---|"]
    said = [f"Against the champion: {lift_in_words(lift)}."] if lift else ["There is no champion yet."]
    return "\n\n".join([*said, *(["\n".join([*head, *table])] if table else [])])


def _is_main(row: dict[str, Any], k: int) -> bool:
    return row["part"] in ("all", "new") and row["metric"] in (f"ndcg_at_{k}", f"recall_at_{k}")


def _cells(row: dict[str, Any]) -> str:
    values = [*(row["values"].get(name) for name in ("candidate", "champion")), row["difference"]]
    return " | ".join("–" if value is None else f"{value:.4f}" for value in values)
