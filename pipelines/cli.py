"""The command line: `python -m pipelines`, also installed as `tidegraph`."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from pipelines import console
from pipelines.commands import champion, graph, ledger, lineage, quarantine, simulate, source, stream, watch
from pipelines.context import Context, read_context
from pipelines.errors import TidegraphError
from pipelines.jobs import Job, bootstrap_job, update_job

app = typer.Typer(
    help="Keeps a user interest graph fresh from a shop's events, and serves from it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    epilog="Example: `tidegraph bootstrap --until 2017-10-08`, then `tidegraph update --window 2017-10-08`.",
)
app.add_typer(source.app, name="source")
app.add_typer(graph.app, name="graph")
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(stream.app, name="stream")
app.add_typer(ledger.app, name="ledger")
champion.add_to(app)
lineage.add_to(app)
app.command(epilog="Example: `tidegraph watch --day 2017-10-15`")(watch.watch)
app.command(epilog="Example: `tidegraph simulate --events 1000000 --out shop`")(simulate.simulate)
WindowOption = Annotated[str, typer.Option("--window", help="The window's start date, for example 2017-10-08.")]
ModeOption = Annotated[
    str | None,
    typer.Option("--mode", help="auto, incremental, full, graph-only or skip; default: plan.mode of params.yaml."),
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Judge, but register, promote and publish nothing.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


@app.command(epilog="Example: `tidegraph step validate --window 2017-10-08`")
def step(
    name: Annotated[
        str,
        typer.Argument(
            help="collect, validate, snapshot, refresh, plan, fit, evaluate, gate, promote, publish or report"
        ),
    ],
    window: WindowOption,
    mode: ModeOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Run one step of an update; what is already done with the same inputs is not done again."""
    from pipelines.runner import perform

    with console.voice() as say:
        context = read_context(say)
        done = perform([name], _update(window, mode, dry_run, context), context)[name]
    console.show_result(name, done, as_json=as_json)


@app.command(epilog="Example: `tidegraph update --window 2017-10-08 --json`")
def update(
    window: WindowOption, mode: ModeOption = None, dry_run: DryRunOption = False, as_json: JsonOption = False
) -> None:
    """Run all steps of one window's update, in order."""
    with console.voice() as say:
        context = read_context(say)
        row = _run_all(_update(window, mode, dry_run, context), context)
    console.show_row(row, as_json=as_json)


@app.command(epilog="Example: `tidegraph bootstrap --until 2017-10-08`")
def bootstrap(
    until: Annotated[
        str, typer.Option("--until", help="The first window that is not part of it, for example 2017-10-08.")
    ],
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Build everything up to a window, and promote the first champion."""
    with console.voice() as say:
        context = read_context(say)
        job = bootstrap_job(until, context, dry_run=dry_run)
        row = _run_all(job, context)
    console.show_row(row, as_json=as_json)


@app.command(epilog="Example: `tidegraph status --json`")
def status(as_json: JsonOption = False) -> None:
    """Tell what serves, what it stands on, and whether the record holds."""
    from pipelines.status import read_status

    told = read_status(read_context())
    console.show_status(told, as_json=as_json)
    if not told["ledger_ok"]:
        raise typer.Exit(1)


@app.command(epilog="Example: `tidegraph recommend 1228 --k 5`")
def recommend(
    user: Annotated[str, typer.Argument(help="The user's id in the source.")],
    k: Annotated[int, typer.Option("--k", min=1, max=1000, help="How many items.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """Rank all items for one user with the champion."""
    from pipelines.serving.served import load_served

    served = load_served(read_context())
    console.show_recommendations(user, served.version, served.recommend(user, k), as_json=as_json)


def _update(window: str, mode: str | None, dry_run: bool, context: Context) -> Job:
    return update_job(window, context, mode=mode, dry_run=dry_run)


def _run_all(job: Job, context: Context) -> dict[str, Any]:
    """The update's row; of one that was done before, with what this command did and who serves now."""
    from pipelines import registry
    from pipelines.runner import STEPS, perform

    done = perform(STEPS, job, context)
    row: dict[str, Any] = done["report"].result["row"]
    if not all(step.repeated for step in done.values()):
        return row | {"already_done": False}
    serving = registry.champion(context)
    then = f"version {done['promote'].result['version']} was promoted" if row["promoted"] else "nothing was promoted"
    return row | {
        "already_done": True,
        "promoted": False,
        "reason": f"already done, and {then} then; nothing was run again",
        "champion_version": serving.version if serving else None,
    }


def main() -> None:
    """Run a command; every error becomes one message on stderr and an exit code, never a traceback."""
    try:
        app()
    except TidegraphError as error:
        console.complain(error)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        print("interrupted; nothing half-written is used", file=sys.stderr)
        sys.exit(130)
    except Exception as error:
        sys.exit(console.complain_unexpected(error))
