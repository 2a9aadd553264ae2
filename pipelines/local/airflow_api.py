"""What the demo asks of Airflow's REST API (v2): is it ready, run this DAG, how far is it, why did it fail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import requests

from pipelines.errors import LocalError

_SECONDS = 30


class AirflowApi:
    """A session (`with` it) with an Airflow that takes everybody on loopback for an administrator."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy stands between us and loopback

    def __enter__(self) -> AirflowApi:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def is_up(self) -> bool:
        """Whether the API server answers yet."""
        try:
            answer = self._session.get(f"{self.url}/api/v2/monitor/health", timeout=_SECONDS)
        except requests.RequestException:
            return False
        return answer.status_code == 200

    def log_in(self) -> None:
        token = self._call("GET", "/auth/token")["access_token"]
        self._session.headers["Authorization"] = f"Bearer {token}"

    def parsed_at(self, dag: str) -> str | None:
        """When the DAG's file was last read, as ISO 8601; None while it has never been."""
        answer = self._send("GET", f"/api/v2/dags/{dag}")
        return None if answer.status_code == 404 else self._content(answer)["last_parsed_time"]

    def import_errors(self) -> list[str]:
        """What DAG files could not be read for."""
        errors = self._call("GET", "/api/v2/importErrors")["import_errors"]
        return [f"{error['filename']}: {error['stack_trace'].strip().splitlines()[-1]}" for error in errors]

    def unpause(self, dag: str) -> None:
        self._call("PATCH", f"/api/v2/dags/{dag}", json={"is_paused": False})

    def trigger(self, dag: str, form: dict[str, Any]) -> str:
        """Start a run with the form filled in, and without a logical date; its run id."""
        return str(
            self._call("POST", f"/api/v2/dags/{dag}/dagRuns", json={"logical_date": None, "conf": form})["dag_run_id"]
        )

    def unfinished(self, dag: str) -> list[str]:
        """The ids of runs that are queued or running."""
        runs = self._call("GET", f"/api/v2/dags/{dag}/dagRuns", params={"state": ["queued", "running"]})
        return [run["dag_run_id"] for run in runs["dag_runs"]]

    def fail(self, dag: str, run: str) -> None:
        self._call("PATCH", f"/api/v2/dags/{dag}/dagRuns/{run}", json={"state": "failed"})

    def run_state(self, dag: str, run: str) -> str:
        return str(self._call("GET", f"/api/v2/dags/{dag}/dagRuns/{run}")["state"])

    def tasks(self, dag: str, run: str) -> list[dict[str, Any]]:
        """The run's task instances: `task_id`, `state`, `start_date`, `duration` in seconds, `try_number`."""
        answer = self._call("GET", f"/api/v2/dags/{dag}/dagRuns/{run}/taskInstances", params={"limit": 100})
        return list(answer["task_instances"])

    def error_of(self, dag: str, run: str, task: dict[str, Any]) -> str:
        """The message of the error a task ended with, from its log."""
        number = max(int(task["try_number"]), 1)
        place = f"/api/v2/dags/{dag}/dagRuns/{run}/taskInstances/{task['task_id']}/logs/{number}"
        answer = self._call("GET", place, params={"full_content": "true"}, headers={"Accept": "application/json"})
        return find_error(answer["content"]) or "the task left no error in its log; its process may have been killed"

    def _call(self, method: str, path: str, **options: Any) -> Any:
        return self._content(self._send(method, path, **options))

    def _send(self, method: str, path: str, **options: Any) -> requests.Response:
        send: Callable[..., requests.Response] = self._session.request
        try:
            return send(method, self.url + path, timeout=_SECONDS, **options)
        except requests.RequestException as error:
            raise LocalError(
                f"Airflow does not answer: {type(error).__name__}",
                where=f"{method} {self.url}{path}",
                mend="look into airflow/logs/services/api-server.log below TIDEGRAPH_HOME",
            ) from error

    def _content(self, answer: requests.Response) -> Any:
        if answer.ok:
            return answer.json()
        raise LocalError(
            f"Airflow refused with {answer.status_code}: {answer.text[:500]}",
            where=f"{answer.request.method} {answer.url}",
            mend="mend what the answer names",
        )


def find_error(content: list[Any]) -> str | None:
    """The message of the last error in a structured task log."""
    found = None
    for line in content:
        if not isinstance(line, dict):
            continue
        details = line.get("error_detail") or []
        if details:
            found = str(details[0].get("exc_value") or details[0].get("exc_type"))
        elif line.get("level") in ("error", "critical") and found is None:
            found = str(line.get("event"))
    return found
