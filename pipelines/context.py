"""What every step is given besides its job: settings, params, the calendar, and a voice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.params import Params, read_params
from pipelines.settings import Settings, read_settings
from pipelines.windows import Calendar


def _silent(_: str) -> None:
    pass


@dataclass(frozen=True)
class Context:
    """`say` tells the user what a long step is doing."""

    settings: Settings
    params: Params
    say: Callable[[str], None] = field(default=_silent)

    @property
    def calendar(self) -> Calendar:
        return Calendar(self.params.window.first, self.params.window.length)

    def path(self, *parts: str) -> Path:
        """A path below TIDEGRAPH_HOME, for example `path("landing", "2017-10-08")`."""
        return self.settings.home.joinpath(*parts)


def read_context(say: Callable[[str], None] = _silent, environment: Mapping[str, str] | None = None) -> Context:
    """The context of this process (or of `environment`): TIDEGRAPH_ variables and the params file they point at."""
    settings = read_settings(environment)
    return Context(settings, read_params(settings.params), say)
