"""Where tensors are computed: the processor, or a GPU where this machine has one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import torch
from torch import nn

_CURRENT: ContextVar[torch.device | None] = ContextVar("device", default=None)


def current_device() -> torch.device:
    """That of the innermost `on_device`; the processor outside of any."""
    return _CURRENT.get() or torch.device("cpu")


@contextmanager
def on_device(name: str) -> Iterator[torch.device]:
    """Networks are trained on the device `name` ("cpu", "cuda", "cuda:1" …) inside.

    What is learned always ends up on the processor, so that a state can be read where there is no GPU. Raises
    ValueError for a name that torch does not know, and for a device that is not here.
    """
    token = _CURRENT.set(find_device(name))
    try:
        yield current_device()
    finally:
        _CURRENT.reset(token)


def find_device(name: str) -> torch.device:
    """The device `name`; ValueError says why where it cannot be used."""
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ValueError(f"nothing can be computed on {name!r} here: {reason}") from error
    return device


@contextmanager
def moved(network: nn.Module) -> Iterator[None]:
    """`network` lies on `current_device` inside, and on the processor afterwards."""
    network.to(current_device())
    try:
        yield
    finally:
        network.cpu()
