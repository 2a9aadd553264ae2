"""What a run asks for, as both DAGs' tasks hand it on, and what errors of ours mean to Airflow."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from airflow.sdk import get_current_context
from airflow.sdk.exceptions import AirflowException, AirflowFailException


def request_of(kind: str) -> dict[str, Any]:
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


@contextmanager
def plain_errors() -> Iterator[None]:
    """Let a task fail with the message alone; it is tried again only where the fault may pass by itself."""
    from pipelines.errors import SnapshotError, SourceError, TidegraphError

    try:
        yield
    except (SourceError, SnapshotError) as error:
        raise AirflowException(str(error)) from None
    except TidegraphError as error:
        raise AirflowFailException(str(error)) from None
