"""The shape of the project: who imports whom, whose names these are, and what the documents promise."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml

from pipelines.settings import ROOT

OURS = ("dags", "pipelines", "sources", "expectations", "features", "models", "benchmarks")
MAY_IMPORT: dict[str, set[str]] = {
    "dags": {"dags", "pipelines"},
    "pipelines": {"pipelines", "sources", "expectations", "features", "models"},
    "sources": {"sources", "features.schema"},
    "expectations": {"expectations", "features.schema"},
    "features": {"features"},
    "models": {"models"},
    "benchmarks": {"benchmarks", "pipelines", "sources", "expectations", "features", "models"},
}


def imported(path: Path) -> set[str]:
    """Modules of ours that the file names, anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return {name for name in names if name.split(".")[0] in OURS}


@pytest.mark.parametrize("package", sorted(MAY_IMPORT))
def test_a_package_imports_only_what_it_may(package: str) -> None:
    allowed = MAY_IMPORT[package]
    for path in sorted((ROOT / package).rglob("*.py")):
        strangers = {name for name in imported(path) if name not in allowed and name.split(".")[0] not in allowed}
        assert not strangers, f"{path.relative_to(ROOT)} imports {sorted(strangers)}"


def test_no_installed_distribution_claims_our_top_level_names() -> None:
    claims = packages_distributions()
    assert {name: claims[name] for name in OURS if set(claims.get(name, [])) - {"tidegraph"}} == {}


def test_every_package_is_installed() -> None:
    named = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["packages"]
    folders = [
        path.parent.relative_to(ROOT).as_posix().replace("/", ".")
        for name in ("pipelines", "sources", "expectations", "features", "models")
        for path in (ROOT / name).rglob("__init__.py")
    ]
    assert sorted(named) == sorted(folders)


def test_the_lock_names_exact_versions_and_no_place() -> None:
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").split("\n")
    wrong = [line for line in lines if line and not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.!]+", line)]
    assert wrong == []


def test_every_params_key_is_explained() -> None:
    text = (ROOT / "docs" / "params.md").read_text(encoding="utf-8")
    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    keys = [f"{section}.{key}" for section, values in params.items() for key in values]
    assert [key for key in keys if f"`{key}`" not in text and f"`{key}.*`" not in text] == []


def documents() -> list[Path]:
    return [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.name)
def test_links_between_documents_resolve(path: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", path.read_text(encoding="utf-8"))
    assert [link for link in links if not (path.parent / link).exists()] == []


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.name)
def test_make_targets_that_documents_name_exist(path: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = set(re.findall(r"`make ([a-z-]+)`|^\$? *make ([a-z-]+)", path.read_text(encoding="utf-8"), re.MULTILINE))
    assert {first or second for first, second in named} <= targets


def test_make_alone_lists_every_target_with_its_sentence() -> None:
    shown = subprocess.run(["make", "-C", str(ROOT)], capture_output=True, text=True, check=True).stdout
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert {target for target in targets if not re.search(rf"make {target} +\w", shown)} == set()


def test_the_changelog_has_an_entry_for_the_version() -> None:
    version = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    assert version and f"## {version[1]}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
