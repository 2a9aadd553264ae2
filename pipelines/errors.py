"""Every error a user can meet: it says what happened, where, and how to mend it."""

from __future__ import annotations


class TidegraphError(Exception):
    """What went wrong, where, and how to mend it; the command line prints it and exits with `exit_code`."""

    exit_code = 1

    def __init__(self, what: str, *, where: str, mend: str) -> None:
        super().__init__(f"{what}\n  where: {where}\n  mend:  {mend}")
        self.what, self.where, self.mend = what, where, mend


class ParamsError(TidegraphError):
    """A key or value of params.yaml, or a TIDEGRAPH_ variable, is not what it may be."""


class WindowError(TidegraphError):
    """The window is not on the calendar, lies in the future, or its predecessor is missing."""


class SourceError(TidegraphError):
    """A source could not be read as tables of the contract."""


class ContractError(TidegraphError):
    """A CRITICAL batch promise is broken: the run stops, the champion keeps serving."""


class BusyError(TidegraphError):
    """Another process holds the lock."""


class StoreError(TidegraphError):
    """A file is missing, damaged or could not be written."""


class SnapshotError(TidegraphError):
    """The data registry (git + DVC) refused a command."""


class RegistryError(TidegraphError):
    """The model registry or the ledger cannot do what was asked."""


class FitError(TidegraphError):
    """The fit gave no candidate (NaN, no training data)."""


class UnknownUserError(TidegraphError):
    """The user is not in the graph that serves."""


class ExportError(TidegraphError):
    """The graph cannot be written in that form, or not there."""


class LocalError(TidegraphError):
    """The local Airflow or MLflow could not be started, reached or stopped."""
