"""What can be chosen about the flagship."""

from __future__ import annotations

from dataclasses import asdict, dataclass

CHANNELS = ("repeat", "graph", "interest", "prior")
"""The four kinds of reasons to recommend an item."""
RELATIONS = {"category": ("item", "in", "category"), "brand": ("item", "of", "brand")}
"""The groups an item belongs to, and the edges that say so."""
HOPS = 2
"""Embeddings are mixed over this many hops: the factors themselves (hop 0) and one propagation (hop 1)."""
PROJECTED = (*RELATIONS, "text", "demographics")
"""What may be projected into the space of embeddings; of the last two each is there if asked for."""
ROW_SCALES = ("unit", "mean")
GRAPH_LAYERS = ("symmetric", "interest_sum", "interest_mean")
LEAST_NEAR, LEAST_WALKS = 0.01, 1e-6
"""Nearness and walks below these count as these in the formula: a power or a logarithm loses none."""
MAY_BE_ZERO = (
    *("near_power", "walk_power", "recency_power", "hop_weight", "popular", "favoured"),
    *("embedding_learning_rate", "distill"),
)


@dataclass(frozen=True)
class RankerSettings:
    """Half-lives are days and have to be held by the graph; counts of rows are (user, candidate) pairs.

    `popular`, `similar` and `favoured` are how many candidates a user gets from the most demanded items, from the
    graph channel and from their favoured groups, besides all items of their history. `negatives` is the share of
    candidates not taken that is learned from. `lesson_users` bounds the users of one lesson of a full fit,
    `update_users` those of an update's, and `replay_rows` the memory of past ones. `again` says whether users take what
    they had once more; where not, it is no candidate.

    Before anything is learned an item's score is `near_power · log near + walk_power · log walks + recency_power ·
    log m` (`formula`): `near` is the graph channel with hop 1 weighing `hop_weight` times hop 0, `walks` (`Walks`) is
    there where its power is above 0, and `m` is the share of the item's demand that is recent. Where all powers are 0
    learning starts from chance. Rows of embeddings are scaled to length 1 each (`row_scale` "unit"), or all by their
    mean length ("mean").

    `text` and `demographics` say whether titles' words and users' demographic groups are read: for nodes that nothing
    else is known of, and as one more number of the graph channel each.

    `embedding_learning_rate` is the step of the embeddings themselves, where it is above 0: lessons shift them, and an
    update shifts them further. `graph_layer` is how they are carried over the graph (`propagate`). `distill` weighs how
    near an update stays to the scores that the model before it gives to replayed users (`distillation_sum`).
    """

    seed: int = 7
    factors: int = 64
    regularization: float = 50.0
    alpha: float = 10.0
    als_half_life: float = 21.0
    hop_half_life: float = 21.0
    hop_weight: float = 1.0
    row_scale: str = "unit"
    near_power: float = 0.0
    walk_power: float = 0.0
    recency_power: float = 0.0
    als_iterations: int = 12
    warm_iterations: int = 1
    epochs: int = 5
    update_epochs: int = 2
    learning_rate: float = 0.003
    update_learning_rate: float = 0.0007
    embedding_learning_rate: float = 0.0
    graph_layer: str = "symmetric"
    text: bool = False
    demographics: bool = False
    distill: float = 0.0
    lesson_users: int = 1_000_000
    update_users: int = 1_000_000
    replay_rows: int = 400_000
    again: bool = True
    popular: int = 150
    similar: int = 100
    favoured: int = 100
    negatives: float = 0.25
    hidden: int = 64

    def __post_init__(self) -> None:
        if not 0 < self.negatives <= 1:
            raise ValueError(f"negatives is a share above 0 and at most 1, not {self.negatives}")
        if self.row_scale not in ROW_SCALES:
            raise ValueError(f"row_scale is one of {', '.join(ROW_SCALES)}, not {self.row_scale!r}")
        if self.graph_layer not in GRAPH_LAYERS:
            raise ValueError(f"graph_layer is one of {', '.join(GRAPH_LAYERS)}, not {self.graph_layer!r}")
        if self.walk_power and not self.near_power:
            raise ValueError(f"walk_power is {self.walk_power} and needs a near_power above 0 beside it")
        for name, value in asdict(self).items():
            if name in MAY_BE_ZERO and value < 0:
                raise ValueError(f"{name} is at least 0, not {value}")
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            if is_number and name not in {"seed", *MAY_BE_ZERO} and value <= 0:
                raise ValueError(f"{name} has to be positive, not {value}")

    @property
    def projected(self) -> list[str]:
        """Those of PROJECTED that are there."""
        left_out = {name for name in ("text", "demographics") if not getattr(self, name)}
        return [name for name in PROJECTED if name not in left_out]

    @property
    def learns_theta(self) -> bool:
        return self.graph_layer != "symmetric"

    @property
    def learns_ends(self) -> bool:
        """Whether rows have to bring the embeddings of their items along."""
        return self.learns_theta or self.embedding_learning_rate > 0

    def formula(self) -> dict[str, float]:
        """The powers of the formula, by the network's numbers that they are the first weights of."""
        powers = {"graph/log_near": self.near_power, "prior/recency": self.recency_power}
        return powers | ({"graph/log_walks": self.walk_power} if self.walk_power else {})
