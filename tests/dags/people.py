"""A person who responds to what a DAG run asks, through the code of Airflow's own REST API."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

_PATIENCE = 120.0
"""Seconds a request may take to appear; the steps before it run in the meantime."""


@dataclass
class Person:
    """Responds once with what it `chooses` and fills in (`form`); `saw` is then what was shown to it."""

    chooses: str
    form: dict[str, Any]
    name: str = "ana"
    saw: dict[str, Any] = field(default_factory=dict)

    def __enter__(self) -> Person:
        # imported before there are two threads: Airflow's routes cannot be imported by both at once
        import airflow.api_fastapi.core_api.routes.public.hitl
        import airflow.api_fastapi.execution_api.routes  # noqa: F401

        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._respond, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def get_id(self) -> str:
        return f"id of {self.name}"

    def get_name(self) -> str:
        return self.name

    def _respond(self) -> None:
        waited = 0.0
        while waited < _PATIENCE and not self._stopped.wait(0.2):
            waited += 0.2
            if self._answer():
                return

    def _answer(self) -> bool:
        from airflow.api_fastapi.core_api.datamodels.hitl import UpdateHITLDetailPayload
        from airflow.api_fastapi.core_api.routes.public.hitl import update_hitl_detail
        from airflow.models.hitl import HITLDetail
        from airflow.models.taskinstance import TaskInstance
        from airflow.utils.session import create_session

        with create_session() as session:
            waiting = select(HITLDetail).join(TaskInstance, HITLDetail.ti_id == TaskInstance.id)
            found = session.scalar(
                waiting.where(HITLDetail.responded_at.is_(None), TaskInstance.state == "awaiting_input")
            )
            if found is None:
                return False
            one = found.task_instance
            self.saw = {"subject": found.subject, "body": found.body, "params": found.params}
            given = UpdateHITLDetailPayload(chosen_options=[self.chooses], params_input=self.form)
            update_hitl_detail(one.dag_id, one.run_id, one.task_id, given, self, session)
        return True
