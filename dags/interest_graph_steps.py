"""The eleven steps as a row of tasks, shared by both DAGs: their order, retries, and what they tell Airflow.

Between `gate` and `promote` a person may be asked: `ask` says whether there is anything to ask, `approval` waits."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import TriggerRule, chain, task
from airflow.sdk.exceptions import AirflowSkipException

from dags.interest_graph_approval import FORM, WaitForApproval
from dags.interest_graph_request import plain_errors, request_of

STEPS = (
    "collect", "validate", "snapshot", "refresh", "plan", "fit", "evaluate", "gate", "promote", "publish", "report",
)  # fmt: skip

# What fails for reasons that pass by themselves: a source that is away, a registry's remote that is away.
_RETRY = {
    "retries": 2,
    "retry_delay": timedelta(seconds=15),
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": timedelta(minutes=10),
}
RETRIED = {"collect": _RETRY, "snapshot": _RETRY}
# A refused candidate skips `promote`, and where nobody is asked `approval` is skipped; what follows goes on.
AFTER_SKIP = dict.fromkeys(("promote", "publish", "report"), TriggerRule.NONE_FAILED)
ASK, APPROVAL = "ask", "approval"


def chain_steps(kind: str) -> None:
    """Add the steps of a bootstrap or an update to the DAG being defined, one after the other."""
    tasks = {name: _add_step(name, kind) for name in STEPS}
    place = STEPS.index("promote")
    asking = [_add_ask(kind), WaitForApproval(task_id=APPROVAL, kind=kind, asked_by=ASK, params=FORM, retries=0)]
    chain(*[tasks[name] for name in STEPS[:place]], *asking, *[tasks[name] for name in STEPS[place:]])


def _add_step(name: str, kind: str) -> Any:
    retry: dict[str, Any] = RETRIED.get(name, {"retries": 0})
    rule = AFTER_SKIP.get(name, TriggerRule.ALL_SUCCESS)

    @task(task_id=name, trigger_rule=rule, multiple_outputs=False, **retry)
    def step() -> dict[str, Any]:
        return _run(name, kind)

    return step()


def _add_ask(kind: str) -> Any:
    # what it gives is the request; without one the short circuit skips `approval`, and that alone
    @task.short_circuit(task_id=ASK, ignore_downstream_trigger_rules=False, retries=0)
    def ask() -> dict[str, Any] | None:
        from pipelines.tasks import ask_approval

        with plain_errors():
            return ask_approval(kind=kind, **request_of(kind))

    return ask()


def _run(name: str, kind: str) -> dict[str, Any]:
    from pipelines.tasks import run_task  # here: parsing must stay cheap

    with plain_errors():
        result = run_task(name, kind=kind, **request_of(kind))
    if result.get("promoted") is False:
        raise AirflowSkipException(f"not promoted: {result.get('reason')}")
    return result
