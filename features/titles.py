"""What items are called, and the words of it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.graph import InterestGraph


class Titles(NamedTuple):
    """`of` [2, n] int32 item rows and the rows of their titles; `words` [2, m] int32 distinct title rows and word rows,
    sorted."""

    of: np.ndarray
    words: np.ndarray
    title_count: int
    word_count: int


def titles(graph: InterestGraph) -> Titles:
    """The distinct titles of `graph`'s items, and their words; of an item's titles the newest catalogue row counts."""
    said = graph.attributes("item").select(["row", "title"])
    said = said.filter(pc.is_valid(said["title"]))
    called = said["title"].combine_chunks().dictionary_encode()
    of = np.stack([said["row"].to_numpy(), called.indices.to_numpy()])
    spelled = words(called.dictionary)
    flat = pc.list_flatten(spelled).dictionary_encode()
    pairs = np.stack([pc.list_parent_indices(spelled).to_numpy(), flat.indices.to_numpy()])
    return Titles(of.astype(np.int32), _distinct(pairs), len(called.dictionary), len(flat.dictionary))


def words(texts: pa.Array) -> pa.Array:
    """Lists of the words of `texts`, in lower case: letters and digits in a row; each Chinese character by itself."""
    spaced = pc.replace_substring_regex(pc.utf8_lower(texts), r"(\p{Han})", r" \1 ")
    trimmed = pc.utf8_trim(pc.replace_substring_regex(spaced, r"[^\p{L}\p{M}\p{N}]+", " "), " ")
    found = pc.split_pattern(trimmed, " ")
    return pc.if_else(pc.equal(trimmed, ""), pa.scalar([], found.type), found)


def _distinct(pairs: np.ndarray) -> np.ndarray:
    """[2, m] int32, sorted by both."""
    found: np.ndarray = np.unique(pairs.T.astype(np.int32).reshape(-1, 2), axis=0).T
    return found
