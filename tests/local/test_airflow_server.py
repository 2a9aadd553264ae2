"""The configuration and environment of the local Airflow."""

from __future__ import annotations

import ast
import configparser
import importlib.util
import stat
from importlib.metadata import packages_distributions

import pytest

from pipelines.local.airflow_server import PRELOADED, AirflowPlace, write_config
from pipelines.settings import ROOT


@pytest.fixture
def place(tmp_path):
    return AirflowPlace(tmp_path / "50% off", 12345)


def read(path):
    config = configparser.ConfigParser()
    config.read(path, encoding="utf-8")
    return config


def test_everything_that_has_an_address_is_told_loopback_and_the_port(place):
    config = read(write_config(place))

    assert (config["api"]["host"], config["api"]["port"]) == ("127.0.0.1", "12345")
    assert config["api"]["base_url"] == "http://127.0.0.1:12345"
    assert config["core"]["execution_api_server_url"] == "http://127.0.0.1:12345/execution/"


def test_a_percent_sign_in_the_homes_path_survives_interpolation(place):
    config = read(write_config(place))

    assert config["database"]["sql_alchemy_conn"] == f"sqlite:///{place.folder}/airflow.db"


def test_secrets_are_made_once_kept_and_readable_by_the_owner_only(place):
    path = write_config(place)
    first = read(path)
    second = read(write_config(AirflowPlace(place.home, 23456)))

    assert second["api"]["port"] == "23456"
    for section, key in [("core", "fernet_key"), ("api", "secret_key"), ("api_auth", "jwt_secret")]:
        assert len(first[section][key]) >= 32
        assert first[section][key] == second[section][key]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(place.folder.stat().st_mode) == 0o700


def test_another_airflows_variables_do_not_reach_ours(place):
    env = place.environment({"AIRFLOW__CORE__EXECUTOR": "CeleryExecutor", "AIRFLOW_HOME": "/other", "PATH": "/bin"})

    assert "AIRFLOW__CORE__EXECUTOR" not in env
    assert (env["AIRFLOW_HOME"], env["PATH"]) == (str(place.folder), "/bin")


def test_one_thread_is_a_default_and_quiet_is_an_order(place):
    env = place.environment({"OMP_NUM_THREADS": "4", "MLFLOW_DISABLE_TELEMETRY": "false"})

    assert (env["OMP_NUM_THREADS"], env["OPENBLAS_NUM_THREADS"]) == ("4", "1")
    assert env["MLFLOW_DISABLE_TELEMETRY"] == "true"


def test_a_schedule_keeps_new_dags_paused_until_the_user_says_so(place, monkeypatch):
    monkeypatch.delenv("TIDEGRAPH_SCHEDULE", raising=False)
    assert read(write_config(place))["core"]["dags_are_paused_at_creation"] == "False"

    monkeypatch.setenv("TIDEGRAPH_SCHEDULE", "0 0 * * 0")
    assert read(write_config(place))["core"]["dags_are_paused_at_creation"] == "True"


def test_what_tasks_inherit_is_installed_packages_and_none_of_our_own_code():
    tree = ast.parse((ROOT / "pipelines/local/preload.py").read_text(encoding="utf-8"))
    assigned = next(node for node in tree.body if isinstance(node, ast.Assign))
    packages = [name.split(".")[0] for name in ast.literal_eval(assigned.value)]

    assert set(packages) <= set(packages_distributions())
    assert not [name for name in packages if (ROOT / name).exists()]


def test_the_fork_server_is_told_to_import_what_exists_ours_last(place):
    told = read(write_config(place))["core"]["mp_forkserver_preload"].split(",")

    assert told == list(PRELOADED)
    assert told[-1] == "pipelines.local.preload"
    assert importlib.util.find_spec(told[-1])
