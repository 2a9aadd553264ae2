"""Learning on several processes at once: each takes its share of every batch."""

from __future__ import annotations

import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel


def processes() -> tuple[int, int]:
    """This process's rank and how many there are; (0, 1) outside of a process group."""
    return (dist.get_rank(), dist.get_world_size()) if dist.is_available() and dist.is_initialized() else (0, 1)


def wrapped(network: nn.Module) -> nn.Module:
    """`network`, whose gradients are averaged over all processes from then on; itself where there is only this one."""
    return network if processes()[1] == 1 else DistributedDataParallel(network)


def share(users: Tensor) -> Tensor:
    """Those of `users` that this process learns from."""
    rank, size = processes()
    return users[rank::size]


def summed(value: Tensor) -> Tensor:
    """`value`, summed over all processes; has no gradient."""
    total = value.detach().clone()
    if processes()[1] > 1:
        dist.all_reduce(total)
    return total


def batch_mean(local_sum: Tensor, local_count: Tensor) -> tuple[Tensor, float]:
    """What each process has to lower so that together they lower the batch's mean, and that mean.

    Gradients are averaged over processes, so that a process's part is its sum times their number over the whole count.
    """
    count = summed(local_count).clamp_min(1)
    return local_sum * processes()[1] / count, float(summed(local_sum.double()) / count)
