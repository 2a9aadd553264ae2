"""The task that waits for a person: it shows what `ask` gave, and keeps what came of it for `promote`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.hitl import ApprovalOperator, HITLOperator
from airflow.sdk import Param

from dags.interest_graph_request import plain_errors, request_of

FORM = {
    "reason": Param(
        "",
        type=["null", "string"],
        format="multiline",
        title="Reason",
        description="Why. The ledger keeps it, with your name. An approval without a reason promotes nothing.",
    )
}
"""What a person fills in, as the task's `params`."""


class WaitForApproval(HITLOperator):
    """Waits for a person's Approve or Reject to what the task `asked_by` gave, and succeeds with either.

    Who does not respond in time has rejected. Unlike Airflow's ApprovalOperator it skips nothing: what a response comes
    to is decided, and told, by the step promote.
    """

    def __init__(self, *, kind: str, asked_by: str, **kwargs: Any) -> None:
        super().__init__(
            subject="",
            options=[ApprovalOperator.APPROVE, ApprovalOperator.REJECT],
            defaults=ApprovalOperator.REJECT,
            **kwargs,
        )
        self.kind, self.asked_by = kind, asked_by

    def execute(self, context: Any) -> None:
        asked = self._asked(context)
        self.subject, self.body = asked["subject"], asked["body"]
        self.response_timeout = timedelta(seconds=asked["seconds"])
        super().execute(context)

    def execute_complete(self, context: Any, event: Mapping[str, Any]) -> dict[str, Any]:
        """Whatever the response is, it is no reason for the run to fail: a form filled in wrongly approves nothing."""
        from pipelines.tasks import keep_approval

        with plain_errors():
            return keep_approval(event, self._asked(context)["request"], kind=self.kind, **request_of(self.kind))

    def _asked(self, context: Any) -> dict[str, Any]:
        return dict(context["ti"].xcom_pull(task_ids=self.asked_by))
