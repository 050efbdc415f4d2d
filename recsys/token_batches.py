"""Texts as a model reads them, and how they are put into batches: by tokens, so that a batch costs about the same.

Eight long texts or a hundred headlines are as much work, fit into the same caches, and have little padding.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Tokens:
    """n texts as a model reads them.

    Attributes:
        inputs: what the network is given; arrays of shape (n, longest) are padded, whatever else is for all texts.
        lengths: (n,) tokens of each text, padding not counted, special tokens counted.
        padded_left: padding stands before a text and not behind it.
        divisible: rows may be taken out; otherwise the n texts are one batch.
    """

    inputs: Mapping[str, Any]
    lengths: Ints
    padded_left: bool = False
    divisible: bool = True

    def taken(self, rows: Ints) -> dict[str, Any]:
        """The inputs of these rows alone, without the padding that none of them needs."""
        if not self.divisible:
            return dict(self.inputs)
        longest = int(self.lengths[rows].max(initial=1))
        part = slice(-longest, None) if self.padded_left else slice(longest)
        shape = len(self.lengths)
        return {
            name: value[rows][:, part] if getattr(value, "ndim", 0) == 2 and len(value) == shape else value
            for name, value in self.inputs.items()
        }

    def batches(self, most: int) -> Iterator[Ints]:
        """Rows for one batch after the other, short texts first, each row once; as `batches`."""
        return batches(self.lengths, most) if self.divisible else iter([np.arange(len(self.lengths))])


def batches(lengths: Ints, most: int) -> Iterator[Ints]:
    """Rows in the order of their lengths, in batches of at most `most` tokens with padding, or of one text.

    >>> [rows.tolist() for rows in batches(np.array([9, 2, 3, 2]), 6)]
    [[1, 3], [2], [0]]
    """
    order = np.argsort(lengths, kind="stable")
    start = 0
    for end in range(1, len(order) + 1):
        if end == len(order) or lengths[order[end]] * (end + 1 - start) > most:
            yield order[start:end]
            start = end
