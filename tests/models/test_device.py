"""Where learning happens is one choice, and does not outlast it."""

from __future__ import annotations

import pytest
import torch

from models.device import current_device, moved, on_device
from tests.models import distributed_fit


def test_without_a_choice_the_processor_computes() -> None:
    assert current_device() == torch.device("cpu")


def test_a_choice_ends_with_its_block_also_after_an_error() -> None:
    with pytest.raises(RuntimeError, match="on purpose"), on_device("meta"):
        assert current_device() == torch.device("meta")
        raise RuntimeError("on purpose")
    assert current_device() == torch.device("cpu")


@pytest.mark.parametrize("name", ["abacus", "cuda:99"])
def test_a_device_that_is_not_here_is_refused_by_name(name: str) -> None:
    with pytest.raises(ValueError, match=name), on_device(name):
        pass


class Traveller(torch.nn.Module):
    """Notes where it is sent, so that the way can be seen where there is only the processor."""

    def __init__(self) -> None:
        super().__init__()
        self.places: list[str] = []

    def to(self, device: torch.device) -> Traveller:  # type: ignore[override]
        self.places.append(device.type)
        return self

    def cpu(self) -> Traveller:
        return self.to(torch.device("cpu"))


def test_a_network_goes_to_the_chosen_device_and_comes_back_also_after_an_error() -> None:
    network = Traveller()
    with pytest.raises(RuntimeError, match="on purpose"), on_device("meta"), moved(network):
        assert network.places == ["meta"]
        raise RuntimeError("on purpose")
    assert network.places == ["meta", "cpu"]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU that torch can use is here")
def test_a_gpu_learns_what_the_processor_learns_and_leaves_it_on_the_processor() -> None:
    here = distributed_fit.fit()
    with on_device("cuda"):
        there = distributed_fit.fit()
    for way, learned in there.items():
        assert all(tensor.device.type == "cpu" for tensor in learned["tensors"].values())
        assert learned["losses"] == pytest.approx(here[way]["losses"], abs=1e-4)
