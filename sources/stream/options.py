"""What a mapping says about a message broker, and its address without the secret in it."""

from __future__ import annotations

import os
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, PositiveFloat, PositiveInt

from sources.connector import Place, SourceFault
from sources.mapping.spec import Mapping, options_as
from sources.spool import Spool
from sources.variables import VariableName


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class StreamOptions(Section):
    """`url_env` names the variable with the broker's URL; consumers of one `group` share its messages.

    At most `batch_messages` are written at once. A message that a consumer took and did not finish within
    `redeliver_after_seconds` goes to another one (Redis, and NATS where it is at least 3;
    RabbitMQ and Kafka notice a dead consumer themselves).
    """

    broker: Literal["redis", "rabbit", "kafka", "nats"]
    url_env: VariableName
    group: str = "tidegraph"
    batch_messages: PositiveInt = 500
    redeliver_after_seconds: PositiveFloat = 60.0

    @property
    def url(self) -> str:
        """The broker's URL. Raises SourceFault when the variable is not set."""
        url = os.environ.get(self.url_env, "")
        if not url:
            raise SourceFault(
                f"environment variable {self.url_env} is not set",
                where="options.url_env of the mapping",
                mend=f"export {self.url_env}={EXAMPLES[self.broker]}",
            )
        return url

    @property
    def where(self) -> str:
        """The broker's address, without user and password."""
        try:
            parts = urlsplit(self.url.split(",")[0])
            if parts.hostname:
                return f"{self.broker} at {parts.hostname}:{parts.port or 'its usual port'}"
        except ValueError:
            pass
        return f"{self.broker} at the address in {self.url_env}"


EXAMPLES = {
    "redis": "redis://:password@127.0.0.1:6379/0",
    "rabbit": "amqp://user:password@127.0.0.1:5672/",
    "kafka": "127.0.0.1:9092",
    "nats": "nats://127.0.0.1:4222",
}


class StreamRows(Section):
    """`from` of a table: the Redis stream, RabbitMQ queue, Kafka topic or NATS subject called `topic`.

    A queue, or a JetStream stream for the subject, is made unless `declare` is false.
    """

    topic: str
    declare: bool = True


def stream_options(mapping: Mapping) -> StreamOptions:
    return options_as(StreamOptions, mapping.options, f"{mapping.path}, options")


def stream_rows(mapping: Mapping) -> dict[str, StreamRows]:
    """`from` by table."""
    return {
        name: options_as(StreamRows, spec.rows, f"{mapping.path}, tables.{name}.from")
        for name, spec in mapping.tables.items()
    }


def spool_of(mapping: Mapping, place: Place) -> Spool:
    """Where messages of this mapping wait for their window."""
    return Spool(place.state / "stream" / f"{mapping.name}.db")
