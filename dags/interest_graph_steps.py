"""The eleven steps as a row of tasks, shared by both DAGs: their order, retries, and what they tell Airflow."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import TriggerRule, chain, get_current_context, task
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

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
# A refused candidate skips `promote`; the champion is still published and reported.
AFTER_SKIP = {"publish": TriggerRule.NONE_FAILED, "report": TriggerRule.NONE_FAILED}


def chain_steps(kind: str) -> None:
    """Add the steps of a bootstrap or an update to the DAG being defined, one after the other."""
    chain(*[_add_step(name, kind) for name in STEPS])


def _add_step(name: str, kind: str) -> Any:
    retry: dict[str, Any] = RETRIED.get(name, {"retries": 0})
    rule = AFTER_SKIP.get(name, TriggerRule.ALL_SUCCESS)

    @task(task_id=name, trigger_rule=rule, multiple_outputs=False, **retry)
    def step() -> dict[str, Any]:
        return _run(name, kind)

    return step()


def _run(name: str, kind: str) -> dict[str, Any]:
    from pipelines.errors import SnapshotError, SourceError, TidegraphError  # here: parsing must stay cheap
    from pipelines.tasks import run_task

    try:
        result = run_task(name, kind=kind, **_request(kind))
    except (SourceError, SnapshotError) as error:
        raise AirflowException(str(error)) from None
    except TidegraphError as error:
        raise AirflowFailException(str(error)) from None
    if result.get("promoted") is False:
        raise AirflowSkipException(f"not promoted: {result.get('reason')}")
    return result


def _request(kind: str) -> dict[str, Any]:
    """What the form and the run ask for."""
    from pipelines.context import read_context
    from pipelines.tasks import required, window_of_run

    context = get_current_context()
    form, run = context["params"], context["dag_run"]
    asked = {"dry_run": bool(form["dry_run"]), "airflow_run": f"{run.dag_id}/{run.run_id}"}
    if kind == "bootstrap":
        return asked | {"until": required("until", form["until"])}
    window = window_of_run(
        form["window"],
        run_type=str(getattr(run.run_type, "value", run.run_type)),
        start=run.data_interval_start,
        end=run.data_interval_end,
        calendar=read_context().calendar,
    )
    return asked | {"window": required("window", window), "mode": form["mode"]}
