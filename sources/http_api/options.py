"""What a mapping says about a paged JSON API: where it lies, who asks, which pages, how patiently."""

from __future__ import annotations

import os
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from sources.connector import SourceFault
from sources.variables import VariableName


def _is_http(url: str) -> str:
    if not url.startswith(("http://", "https://")) or "@" in url:
        raise ValueError("write it as https://host/path, without a name or password in it")
    return url


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Key(Section):
    """A key that is sent as a header, its value in the environment variable `value_env`."""

    header: str
    value_env: VariableName


class HttpOptions(Section):
    """`bearer_env` names the variable with a bearer token; a request is tried `tries` times before it is a fault.

    A server that asks for more than `max_wait_seconds` of patience is a fault too, to be met by running later.
    """

    base_url: Annotated[str, AfterValidator(_is_http)]
    bearer_env: VariableName | None = None
    key: Key | None = None
    timeout_seconds: PositiveFloat = 30.0
    tries: PositiveInt = 5
    max_wait_seconds: PositiveFloat = 60.0
    max_pages: PositiveInt = 10_000
    max_page_mib: PositiveInt = 64

    def headers(self, where: str) -> dict[str, str]:
        """The headers that say who asks. Raises SourceFault for a variable that is not set."""
        headers = {"Accept": "application/json"}
        if self.bearer_env is not None:
            headers["Authorization"] = f"Bearer {_secret(self.bearer_env, where)}"
        if self.key is not None:
            headers[self.key.header] = _secret(self.key.value_env, where)
        return headers


class Paging(Section):
    """How the next page is found.

    `cursor`: the value at `next` of the answer goes into the query parameter `param`. `page`: `param` counts from
    `first` until a page is empty. `link`: the Link header of RFC 8288 with rel="next", or the URL at `next` of the
    answer. `none`: one page is all.
    """

    kind: Literal["cursor", "page", "link", "none"]
    param: str | None = None
    next: str | None = None
    first: NonNegativeInt = 1

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        needed = {"cursor": ("param", "next"), "page": ("param",)}.get(self.kind, ())
        if missing := [name for name in needed if getattr(self, name) is None]:
            raise ValueError(f"paging by {self.kind} needs {' and '.join(missing)}")
        return self


class HttpRows(Section):
    """`from` of a table: a path below `base_url`, its query, and where in the answer the records lie.

    `{start}` and `{end}` in a parameter become the window's edges, spelt as `time_format` says.
    """

    path: str
    params: dict[str, str | int | float | bool] = {}
    time_format: Literal["iso", "date", "s", "ms"] = "iso"
    records: str = ""
    paging: Paging = Paging(kind="none")

    @property
    def cut_by_server(self) -> bool:
        """Whether the server is told the window."""
        return any("{start}" in str(value) or "{end}" in str(value) for value in self.params.values())


def _secret(variable: str, where: str) -> str:
    value = os.environ.get(variable, "")
    if not value or not value.isascii() or not value.isprintable():
        raise SourceFault(
            f"environment variable {variable} {'holds no key' if value else 'is not set'}",
            where=where,
            mend=f"export {variable} with the key that the API's owner gave you",
        )
    return value
