"""A state comes back from its folder bit for bit, or not at all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from models.flagship.ranker import InterestRanker
from models.state import State
from pipelines.errors import StoreError
from pipelines.files import digest_files
from pipelines.serving.model_files import read_state, write_state


def state() -> State:
    whole = torch.arange(12, dtype=torch.float64).reshape(3, 4)
    return State(
        kind="popularity",
        settings={"half_life": 21.5, "names": ["a", "b"], "nothing": None},
        tensors={
            "with_nan": torch.tensor([0.1, float("nan"), -0.0, 1e-310], dtype=torch.float64),
            "transposed": whole.T,
            "rows": torch.tensor([[1, -1]], dtype=torch.int64),
            "mask": torch.tensor([True, False]),
            "none": torch.empty((0, 3), dtype=torch.float32),
            "number": torch.tensor(7.0),
        },
        tables={
            "items": pd.DataFrame(
                {
                    "item_id": pd.Series(["milk", np.nan], dtype="str"),
                    "since": pd.Series([1, 2**62], dtype="int64"),
                    "at": pd.to_datetime(["2017-01-01T11:53:26.000001Z", None]).as_unit("us"),
                }
            )
        },
    )


def test_a_state_comes_back_bit_for_bit(tmp_path: Path) -> None:
    written = state()

    read = read_state(write_state(tmp_path / "state", written))

    assert (read.kind, read.settings) == (written.kind, written.settings)
    assert list(read.tensors) == list(written.tensors)
    for name, tensor in written.tensors.items():
        assert read.tensors[name].dtype == tensor.dtype
        assert read.tensors[name].shape == tensor.shape
        assert read.tensors[name].numpy().tobytes() == tensor.contiguous().numpy().tobytes()
    pd.testing.assert_frame_equal(read.tables["items"], written.tables["items"])


def test_the_same_state_gives_the_same_bytes(tmp_path: Path) -> None:
    assert digest_files(write_state(tmp_path / "a", state())) == digest_files(write_state(tmp_path / "b", state()))


def test_tensors_that_share_memory_are_written_apart(tmp_path: Path) -> None:
    shared = torch.arange(6.0)

    read = read_state(write_state(tmp_path / "state", State("x", {}, {"all": shared, "some": shared[:3]})))

    assert read.tensors["all"].tolist() == [0, 1, 2, 3, 4, 5]
    assert read.tensors["some"].tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    "name", ["content/tensors.safetensors", "content/tables/items.parquet", "content/settings.json"]
)
def test_one_changed_byte_is_found(tmp_path: Path, name: str) -> None:
    folder = write_state(tmp_path / "state", state())
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)

    with pytest.raises(StoreError, match="does not match its manifest"):
        read_state(folder)


def test_a_missing_state_is_named_with_how_to_mend_it(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no model state here") as raised:
        read_state(tmp_path / "nowhere")
    assert raised.value.where == str(tmp_path / "nowhere")
    assert "fit step" in raised.value.mend


def test_a_state_that_another_version_made_is_told_and_not_read(tmp_path: Path) -> None:
    folder = write_state(tmp_path / "state", replace(state(), kind="interest_ranker", format=1))
    reads = rf"format 1, this one reads {InterestRanker.state_format}(?s:.*)bootstrap in another TIDEGRAPH_HOME"
    with pytest.raises(StoreError, match=reads):
        read_state(folder)
