"""Alternating least squares through `implicit`: users and items as factors."""

from __future__ import annotations

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from implicit.recommender_base import ModelFitError
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

Factors = tuple[np.ndarray, np.ndarray]
"""User factors [users, factors] and item factors [items, factors], both float32."""


def factorise(
    interests: csr_matrix,
    *,
    factors: int,
    regularization: float,
    alpha: float,
    iterations: int,
    seed: int,
    start: Factors | None = None,
) -> Factors:
    """Factors after `iterations` of ALS on `interests` [users, items] (weights ≥ 0), from `start` or from small noise.

    Minimises `Σ_ui c_ui (p_ui − x_u·y_i)² + λ (Σ|x_u|² + Σ|y_i|²)` with p = 1, c = alpha·w on the entries of
    `interests` and p = 0, c = 1 elsewhere: Hu, Koren & Volinsky 2008, eq. 3, but c = alpha·w where they have
    1 + alpha·w, as `implicit` does; three conjugate-gradient steps each (Takács, Pilászy & Tikk 2011). `start` may have
    fewer rows than `interests`: the missing ones begin as small noise. Rows without entries end as zeros. One thread,
    and equal to the bit for equal input; `start` is left as it was. Raises ValueError for a `start` that does not fit
    and where the result is not finite.
    """
    noise = np.random.default_rng(seed)
    old = start or (np.empty((0, factors), dtype=np.float32), np.empty((0, factors), dtype=np.float32))
    first = [_extend(part, rows, factors, noise) for part, rows in zip(old, interests.shape, strict=True)]
    with threadpool_limits(1, "blas"):  # several BLAS threads slow implicit down, and it warns of them
        model = AlternatingLeastSquares(
            factors=factors,
            regularization=regularization,
            alpha=alpha,
            iterations=iterations,
            num_threads=1,
            random_state=seed,
        )
        model.user_factors, model.item_factors = first
        try:
            model.fit(interests, show_progress=False)
        except ModelFitError as error:
            raise ValueError(f"iALS gave factors that are not finite: {error}") from error
    check_factors((model.user_factors, model.item_factors))
    return model.user_factors, model.item_factors


def check_factors(factors: Factors) -> None:
    """Raise ValueError where a factor is NaN or infinite."""
    for name, part in zip(("user", "item"), factors, strict=True):
        wrong = np.flatnonzero(~np.isfinite(part).all(axis=1))
        if len(wrong):
            raise ValueError(f"{len(wrong)} {name} rows have factors that are not finite, the first: {wrong[0]}")


def _extend(old: np.ndarray, rows: int, factors: int, noise: np.random.Generator) -> np.ndarray:
    if old.shape[1:] != (factors,) or len(old) > rows:
        raise ValueError(f"factors {list(old.shape)} cannot start a factorisation of [{rows}, {factors}]")
    born = noise.random((rows - len(old), factors), dtype=np.float32) * np.float32(0.01)
    return np.concatenate([old.astype(np.float32), born])
