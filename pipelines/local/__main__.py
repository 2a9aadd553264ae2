"""`python -m pipelines.local demo|up|down`: what `make demo`, `make up` and `make down` call."""

from __future__ import annotations

import json
import signal
import sys
from typing import Annotated, Any

import typer
from rich.console import Console

from pipelines.errors import TidegraphError
from pipelines.local.demo import run_demo
from pipelines.local.memory import MIB, PeakMemory
from pipelines.local.plan import BOOTSTRAP, WINDOWS
from pipelines.local.register import Running, recall, stop_all
from pipelines.local.stack import start_stack
from pipelines.local.table import print_tables, read_rows
from pipelines.locks import hold
from pipelines.settings import read_settings

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.command()
def demo(
    memory: Annotated[bool, typer.Option("--memory", help="Also report the peak of summed memory (PSS).")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the rows as JSON, progress to stderr.")] = False,
) -> None:
    """Run the main job under Airflow's scheduler and show what happened."""
    settings = read_settings()
    console = _console(stderr=as_json)
    measured = run_demo(settings, console, measure_memory=memory)
    rows = read_rows(settings.home, [BOOTSTRAP, *WINDOWS])
    if as_json:
        print(json.dumps({"rows": rows} | _memory_json(measured), indent=2, ensure_ascii=False))
    else:
        print_tables(console, rows)
        _print_memory(console, measured)
        console.print("Look around: `make up` starts the Airflow and MLflow UIs, `make down` stops them.")


@app.command()
def up() -> None:
    """Start the Airflow and MLflow UIs in the background; does nothing when they run already."""
    settings = read_settings()
    console = _console()
    with hold(settings.home / "locks", "local"):
        found = recall(settings.home)
        if found and found.is_whole and found.mlflow_url:
            console.print("already running")
        else:
            found = start_stack(settings, with_mlflow=True, resume=True, say=console.print)
    _print_urls(console, found)


@app.command()
def down() -> None:
    """Stop what `up` started, and anything an interrupted demo left behind."""
    settings = read_settings()
    with hold(settings.home / "locks", "local"):
        stopped = stop_all(settings.home)
    print(f"stopped {', '.join(service.name for service in stopped)}" if stopped else "nothing was running")


def _console(*, stderr: bool = False) -> Console:
    """A console as wide as its terminal, or as the tables where there is none."""
    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, highlight=False, width=None if stream.isatty() else 120)


def _print_urls(console: Console, running: Running) -> None:
    console.print(f"Airflow  {running.airflow_url}")
    console.print(f"MLflow   {running.mlflow_url}")
    console.print("Both listen on this machine only and ask for no login. `make down` stops them.")


def _print_memory(console: Console, measured: PeakMemory | None) -> None:
    if measured is None:
        return
    peak = measured.peak
    console.print(f"peak memory {peak.total / MIB:,.0f} MiB summed PSS, {peak.at:.0f} s after the start:")
    for title, size in sorted(peak.parts.items(), key=lambda part: -part[1]):
        console.print(f"  {size / MIB:6,.0f} MiB  {title}", markup=False)


def _memory_json(measured: PeakMemory | None) -> dict[str, Any]:
    return {} if measured is None else {"peak_mib": round(measured.peak.total / MIB)}


def _interrupt(number: int, _: object) -> None:
    """End as Ctrl-C does, so that services are stopped on the way out; once ending, finish it undisturbed."""
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    raise SystemExit(128 + number)


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        app()
    except TidegraphError as error:
        print(error, file=sys.stderr)
        raise SystemExit(error.exit_code) from None


if __name__ == "__main__":
    main()
