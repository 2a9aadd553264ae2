"""A simulation is a pure function of its settings: any window can be made alone, and nothing depends on the rest."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from pydantic import ValidationError

from pipelines.files import digest_files
from sources.catalogue import open_connector
from sources.connector import Place, SourceFault
from sources.marketplace.settings import FLAWS, Options, Settings
from sources.marketplace.world import World
from sources.marketplace.writing import write_simulation, write_window
from tests.sources.marketplace.worlds import START, WEEK, delivered, open_marketplace, quiet, world


def written(folder: Path, of: World) -> Path:
    folder.mkdir()
    write_simulation(of, folder, lambda told: None)
    return folder


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    options = {"users": 60, "items": 100, "days": 14, "events": 4_000}
    worlds = [World(Settings(options=Options(**options, seed=seed))) for seed in (7, 7, 8)]  # type: ignore[arg-type]
    first, again, other = (digest_files(written(tmp_path / str(place), each)) for place, each in enumerate(worlds))
    assert first == again != other


def test_another_seed_is_another_world() -> None:
    one, other = (delivered(world(seed=seed), 0)[0] for seed in (7, 8))
    both = one.merge(other, on="event_id")
    assert len(both) > 5_000 and (both["user_id_x"] == both["user_id_y"]).mean() < 0.1


def test_a_window_written_alone_equals_the_same_window_of_the_whole(tmp_path: Path) -> None:
    whole = written(tmp_path / "whole", world())
    for window in reversed(range(3)):
        alone = tmp_path / f"alone-{window}"
        alone.mkdir()
        write_window(World(world().settings), alone, window)
        name = world().settings.name_of(window)
        assert digest_files(alone / name) == digest_files(whole / name)


def test_the_connector_gives_what_the_files_of_the_simulation_hold(tmp_path: Path) -> None:
    folder = written(tmp_path / "sim", world())
    files = open_connector("", Place(folder, tmp_path / "state", START, WEEK), folder / "mapping.yaml")
    market = open_marketplace(tmp_path / "market")
    for window in range(3):
        start = START + window * WEEK
        made, read = (each.collect(start, start + WEEK, f"{start:%Y-%m-%d}") for each in (market, files))
        for table in ("events", "users", "items"):
            # a file's fault says besides in which row it was found
            pd.testing.assert_frame_equal(
                getattr(made, table).drop(columns="fault"), getattr(read, table).drop(columns="fault")
            )
        assert made.events["fault"].notna().equals(read.events["fault"].notna())


@pytest.mark.parametrize("options", [{}, {"clean": True}, {"scenario": "social"}, {"scenario": "marketing", "seed": 3}])
def test_there_are_about_as_many_events_as_were_asked_for(options: dict[str, object]) -> None:
    of = world(**options)
    counted = sum(len(delivered(of, window)[0]) for window in range(of.settings.windows))
    assert counted == pytest.approx(of.settings.options.events, rel=0.02)


def test_everything_is_labelled_as_simulated(tmp_path: Path) -> None:
    tables = open_marketplace(tmp_path).collect(START, START + WEEK, "2024-01-07")
    assert set(tables.events["domain"]) == {"simulated"}
    assert set(tables.events["source"]) == {"simulated-marketplace"}
    for table in (tables.users, tables.items):
        assert all(json.loads(text)["simulated"] for text in table["extras"])
    assert tables.items["description"].str.contains("simulated|模拟").all()
    assert any("simulated" in note for note in tables.notes)


def test_leaving_a_flaw_out_changes_nothing_but_that_flaw() -> None:
    quieter = world(flaws=tuple(flaw for flaw in FLAWS if flaw != "bots"))
    added = 0
    for window in range(3):
        events, without = delivered(world(), window)[0], delivered(quieter, window)[0]
        bots = events["event_id"].isin(set(events["event_id"]) - set(without["event_id"]))
        pd.testing.assert_frame_equal(events[~bots].reset_index(drop=True), without)
        added += int(bots.sum())
    assert added


def test_clean_events_lie_in_their_window_and_have_ids_of_their_own() -> None:
    seen: set[str] = set()
    for window in range(quiet().settings.windows):
        events, truth = delivered(quiet(), window)
        start = pd.Timestamp(START + window * WEEK)
        assert events["occurred_at"].between(start, start + pd.Timedelta(WEEK), inclusive="left").all()
        assert truth == {}
        assert events["event_id"].is_unique and not seen & set(events["event_id"])
        seen |= set(events["event_id"])


def test_nobody_acts_before_coming_or_after_asking_to_be_deleted_and_nothing_sells_while_not_on_sale() -> None:
    people, catalogue = quiet().people, quiet().catalogue
    user = {each: row for row, each in enumerate(people.ids.to_pylist())}
    item = {each: row for row, each in enumerate(catalogue.ids.to_pylist())}
    for window in range(4):
        events, _ = delivered(quiet(), window)
        events = events[(events["event_type"] != "return") & events["item_id"].notna()]
        day = (events["occurred_at"] - START).dt.days.to_numpy()
        who, what = events["user_id"].map(user).to_numpy(), events["item_id"].map(item).to_numpy()
        assert ((people.born[who] <= day) & (day < people.gone[who])).all()
        assert ((catalogue.born[what] <= day) & (day < catalogue.gone[what])).all()


def test_a_window_off_the_calendar_is_refused_and_one_after_the_end_is_empty(tmp_path: Path) -> None:
    market = open_marketplace(tmp_path)
    with pytest.raises(SourceFault, match="no window that starts at 2024-01-08"):
        market.collect(START + WEEK / 7, START + 8 * WEEK / 7, "2024-01-08")
    assert market.collect(START + 3 * WEEK, START + 4 * WEEK, "2024-01-28").events.empty
    last = market.last_event_at()
    assert last is not None and START + 2 * WEEK < last < START + 3 * WEEK


def test_the_fingerprint_follows_the_options(tmp_path: Path) -> None:
    prints = {
        open_marketplace(tmp_path / str(seed), seed=seed).fingerprint(START, START + WEEK, "2024-01-07")
        for seed in (7, 8)
    }
    assert len(prints) == 2


@pytest.mark.parametrize(
    ("options", "told"),
    [({"users": 3}, "users"), ({"scenario": "zoo"}, "scenario"), ({"flaws": ["rust"]}, "flaws"), ({"size": 3}, "size")],
)
def test_wrong_options_are_named(tmp_path: Path, options: dict[str, object], told: str) -> None:
    with pytest.raises(SourceFault, match=told):
        open_marketplace(tmp_path, **options)


def test_days_that_ids_cannot_number_are_refused() -> None:
    with pytest.raises(ValidationError, match="a day"):
        Options(days=1, events=1_000_000_000)
    with pytest.raises(ValidationError, match="a day"):
        Options(days=365, events=2_000)
