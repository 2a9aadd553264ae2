"""What people are told of: a sentence, posted to the webhook of a chat such as Slack, Teams or Mattermost."""

from __future__ import annotations

import os
from collections.abc import Callable

from airflow.sdk import Context
from airflow.sdk.bases.notifier import BaseNotifier

VARIABLE = "TIDEGRAPH_NOTIFY_URL"
SECONDS = 10


class WebhookNotifier(BaseNotifier):
    """Posts `{"text": ...}`, what `tell` makes of a task's context, to the URL in TIDEGRAPH_NOTIFY_URL; without one the
    message goes into the log alone."""

    def __init__(self, tell: Callable[[Context], str]) -> None:
        super().__init__()
        self.tell = tell  # no template: Airflow renders one in place, and a second run would be told the first one's

    def notify(self, context: Context) -> None:
        import requests  # here: parsing must stay cheap

        message, url = self.tell(context), os.environ.get(VARIABLE)
        self.log.warning("%s", message)
        if url:
            requests.post(url, json={"text": message}, timeout=SECONDS).raise_for_status()
