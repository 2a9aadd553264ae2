"""`tidegraph simulate`: a marketplace whose truth is known, as files."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from pipelines import console
from pipelines.errors import ParamsError, SourceError, StoreError


def simulate(
    out: Annotated[Path, typer.Option("--out", help="The folder to write; new, empty, or a simulation from before.")],
    users: Annotated[int, typer.Option("--users", help="How many people, bots apart; at least 50.")] = 10_000,
    items: Annotated[int, typer.Option("--items", help="How many items; at least 100.")] = 20_000,
    days: Annotated[int, typer.Option("--days", help="How many days.")] = 90,
    events: Annotated[
        int, typer.Option("--events", help="About how many events, within 2 %; at least 100 a day.")
    ] = 1_000_000,
    seed: Annotated[
        int, typer.Option("--seed", help="Another seed is another world; the same makes the same bytes.")
    ] = 7,
    start: Annotated[str, typer.Option("--start", help="The first day.")] = "2024-01-07",
    scenario: Annotated[str, typer.Option("--scenario", help="shop, social or marketing: what prevails.")] = "shop",
    clean: Annotated[bool, typer.Option("--clean", help="Without any injected flaw.")] = False,
    flaws: Annotated[
        str | None, typer.Option("--flaws", help="Only these flaws, parted by commas; default: all of them.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the folder whatever is in it.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Simulate a marketplace: weekly windows of events, users and items, and the truth behind them."""
    asked: dict[str, Any] = {"users": users, "items": items, "days": days, "events": events, "seed": seed}
    asked |= {"scenario": scenario, "clean": clean}
    if clean and flaws:
        raise ParamsError(
            "a clean simulation has no flaws", where="--clean, --flaws", mend="say --clean, or name flaws, not both"
        )
    if flaws is not None:
        asked["flaws"] = [flaw.strip() for flaw in flaws.split(",") if flaw.strip()]
    told = _simulate(asked, _day(start), out, force=force)
    if as_json:
        console.print_json(told)
        return
    print(f"simulated {told['events']:,} events in {told['windows']} windows, {told['users']:,} users, below {out}")
    print("everything in it is simulated; what each file says is in README.md there")


def _simulate(asked: dict[str, Any], start: date, out: Path, *, force: bool) -> dict[str, Any]:
    from pipelines.files import whole_folder
    from sources.connector import SourceFault
    from sources.mapping.spec import options_as
    from sources.marketplace.settings import Options, Settings
    from sources.marketplace.world import World
    from sources.marketplace.writing import write_simulation

    try:
        settings = Settings(options=options_as(Options, asked, "tidegraph simulate"), start=start)
        _ = settings.end
    except SourceFault as fault:
        raise SourceError(fault.what, where=fault.where, mend=fault.mend) from fault
    except OverflowError:
        raise ParamsError(
            f"{asked['days']} days from {start} on do not fit the calendar", where="--start", mend="start earlier"
        ) from None
    _refuse_foreign(out, force=force)
    with console.voice() as say, whole_folder(out.absolute()) as beside:
        say(f"building a world of {settings.options.users:,} users and {settings.options.items:,} items")
        written = write_simulation(World(settings), beside, say)
    return {"out": str(out), **asdict(written), "settings": settings.document()}


def _refuse_foreign(out: Path, *, force: bool) -> None:
    """A folder with anything in it but a simulation is somebody's work."""
    from sources.marketplace.writing import SETTINGS

    if out.is_file():
        raise StoreError(f"{out} is a file", where="--out", mend="name a folder")
    above = out.absolute().parent
    if above.exists() and not above.is_dir():
        raise StoreError(f"{above} is no folder", where="--out", mend="name a folder in one")
    if force or not out.exists() or (out / SETTINGS).is_file():
        return
    if any(out.iterdir()):
        raise StoreError(
            f"{out} holds something that is no simulation", where="--out", mend="name a new folder, or say --force"
        )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ParamsError(f"{text!r} is no date", where="--start", mend="write it like 2024-01-07") from None
