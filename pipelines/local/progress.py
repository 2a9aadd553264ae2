"""Shows how far DAG runs are: a live display on a terminal, one plain line a finished task elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import takewhile
from typing import Any

from rich.console import Console, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

OVER = {"success", "failed", "skipped", "upstream_failed"}
_MARKS = {"success": "done", "skipped": "skipped", "failed": "FAILED", "upstream_failed": "not run"}


class Progress:
    """One line a run; `with` it, then `begin` a run, `show` its tasks as often as they are known, `end` it."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._live = Live(console=console, refresh_per_second=8, transient=True) if console.is_terminal else None
        self._title, self._began, self._shown = "", time.monotonic(), set[str]()

    def __enter__(self) -> Progress:
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()

    def say(self, text: str) -> None:
        """Something that is being done outside of any run."""
        if self._live:
            self._live.update(Spinner("dots", text=f" {text}"))
        else:
            self.console.print(text)

    def begin(self, title: str) -> None:
        self._title, self._began, self._shown = title, time.monotonic(), set()
        self.say(title)

    def show(self, tasks: list[dict[str, Any]]) -> None:
        """The run's task instances, as the REST API gives them."""
        if self._live:
            self._live.update(self._line(tasks))
            return
        for task in _told_in_order(tasks):
            if task["task_id"] not in self._shown:
                self._shown.add(task["task_id"])
                self.console.print(f"  {self._title}  {_describe(task)}")

    def end(self, state: str) -> None:
        self.console.print(f"{self._title}: {state} after {self._seconds():.0f} s")

    def _line(self, tasks: list[dict[str, Any]]) -> RenderableType:
        over = sum(task["state"] in OVER for task in tasks)
        running = [task["task_id"] for task in tasks if task["state"] == "running"]
        text = f" {self._title}  {over}/{len(tasks)}  {', '.join(running) or '…'}  {self._seconds():.0f} s"
        return Spinner("dots", text=Text(text))

    def _seconds(self) -> float:
        return time.monotonic() - self._began


def _told_in_order(tasks: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Tasks that are over, in the order in which they began, up to one that is not: a task that skips another ends
    after it."""
    begun = sorted((task for task in tasks if task["start_date"]), key=lambda task: task["start_date"])
    return takewhile(lambda task: task["state"] in OVER, begun)


def _describe(task: dict[str, Any]) -> str:
    seconds = f" {task['duration']:.1f} s" if task["duration"] else ""
    return f"{task['task_id']:<9} {_MARKS[task['state']]}{seconds}"
