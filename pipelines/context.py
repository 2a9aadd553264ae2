"""What every step is given besides its job: settings, params, the calendar, and a voice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.errors import ParamsError
from pipelines.params.data import WindowParams
from pipelines.params.file import read_params
from pipelines.params.shape import Params
from pipelines.settings import Settings, check_places, read_settings
from pipelines.windows import Calendar
from sources.connector import SourceFault
from sources.mapping.spec import WindowSpec, read_mapping


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
    check_places(settings)
    params = read_params(settings.params)
    if settings.mapping is not None:
        params = params.model_copy(update={"window": _window_of(settings.mapping, params.window)})
    return Context(settings, params, say)


def _window_of(mapping: Path, window: WindowParams) -> WindowParams:
    """The calendar that the mapping names, where it names one, in place of the params'."""
    try:
        said = read_mapping(mapping).window
    except SourceFault as fault:
        raise ParamsError(fault.what, where=fault.where, mend=fault.mend) from fault
    return as_said(said, window)


def as_said(said: WindowSpec | None, window: WindowParams) -> WindowParams:
    """`window`, but for what a mapping says instead."""
    if said is None:
        return window
    return WindowParams(first=said.first or window.first, length=said.length or window.length)
