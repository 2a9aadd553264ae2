"""Users who do more in a minute than a person can: they are told, not refused."""

from __future__ import annotations

import numpy as np
import pandas as pd

MINUTE = np.timedelta64(60, "s")


def too_fast(events: pd.DataFrame, most: int) -> np.ndarray:
    """[events] bool: rows of users who acted at more than `most` different moments within some minute.

    Events of one moment count once: a basket is paid for in one go.
    """
    users = pd.factorize(events["user_id"])[0]
    times = events["occurred_at"].to_numpy("datetime64[us]")
    order = np.lexsort((times, users))
    user, time = users[order], times[order]
    moments = np.ones(len(order), bool)
    moments[1:] = (user[1:] != user[:-1]) | (time[1:] != time[:-1])
    moments &= (user >= 0) & ~np.isnat(time)
    user, time = user[moments], time[moments]
    quick = (user[most:] == user[:-most]) & (time[most:] - time[:-most] < MINUTE)
    return np.isin(users, np.unique(user[most:][quick]))
