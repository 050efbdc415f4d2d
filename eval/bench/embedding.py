"""Texts to vectors: our paths beside plain sentence-transformers, its batch size chosen for it afterwards."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from time import perf_counter, process_time
from typing import Any, ClassVar

import numpy as np

from eval.bench.benchmark import Room
from eval.bench.corpus import Archive, CorpusConfig
from eval.bench.interleave import interleaved
from eval.bench.results import Result, ratio, result
from recsys.articles import Article
from recsys.embedding import ModelEmbedder, load_embedder, load_network
from recsys.errors import ConfigError
from recsys.model_files import model_folder
from recsys.text import NO_BOILERPLATE, embedding_text

SAVED = 64  # texts that the night embeds and saves at a time, of a window sorted by length
_DEFAULT, _FAST = "our default", "our --precision bfloat16"


@dataclass(frozen=True, slots=True)
class Embedding:
    """As the night embeds, against `SentenceTransformer.encode`, which sorts by length too; on one device.

    Attributes:
        texts: "articles" (nearly all fill what the model reads) and "mixed" (a third each of headlines, headlines with
            a standfirst, and articles).
        size: how many texts in each repetition, always the same.
        batches: batch sizes for sentence-transformers; the one with the best median is the mark.
        device: as in `load_embedder`; bfloat16 is always on the CPU.
    """

    name: ClassVar[str] = "embedding"
    what: ClassVar[str] = "texts to vectors, beside plain sentence-transformers at its best batch size"

    texts: tuple[str, ...] = ("articles", "mixed")
    size: int = 256
    batches: tuple[int, ...] = (8, 16, 32, 64, 128)
    device: str = "auto"
    repetitions: int = 5
    seed: int = 0

    def measure(self, room: Room) -> Iterator[Result]:
        """All paths in turn, for each kind of texts."""
        ours = load_embedder(device=self.device)
        paths: dict[str, Callable[[Sequence[str]], object]] = {_DEFAULT: partial(as_at_night, ours)}
        if find_spec("openvino") is not None:
            paths[_FAST] = partial(as_at_night, load_embedder(precision="bfloat16"))
        plain = load_network(model_folder(), ours.device)
        theirs = {f"sentence-transformers, batch {size}": partial(_plain, plain, size) for size in self.batches}
        for kind in self.texts:
            texts = list(drawn(kind, self.size, self.seed, ours.max_chars))
            read = ours.embed_counted(texts)
            things = {name: partial(_rate, path, texts) for name, path in (theirs | paths).items()}
            spent = interleaved(things, self.repetitions)
            note = f"{read.tokens:,} tokens, {read.full} of {len(texts)} texts fill what the model reads"
            yield from _results(f"{kind}, {ours.device}", spent, read.tokens / len(texts), list(theirs), note)


def drawn(kind: str, size: int, seed: int, max_chars: int) -> Iterator[str]:
    """Texts of the invented archive.

    Raises:
        ConfigError: there is no such kind.
    """
    if kind not in ("articles", "mixed"):
        raise ConfigError(f"texts {kind!r}: choose articles or mixed")
    articles = (one for chunk in Archive(CorpusConfig(articles=size, seed=seed)).chunks() for one in chunk.articles)
    for place, article in enumerate(articles):
        yield _text(article, place % 3 if kind == "mixed" else 2, max_chars)


def as_at_night(embedder: ModelEmbedder, texts: Sequence[str]) -> None:
    """Embed them in the order and the portions of the night, without saving."""
    ordered = sorted(texts, key=len)
    for start in range(0, len(ordered), SAVED):
        embedder.embed_counted(ordered[start : start + SAVED])


def _text(article: Article, parts: int, max_chars: int) -> str:
    if parts < 2:
        return "\n".join((article.title, article.standfirst)[: parts + 1])
    return embedding_text(article, NO_BOILERPLATE, max_chars)


def _plain(network: Any, size: int, texts: Sequence[str]) -> object:
    return network.encode(list(texts), batch_size=size, show_progress_bar=False, convert_to_numpy=True)


def _rate(path: Callable[[Sequence[str]], object], texts: Sequence[str], repetition: int) -> tuple[float, float]:
    """(texts a second, ms of CPU a text): the latter says more where others use the machine."""
    began, busy = perf_counter(), process_time()
    path(texts)
    return len(texts) / (perf_counter() - began), 1000 * (process_time() - busy) / len(texts)


def _results(
    case: str, spent: Mapping[str, Sequence[tuple[float, float]]], tokens: float, theirs: Sequence[str], note: str
) -> Iterator[Result]:
    """Rates of all, and ours to the mark, which is another one by time and by CPU; `tokens` of a text on average."""
    rates = {name: [rate for rate, _ in found] for name, found in spent.items()}
    cpu = {name: [1 / busy for _, busy in found] for name, found in spent.items()}
    for name, found in rates.items():
        yield result(case, name, "texts/s", [[rate] for rate in found])
        yield result(case, name, "tokens/s", [[rate * tokens] for rate in found])
        yield result(case, f"{name}: CPU a text", "ms", [[1 / one] for one in cpu[name]])
    for speed, kind in ((rates, ""), (cpu, " by CPU time")):
        medians = {name: float(np.median(speed[name])) for name in theirs}
        best = max(medians, key=lambda name: medians[name])
        for name in speed:
            if name not in theirs:
                yield ratio(case, f"{name}, to {best}{kind}", speed[name], speed[best], note)
