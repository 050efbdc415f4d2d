"""Doubles that the whole suite uses: they fit the product's own seams and need neither torch nor a database."""

import hashlib
import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray


class FakeEmbedder:
    """An `Embedder` by words: each word has its own random direction, a text is the sum of its words' directions.

    Texts that share words are near, texts that share none are not, and every run gives the same vectors.
    `batches` keeps the texts of every call of `embed`.
    """

    def __init__(self, dim: int = 16, name: str = "fake", max_chars: int = 2048) -> None:
        self.name = name
        self.dim = dim
        self.max_chars = max_chars
        self.fingerprint = hashlib.sha256(f"{name} {dim}".encode()).hexdigest()
        self.batches: list[list[str]] = []

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(n, dim) float32 unit rows; a text without words has the direction of the empty word."""
        self.batches.append(list(texts))
        vectors = np.zeros((len(texts), self.dim))
        for row, text in enumerate(texts):
            for word in re.findall(r"\w+", text.casefold()) or [""]:
                vectors[row] += _direction(word, self.dim)
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


class FakeVectorStore:
    """The part of the article store that keeps vectors, in a dict. `saves` counts the calls of `put_embeddings`."""

    def __init__(self) -> None:
        self.kept: dict[str, NDArray[np.float32]] = {}
        self.saves = 0

    def known_embeddings(self, digests: Sequence[str]) -> set[str]:
        return {digest for digest in digests if digest in self.kept}

    def put_embeddings(self, fingerprint: str, digests: Sequence[str], vectors: NDArray[np.float32]) -> None:
        assert len(digests) == len(vectors)
        self.saves += 1
        self.kept |= dict(zip(digests, vectors, strict=True))

    def embeddings(self, digests: Sequence[str], dim: int) -> NDArray[np.float32]:
        return np.array([self.kept[digest] for digest in digests], dtype=np.float32).reshape(len(digests), dim)


@lru_cache(maxsize=100_000)
def _direction(word: str, dim: int) -> NDArray[np.float64]:
    """A random direction that depends on the word alone."""
    seed = int.from_bytes(hashlib.sha256(word.encode("utf-8", "replace")).digest()[:8], "big")
    return np.random.default_rng(seed).normal(size=dim)
