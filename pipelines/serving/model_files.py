"""A recommender's state at rest: safetensors for tensors, Parquet for tables, JSON for settings; nothing pickled."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from models.catalogue import RECOMMENDERS, recommender_class
from models.state import State
from pipelines.errors import StoreError
from pipelines.files import digest_files, read_json, read_table, whole_folder, write_json, write_table


def write_state(folder: Path, state: State) -> Path:
    """Write `state` into `folder`, whole or not at all; the same state gives the same bytes."""
    with whole_folder(folder) as beside:
        content = beside / "content"
        content.mkdir()
        tensors = {
            name: tensor.detach().cpu().clone(memory_format=torch.contiguous_format)
            for name, tensor in state.tensors.items()
        }
        save_file(tensors, content / "tensors.safetensors")
        (content / "tables").mkdir()
        for name, table in state.tables.items():
            write_table(content / "tables" / f"{name}.parquet", table)
        write_json(content / "settings.json", state.settings)
        manifest = {
            "kind": state.kind,
            "format": state.format,
            "tables": list(state.tables),
            "tensors": list(tensors),
        }
        write_json(beside / "manifest.json", manifest | {"hash": digest_files(content)})
    return folder


def read_state(folder: Path) -> State:
    """Read what `write_state` wrote, bit for bit; StoreError when a file is missing or was changed, and for a state
    that only another version of its class can read."""
    manifest_path, content = folder / "manifest.json", folder / "content"
    if not manifest_path.is_file():
        raise _unreadable(folder, "there is no model state here")
    manifest = read_json(manifest_path)
    if not content.is_dir() or digest_files(content) != manifest["hash"]:
        raise _unreadable(folder, "the model state does not match its manifest")
    _check_format(folder, manifest)
    try:
        tensors = load_file(content / "tensors.safetensors")
    except (SafetensorError, OSError) as error:
        raise _unreadable(folder, f"the model's tensors cannot be read: {error}") from error
    return State(
        kind=manifest["kind"],
        format=manifest.get("format", 1),
        settings=read_json(content / "settings.json"),
        tensors={name: tensors[name] for name in manifest["tensors"]},
        tables={name: read_table(content / "tables" / f"{name}.parquet") for name in manifest["tables"]},
    )


def _check_format(folder: Path, manifest: Mapping[str, Any]) -> None:
    if manifest["kind"] not in RECOMMENDERS:
        return  # whoever asks for it is told which there are
    found, read = manifest.get("format", 1), recommender_class(manifest["kind"]).state_format
    if found != read:
        raise StoreError(
            f"another version of Tidegraph learned this model: its state has format {found}, this one reads {read}",
            where=str(folder),
            mend="its published lists go on being served; to update and ask again, bootstrap in another TIDEGRAPH_HOME",
        )


def _unreadable(folder: Path, what: str) -> StoreError:
    return StoreError(
        what, where=str(folder), mend="run the fit step of its window again, or roll back to a version that loads"
    )
