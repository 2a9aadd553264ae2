"""The answers of `tidegraph lineage`, in lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from pipelines.lineage.of_source import SHORT
from pipelines.wording import counted

_MOST = 12
"""Lines of a kind that are shown; `--json` has all."""


def model_in_words(told: Mapping[str, Any]) -> Iterator[str]:
    lineage = told["lineage"]
    cut = lineage.get("data_cut")
    yield f"version {told['version']}: {told['mode']}, window {told['window']}, learned from events before {cut}"
    if lineage["format"] is None:
        yield "  its run has no lineage.json that can be read: this is what its tags tell"
    verdict = lineage.get("verdict") or {}
    yield f"  verdict: {verdict.get('outcome')}: {verdict.get('reason')}"
    yield f"  {_served(told['serving'])}"
    for line in told["base_line"]:
        yield f"  goes on from version {line['version']}: {line['mode']}, window {line['window']}"
    for name, value in _facts(lineage):
        yield f"  {name}: {value or 'not known'}"
    for window in told["lists"]:
        yield f"  lists: published with window {window}"
    yield f"saw {counted(len(told['saw']), 'snapshot')}:"
    yield from _some([_seen(each) for each in told["saw"]])


def snapshot_in_words(told: Mapping[str, Any]) -> Iterator[str]:
    yield told["tag"] or f"window {told['window']}"
    for each in told["tags"]:
        yield f"  {each['tag']}: {_source(each['source'])}"
    if told["validation"]:
        passed = "passed" if told["validation"]["passed"] else "did not pass"
        yield f"  its validation {passed} ({told['validation']['digest'][:SHORT]})"
    yield from _models(told["models"])


def source_in_words(told: Mapping[str, Any]) -> Iterator[str]:
    now = told["sha256"]
    yield f"{told['file']}: {'is not there any more' if now is None else f'sha256 {now[:SHORT]}'}"
    for each in told["landed"]:
        state = "" if each["as_now"] is None else ", as it is now" if each["as_now"] else ", other bytes than now"
        into = ", ".join(each["tags"]) or "in no snapshot yet"
        yield f"  landed with window {each['window']} (sha256 {each['sha256'][:SHORT]}{state}): {into}"
    yield from _models(told["models"])


def user_in_words(told: Mapping[str, Any]) -> Iterator[str]:
    erased = told["erased"]
    if erased:
        yield f"user {told['user']}: erased on request; nothing from before {erased['until']} is told"
        made = ", ".join(erased["made_before"]) or "none"
        yield f"  versions that, or whose base versions, were learned before that was carried out: {made}"
    else:
        yield f"user {told['user']}"
    if erased and not told["snapshots"]:
        return
    yield f"events in {counted(len(told['snapshots']), 'snapshot')}:"
    rows = [f"  {each['tag']}: {counted(each['events'], 'event')}{_late(each)}" for each in told["snapshots"]]
    yield from _some(rows)
    yield from _models(told["models"])
    for line in told["lists"]:
        yield f"lists of window {line['window']} (version {line['version']}): {line['got']}"


def _models(models: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if not models:
        yield "no version saw it"
        return
    yield f"seen by {counted(len(models), 'version')}:"
    yield from _some([_model(each) for each in models])


def _model(told: Mapping[str, Any]) -> str:
    how = [word for word in ("learned", "judged") if told[word]]
    did = {"learned": "learned from it", "judged": "was judged on it"}
    through = f" through version {told['via']}" if told["via"] else ""
    what = " and ".join(did[word] + (through if word == "learned" else "") for word in how)
    tags = f" ({', '.join(told['tags'])})" if told.get("tags") else ""
    lists = f"; lists of {', '.join(told['lists'])}" if told["lists"] else ""
    verdict = f"{told['mode']}, window {told['window']}, {told['verdict']}"
    return f"  version {told['version']} ({verdict}) {what}{tags}; {_served(told['serving'])}{lists}"


def _served(serving: Mapping[str, Any]) -> str:
    if not serving["spans"]:
        return "never served"
    spans = ", ".join(
        f"{span['since']} to {span['until']}" if span["until"] else f"since {span['since']}"
        for span in serving["spans"]
    )
    return f"serves {spans}" if serving["now"] else f"served {spans}"


def _facts(lineage: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [
        ("Airflow run", lineage.get("airflow_run") or "none: started by hand"),
        ("MLflow run", lineage.get("mlflow_run")),
        ("code", f"{lineage.get('code_revision')} (git {lineage.get('git_commit')})"),
        ("params", lineage.get("params_digest")),
        ("graph at the cut", lineage.get("graph_at_cut")),
        ("graph at the end", lineage.get("graph_at_end")),
        ("graph", _made(lineage.get("graph_folds") or [])),
        ("model state", lineage.get("model_state")),
        ("validation", _validations(lineage.get("validation") or [])),
    ]


def _made(folds: Sequence[Mapping[str, Any]]) -> str | None:
    if not folds:
        return None
    then = f", then folded {counted(len(folds) - 1, 'time')}" if len(folds) > 1 else ""
    return f"built from all snapshots up to {folds[0]['window']}{then}"


def _validations(told: Sequence[Mapping[str, Any]]) -> str:
    groups = [(ok, len(list(same))) for ok, same in groupby(told, key=lambda each: bool(each["passed"]))]
    return ", ".join(f"{counted(number, 'window')} {'passed' if ok else 'did not pass'}" for ok, number in groups)


def _seen(told: Mapping[str, Any]) -> str:
    through = f" through version {told['via']}" if told["via"] else ""
    what = " and ".join(word for word in ("learned", "judged") if told[word]) or "known"
    return f"  {told['tag']}: {what}{through}; {_source(told['source'])}"


def _source(source: Mapping[str, Any] | None) -> str:
    if source is None:
        return "where its rows came from was not kept"
    files = [f"{name} ({digest[:SHORT]})" for name, digest in sorted(source["files"].items())]
    later = ", and rows that came later" if source.get("rows_added") else ""
    return f"from {source['connector']}" + (f": {', '.join(files[:4])}" if files else "") + later


def _late(told: Mapping[str, Any]) -> str:
    return f", arrived with window {told['arrived']}" if told["arrived"] != told["belongs"] else ""


def _some(lines: list[str]) -> Iterator[str]:
    """The newest, and how many more there are."""
    hidden = max(len(lines) - _MOST, 0)
    if hidden:
        yield f"  … {counted(hidden, 'earlier one')}, with --json"
    yield from lines[hidden:]
