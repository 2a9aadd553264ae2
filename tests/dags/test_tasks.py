"""From a form and a run to a job, without Airflow."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from pipelines.context import Context
from pipelines.errors import WindowError
from pipelines.jobs import bootstrap_job, update_job
from pipelines.params.file import read_params
from pipelines.settings import ROOT, read_settings
from pipelines.tasks import brief, required, window_of_run
from pipelines.windows import Calendar

CALENDAR = Calendar(date(2017, 1, 1), timedelta(days=7))
SUNDAY, NEXT = datetime(2017, 10, 8, tzinfo=UTC), datetime(2017, 10, 15, tzinfo=UTC)


@pytest.fixture
def context(tmp_path):
    return Context(read_settings({"TIDEGRAPH_HOME": str(tmp_path)}), read_params(ROOT / "params.yaml"))


def job(context, kind, named, mode=None):
    if kind == "bootstrap":
        return bootstrap_job(required("until", named), context, airflow_run="dag/run")
    return update_job(required("window", named), context, mode=mode, airflow_run="dag/run")


def test_the_forms_window_comes_before_the_data_interval():
    assert window_of_run("2017-11-05", run_type="scheduled", start=SUNDAY, end=NEXT, calendar=CALENDAR) == "2017-11-05"


@pytest.mark.parametrize("run_type", ["scheduled", "backfill"])
def test_a_scheduled_or_backfill_run_takes_its_data_interval(run_type):
    assert window_of_run(None, run_type=run_type, start=SUNDAY, end=NEXT, calendar=CALENDAR) == "2017-10-08"


@pytest.mark.parametrize("run_type", ["manual", "asset_triggered", "asset_materialization"])
def test_the_data_interval_of_any_other_run_says_nothing(run_type):
    assert window_of_run(None, run_type=run_type, start=SUNDAY, end=NEXT, calendar=CALENDAR) is None


@pytest.mark.parametrize(
    ("shift", "length"),
    [(0, 0), (0, 1), (0, 14), (1, 7)],
    ids=["without length", "shorter than a window", "longer than a window", "between two windows"],
)
def test_a_data_interval_that_is_no_window_is_refused(shift, length):
    start = SUNDAY + timedelta(days=shift)
    with pytest.raises(WindowError, match="TIDEGRAPH_SCHEDULE"):
        window_of_run(None, run_type="scheduled", start=start, end=start + timedelta(days=length), calendar=CALENDAR)


@pytest.mark.parametrize("empty", [None, ""])
def test_an_empty_field_is_refused_by_its_name(empty):
    with pytest.raises(WindowError, match="field `window` is empty"):
        required("window", empty)


def test_a_bootstrap_is_over_all_windows_before_the_one_named(context):
    made = job(context, "bootstrap", "2017-10-08")

    assert (made.kind, made.mode, len(made.windows), made.name) == ("bootstrap", "full", 40, "2017-10-01")


def test_a_bootstrap_until_the_first_window_is_refused(context):
    with pytest.raises(WindowError, match="no window ends at or before 2017-01-01"):
        job(context, "bootstrap", "2017-01-01")


def test_a_bootstrap_too_short_to_learn_and_be_judged_is_told_how_long_it_has_to_be(context):
    with pytest.raises(WindowError, match=r"2 of the 3 windows it needs[\s\S]*name 2017-01-22"):
        job(context, "bootstrap", "2017-01-15")
    assert len(job(context, "bootstrap", "2017-01-22").windows) == 3


@pytest.mark.parametrize(("asked", "got"), [(None, "auto"), ("full", "full")])
def test_an_update_without_a_mode_takes_the_one_of_the_params(context, asked, got):
    made = job(context, "update", "2017-10-08", asked)

    assert (made.kind, made.mode, made.name, made.airflow_run) == ("update", got, "2017-10-08", "dag/run")


def test_airflow_is_told_numbers_flags_and_short_texts_only():
    result = {
        "promoted": False,
        "rows": 3,
        "score": 0.5,
        "reason": "no",
        "none": None,
        "long": "x" * 999,
        "paths": ["a"],
    }

    assert brief(result) == {"promoted": False, "rows": 3, "score": 0.5, "reason": "no", "none": None}
