"""The one module that is learned: mixes of half-lives and hops, projections of relations, and the listwise gate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch_geometric.nn import HeteroDictLinear

from models.flagship.ends import Ends
from models.flagship.inputs import input_names
from models.flagship.rows import Rows
from models.flagship.settings import CHANNELS, HOPS, LEAST_NEAR, RELATIONS

_CLIP = 5.0
"""Standardised inputs are clipped to so many standard deviations."""
_NEVER = 1e30
"""The deviation of a number that never varied: it is not read until a full fit sees it vary."""


class ChannelNetwork(nn.Module):
    """Scores rows: `s = gate(z) + ⟨a, z⟩`, where `z` are standardised, clipped numbers of four channels.

    Besides the given inputs, `z` holds learned ones:
    the own weight `±log(1 + 20 |Σ_j m_j w_j|)` over half-lives j;
    the graph's `near = Σ_ab h_a h_b ⟨u_a, i_b⟩` over hops a, b, the inner product of both ends' mixed embeddings, its
    logarithm and each `⟨u_a, i_b⟩`;
    and for each relation r `⟨P_r Σ_a h_a u_a, Σ_b h_b g_b⟩`, the user projected among the embeddings of the item's
    group or title; for demographics `u` is what the user's groups say and `g` is of the item's category.
    Embeddings may be learned on too (`Ends`). `m`, `h`, `P_r`, gate and `a` are parameters, learned together; means
    and deviations are set once by a full fit.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(
        self,
        half_lives: int,
        factors: int,
        hidden: int,
        *,
        hop_weight: float = 1.0,
        projected: Sequence[str] = tuple(RELATIONS),
        walks: bool = False,
        theta: bool = False,
    ) -> None:
        super().__init__()
        self.half_life_mix = nn.Parameter(torch.full((half_lives,), 1.0 / half_lives))
        powers = hop_weight ** torch.arange(HOPS)
        self.hop_mix = nn.Parameter(powers / powers.sum())
        self.projections = HeteroDictLinear(dict.fromkeys(projected, factors), factors, bias=False)
        with torch.no_grad():
            for projection in self.projections.lins.values():
                projection.weight.copy_(torch.eye(factors))
        self.names = [
            *input_names(half_lives, walks=walks),
            "repeat/mixed_weight",
            "graph/mixed_hops",
            "graph/log_near",
            *(f"graph/hops_{ours}_{theirs}" for ours in range(HOPS) for theirs in range(HOPS)),
            *(f"graph/{name}" for name in projected),
        ]
        width = len(self.names)
        self.gate = nn.Sequential(
            nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, 32), nn.ReLU(), nn.Linear(32, 1, bias=False)
        )
        self.skip = nn.Linear(width, 1, bias=False)
        self.ends = Ends(factors, theta=theta)
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("deviation", torch.ones(width))

    def forward(self, rows: Rows) -> Tensor:
        """[n] scores."""
        return self.score(self.standardised(rows))

    def score(self, z: Tensor) -> Tensor:
        """[n] scores of standardised numbers [n, width]."""
        return (self.gate(z) + self.skip(z)).squeeze(1)

    def standardised(self, rows: Rows) -> Tensor:
        """[n, width] the numbers of `names`, in deviations from the mean, clipped."""
        return ((self.numbers(rows) - self.mean) / self.deviation).clamp(-_CLIP, _CLIP)

    def numbers(self, rows: Rows) -> Tensor:
        """[n, width] the numbers of `names` as they are."""
        own = rows.weight @ self.half_life_mix
        own = own.sign() * torch.log1p(20 * own.abs())  # a mix may turn negative
        users = self.ends.users(rows)
        product = self.ends.products(rows, users)
        near = torch.einsum("nab,a,b->n", product, self.hop_mix, self.hop_mix)
        log_near = near.clamp_min(LEAST_NEAR).log()
        learned = torch.stack([own, near, log_near, *product.flatten(1).T, *self._relations(rows, users)], dim=1)
        return torch.cat([rows.inputs, learned], dim=1)

    def set_scale(self, numbers: Tensor) -> None:
        """Take means and deviations from `numbers` [n, width]; a number that never varies is 0 from then on."""
        spread = numbers.std(dim=0, correction=0)
        self.mean.copy_(numbers.mean(dim=0))
        self.deviation.copy_(torch.where(spread > 1e-6, spread, torch.full_like(spread, _NEVER)))

    @torch.no_grad()
    def start_from(self, powers: Mapping[str, float]) -> None:
        """Score by the formula `Σ powers[name] · number` until something is learned; after `set_scale`."""
        weight = torch.zeros(len(self.names))
        for name, power in powers.items():
            at = self.names.index(name)
            weight[at] = power * self.deviation[at] if self.deviation[at] < _NEVER else 0.0
        self.skip.weight.copy_(weight[None])
        self.gate[-1].weight.zero_()  # type: ignore[operator]

    def mixes(self) -> dict[str, float]:
        """The weight of each hop and half-life, by name: what a curve shows of them."""
        hops, half_lives = self.hop_mix.detach().tolist(), self.half_life_mix.detach().tolist()
        named = {f"hop_weight_{hop}": weight for hop, weight in enumerate(hops)}
        return named | {f"half_life_weight_{column}": weight for column, weight in enumerate(half_lives)}

    def channel_columns(self) -> dict[str, Tensor]:
        """Which of the numbers belong to each channel."""
        owners = [name.split("/")[0] for name in self.names]
        return {
            channel: torch.tensor([at for at, owner in enumerate(owners) if owner == channel]) for channel in CHANNELS
        }

    def _relations(self, rows: Rows, users: Tensor) -> list[Tensor]:
        mixed = torch.einsum("uhd,h->ud", users, self.hop_mix)
        told = dict.fromkeys(self.projections.lins, mixed)
        if "demographics" in told:
            assert rows.profile_vectors is not None
            told["demographics"] = torch.einsum("uhd,h->ud", rows.profile_vectors, self.hop_mix)
        among = {name: "category" if name == "demographics" else name for name in told}
        return [
            _inner(projected, rows.user, rows.group_vectors[among[name]], rows.group[among[name]]) @ self.hop_mix
            for name, projected in self.projections(told).items()
        ]


def _inner(users: Tensor, user: Tensor, vectors: Tensor, group: Tensor) -> Tensor:
    """[n, hops] of `⟨users[user], vectors[group]⟩` for `users` [u, d] and `vectors` [groups, hops, d]; 0 for group -1.

    All users times all groups that occur, and then a look-up: far cheaper than a product for each row.
    """
    used, place = torch.unique(group, return_inverse=True)
    if not len(vectors):
        # a sum over nobody: the projection stays a part of the graph that processes average the gradients of
        return users[:0].sum() + users.new_zeros(len(user), vectors.shape[1])
    kept = vectors[used.clamp_min(0)].float() * (used >= 0)[:, None, None]
    table = users @ kept.flatten(0, 1).T
    return table.view(-1, vectors.shape[1]).index_select(0, user * len(used) + place)
