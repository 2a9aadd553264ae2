"""The data registry: accepted partitions in a git + DVC repository of their own, under tags that never move.

`DataRegistry.add_partitions` may be killed anywhere and run again: a tag is written last, so a window is done exactly
when its newest tag records the bytes at hand; whatever else a killed run left is brought to the same end.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

from pipelines.context import Context
from pipelines.errors import SnapshotError
from pipelines.files import whole_folder
from pipelines.locks import hold
from pipelines.snapshots.digest import dvc_digest
from pipelines.snapshots.repository import made, ready
from pipelines.snapshots.tools import call_git, run_dvc

_TAG = re.compile(r"snapshot/(?P<window>[^/.]+)(\.r(?P<revision>[0-9]+))?")
_LOCK_WAIT_SECONDS = 600.0


@dataclass(frozen=True)
class DataRegistry:
    """`folder` is the repository, made on first use; `remote` any DVC remote; `locks` a folder for lock files.

    The working tree is for reading: what is changed there by hand is put right by the next `add_partitions`.
    """

    folder: Path
    remote: str
    locks: Path

    def add_partitions(self, folders: Mapping[str, Path]) -> dict[str, str]:
        """Track each window's folder in one commit; give each window its tag.

        Same content as the newest tag: nothing changes and that tag is returned. Other content gets the next
        revision. All is in the remote before a tag says so. Raises SnapshotError, StoreError or BusyError.
        """
        digests = {window: dvc_digest(folder) for window, folder in folders.items()}
        with hold(self.locks, "data-registry", wait_seconds=_LOCK_WAIT_SECONDS):
            ready(self.folder, self.remote)
            stale = [window for window in digests if not self._is_done(window, digests[window])]
            if stale:
                self._track({window: folders[window] for window in stale})
                self._tag(stale, digests)
            return {window: self._newest(window) for window in digests}

    def read_back(self, tag: str, out: Path) -> Path:
        """Put the partition of `tag` at `out`, from the cache or, where that is empty, from the remote."""
        window, recorded = self._window(tag), self.digest(tag)
        with whole_folder(out) as beside:
            beside.rmdir()  # dvc puts its output inside a folder that is there already
            self._dvc(["get", ".", f"partitions/{window}", "--rev", tag, "--out", str(beside)])
            if dvc_digest(beside) != recorded:
                raise self._other_files(tag)
        return out

    def read_back_all(self, tags: Mapping[str, str], out: Path, *, digests: Mapping[str, str]) -> None:
        """Put the partition of each window's tag at `out/<window>`, in one process. Nothing in the registry is changed:
        what DVC notes for itself goes beside `out`, for as long as it takes.

        Raises SnapshotError for a tag that is not there, and for files that are not those of `digests`.
        """
        for tag in tags.values():
            self._window(tag)
        out.mkdir(parents=True, exist_ok=True)
        gets = (
            ["get", ".", f"partitions/{window}", "--rev", tag, "--out", str(out / window)]
            for window, tag in tags.items()
        )
        with TemporaryDirectory(dir=out.parent) as notes:
            self._dvc(*gets, notes=Path(notes))
        for window, tag in tags.items():
            if dvc_digest(out / window) != digests[window]:
                raise self._other_files(tag)

    def known_at(self, commit: str) -> dict[str, tuple[str, str]]:
        """The newest tag of each window as of `commit`, and DVC's digest of it."""
        merged = set(self._git("tag", "--list", "snapshot/*", "--merged", commit).split())
        told = self._git("grep", "--fixed-strings", "md5: ", commit, "--", "partitions/*.dvc")
        digests = dict(re.findall(r"partitions/(.+)\.dvc:.*md5: (\S+)", told))
        known = {window: [tag for tag in tags if tag in merged] for window, tags in self.tags().items()}
        return {window: (tags[-1], digests[window]) for window, tags in known.items() if tags and window in digests}

    def tags(self) -> dict[str, list[str]]:
        """The tags of each window, oldest revision first; empty before first use."""
        if not made(self.folder):
            return {}
        found: dict[str, list[tuple[int, str]]] = {}
        for tag in self._git("tag", "--list", "snapshot/*").split():
            if match := _TAG.fullmatch(tag):
                revision = int(match["revision"] or 1)
                found.setdefault(match["window"], []).append((revision, tag))
        return {window: [tag for _, tag in sorted(found[window])] for window in sorted(found)}

    def current_tag(self, window: str) -> str | None:
        """The newest tag of `window`, None where it has none."""
        tags = self.tags().get(window)
        return tags[-1] if tags else None

    def digest(self, tag: str) -> str:
        """DVC's digest of the partition under `tag`."""
        path = f"partitions/{self._window(tag)}.dvc"
        return str(yaml.safe_load(self._git("show", f"{tag}:{path}"))["outs"][0]["md5"])

    def commit(self) -> str:
        """The commit that holds all partitions added so far."""
        return self._git("rev-parse", "HEAD")

    def partition_path(self, window: str) -> Path:
        """Where the newest partition of `window` lies in the working tree; for reading only."""
        return self.folder / "partitions" / window

    def _other_files(self, tag: str) -> SnapshotError:
        return SnapshotError(
            f"the stored files of {tag} are not those that were tagged",
            where=self.remote,
            mend="restore the DVC remote from a backup; the tag records the right digests",
        )

    def _is_done(self, window: str, digest: str) -> bool:
        tag = self.current_tag(window)
        return tag is not None and self.digest(tag) == digest == dvc_digest(self.partition_path(window))

    def _track(self, folders: Mapping[str, Path]) -> None:
        for window, folder in folders.items():
            with whole_folder(self.partition_path(window)) as beside:
                shutil.copytree(folder, beside, dirs_exist_ok=True)
        self._dvc(
            ["add", *(f"partitions/{window}" for window in folders)],
            ["push", *(f"partitions/{window}.dvc" for window in folders)],
        )
        self._git("add", "partitions/.gitignore", "partitions/*.dvc")
        self._commit(_message(folders))

    def _commit(self, message: str) -> None:
        if self._git("diff", "--cached", "--name-only"):
            self._git("commit", "--quiet", "--message", message)

    def _tag(self, windows: Iterable[str], digests: Mapping[str, str]) -> None:
        """Give each window whose newest tag records other bytes its next tag: all of them or none."""
        tags, head = self.tags(), self.commit()
        creations = []
        for window in windows:
            past = tags.get(window, [])
            if not past or self.digest(past[-1]) != digests[window]:
                revision = f".r{len(past) + 1}" if past else ""
                creations.append(f"create refs/tags/snapshot/{window}{revision} {head}\n")
        self._git("update-ref", "--stdin", stdin="".join(creations))

    def _newest(self, window: str) -> str:
        tag = self.current_tag(window)
        assert tag is not None
        return tag

    def _window(self, tag: str) -> str:
        match = _TAG.fullmatch(tag)
        known = self.tags()
        if match is None or tag not in known.get(match["window"], []):
            newest = ", ".join(tags[-1] for tags in list(known.values())[-3:]) or "none yet"
            raise SnapshotError(
                f"no snapshot is tagged {tag}", where=str(self.folder), mend=f"name one that is; newest: {newest}"
            )
        return match["window"]

    def _git(self, *arguments: str, stdin: str | None = None) -> str:
        return call_git(self.folder, *arguments, stdin=stdin)

    def _dvc(self, *commands: list[str], notes: Path | None = None) -> None:
        run_dvc(self.folder, *commands, notes=notes)


def open_data_registry(context: Context) -> DataRegistry:
    """The data registry of these settings; made by the first snapshot, not by looking."""
    return DataRegistry(context.path("registry"), context.settings.dvc_remote, context.path("locks"))


def _message(windows: Iterable[str]) -> str:
    names = sorted(windows)
    return f"Add {names[0]}" if len(names) == 1 else f"Add {names[0]} to {names[-1]} ({len(names)} windows)"
