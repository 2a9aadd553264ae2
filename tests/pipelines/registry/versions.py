"""Versions to register and promote."""

from __future__ import annotations

from pathlib import Path

from pipelines import registry, tracking
from pipelines.aliases import MODEL
from pipelines.context import Context
from pipelines.ledger.entries import Draft


class Killed(BaseException):
    """Stands for SIGKILL: no handler of ordinary errors sees it."""


def run_of(context: Context, window: str) -> str:
    return tracking.open_run(context, update_key=window, name=f"{window} full", tags={"window": window})


def model_of(context: Context, window: str) -> Path:
    folder = context.path("updates", window, "model")
    (folder / "graph").mkdir(parents=True)
    (folder / "graph" / "manifest.json").write_text(window)
    return folder


def registered(context: Context, window: str = "2017-10-01") -> str:
    return registry.register(context, run_of(context, window), model_of(context, window), {"window": window})


def promotion(version: str, base: str | None, window: str = "2017-10-01") -> Draft:
    return Draft(
        kind="promotion",
        version=version,
        base_version=base,
        previous_version=base,
        window=window,
        data_cut=f"{window}T00:00:00+00:00",
        run_id=f"run of {version}",
        verdict="PASS",
        verdict_digest="digest",
        reason="better",
        actor="tester",
        update_key=f"update of {version}",
        snapshots=f"snapshot/{window}",
        code="code",
        params_digest="params",
    )


def aliases(context: Context) -> dict[str, str]:
    found = tracking.open_client(context).get_registered_model(MODEL).aliases
    return {alias: str(version) for alias, version in found.items()}
