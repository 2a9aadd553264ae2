"""What people are told of: a sentence, posted to the webhook of a chat such as Slack, Teams or Mattermost."""

from __future__ import annotations

import os
from collections.abc import Sequence

from airflow.sdk import Context
from airflow.sdk.bases.notifier import BaseNotifier

VARIABLE = "TIDEGRAPH_NOTIFY_URL"
SECONDS = 10


class WebhookNotifier(BaseNotifier):
    """Posts `{"text": message}` to the URL in TIDEGRAPH_NOTIFY_URL; without one the message goes into the log alone."""

    template_fields: Sequence[str] = ("message",)

    def __init__(self, message: str) -> None:
        super().__init__()
        self.message = message

    def notify(self, context: Context) -> None:
        import requests  # here: parsing must stay cheap

        self.log.warning("%s", self.message)
        url = os.environ.get(VARIABLE)
        if url:
            requests.post(url, json={"text": self.message}, timeout=SECONDS).raise_for_status()
