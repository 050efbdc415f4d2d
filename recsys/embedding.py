"""Text to vectors. The only module that loads sentence-transformers, and only when told to."""

import hashlib
import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from recsys.errors import ConfigError, MissingExtra, ModelError
from recsys.model_files import DEFAULT_MODEL, check_safe, files_digest, model_folder
from recsys.runtimes import AUTO, Runtime, chosen_device, on_openvino, on_torch

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

log = logging.getLogger(__name__)

Precision = Literal["float32", "bfloat16"]
Vectors = NDArray[np.float32]

CHARS_PER_TOKEN = 8  # English news has about 4.7: what the model reads is always inside, the tail of a text is not
_MOST_TOKENS = 8192  # for models that say they read without end
_READ = 256  # texts that are tokens at a time: bounds memory


class Embedder(Protocol):
    """What turns texts into vectors; the seam where a test puts its fake."""

    @property
    def name(self) -> str:
        """The model as it was asked for, for people."""

    @property
    def fingerprint(self) -> str:
        """Equal for two embedders only when their vectors may be compared: part of every vector's digest."""

    @property
    def dim(self) -> int:
        """Length of a vector."""

    @property
    def max_chars(self) -> int:
        """A text beyond this many characters is not read: cut it, so that its tail does not change its digest."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        """(n, dim) float32 unit rows, in the order of `texts`; any text has one, even the empty one."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """Vectors, and what was read for them.

    Attributes:
        vectors: (n, dim) float32 unit rows.
        tokens: of all texts together as the tokenizer counts them, special ones too, padding not.
        full: texts that fill what the model reads; but for one that just fits, their ends are not read.
    """

    vectors: Vectors
    tokens: int
    full: int


@runtime_checkable
class CountingEmbedder(Embedder, Protocol):
    """An embedder that also tells how many tokens it read."""

    def embed_counted(self, texts: Sequence[str]) -> Embedded:
        """As `embed`, with the count."""


@dataclass(frozen=True, slots=True)
class ModelEmbedder:
    """An `Embedder` over a loaded model. Make one with `load_embedder`."""

    name: str
    fingerprint: str
    dim: int
    max_chars: int
    max_tokens: int  # of one text, special ones counted
    runtime: Runtime

    @property
    def precision(self) -> str:
        """As the running model reports it."""
        return self.runtime.precision

    @property
    def device(self) -> str:
        """Where it runs: "cpu", "cuda" …"""
        return self.runtime.device

    def embed(self, texts: Sequence[str]) -> Vectors:
        """As `Embedder.embed`. Raises ModelError where the model gives NaN, infinity or a zero vector."""
        return self.embed_counted(texts).vectors

    def embed_counted(self, texts: Sequence[str]) -> Embedded:
        """As `embed`, with the count of tokens.

        Texts are read `_READ` at a time, like lengths together, and put into batches by their tokens; a vector is
        the same in any company but for rounding (1e-5 in each number).
        """
        clean = [text.encode("utf-8", "replace").decode() for text in texts]  # half a surrogate pair stops a tokenizer
        order = np.array(sorted(range(len(clean)), key=lambda row: (len(clean[row]), row)), np.int64)
        vectors = np.empty((len(clean), self.dim), dtype=np.float32)
        tokens = full = 0
        for start in range(0, len(order), _READ):
            rows = order[start : start + _READ]
            read = self.runtime.read([clean[row] for row in rows])
            for batch in read.batches(self.runtime.most_tokens):
                vectors[rows[batch]] = _unit(self.runtime.run(read.taken(batch)), self.name)
            tokens += int(read.lengths.sum())
            full += int((read.lengths >= self.max_tokens).sum())
        return Embedded(vectors, tokens, full)


def load_embedder(
    model: str = DEFAULT_MODEL,
    precision: Precision = "float32",
    *,
    device: str = AUTO,
    threads: int | None = None,
) -> ModelEmbedder:
    """The model as an `Embedder`.

    `model` is as in `model_folder`. "float32" runs torch on `device`, for "auto" a GPU where there is one; "bfloat16"
    runs openvino on the CPU (extra `fast`), more than twice as fast there, and falls back to the best precision that
    the CPU has. `threads` limits the CPU threads, for torch of the whole process.

    The fingerprint does not tell the device: float32 is float32 (never TF32) on all of them, and vectors differ by
    rounding only, about as much as between two batches of one CPU (1e-5 in each number).

    Raises ModelError (missing, altered or unsafe model), MissingExtra (no openvino), ConfigError (other values).
    """
    if precision not in ("float32", "bfloat16"):
        raise ConfigError(f"precision {precision!r}: choose float32 or bfloat16")
    if precision == "bfloat16" and device not in (AUTO, "cpu"):
        raise ConfigError(f"precision bfloat16 runs on the device cpu, not {device!r}: choose float32 there")
    if precision == "bfloat16" and find_spec("openvino") is None:
        raise MissingExtra("precision bfloat16 needs openvino: pip install 'news-recsys[fast]'")
    folder = model_folder(model)
    check_safe(folder)
    place = chosen_device(device) if precision == "float32" else "cpu"
    with _quiet():
        network = load_network(folder, place)
        runtime = on_torch(network, place, threads) if precision == "float32" else on_openvino(network, threads)
        dim = int(runtime.run(runtime.read([""]).inputs).shape[1])
    tokens = int(min(network.max_seq_length or _MOST_TOKENS, _MOST_TOKENS))
    ran = "torch" if precision == "float32" else "openvino"
    found = f"precision={runtime.precision}"
    facts = (files_digest(folder), f"max_seq_length={tokens}", "unit rows", found, f"runtime={ran}")
    if place != "cpu":
        log.info("embedding on %s", place)
    return ModelEmbedder(
        name=model,
        fingerprint=hashlib.sha256("\n".join(facts).encode()).hexdigest(),
        dim=dim,
        max_chars=tokens * CHARS_PER_TOKEN,
        max_tokens=tokens,
        runtime=runtime,
    )


def load_network(folder: Path, device: str) -> "SentenceTransformer":
    """The plain network of sentence-transformers in float32: safetensors only, no remote code, nothing is fetched.

    Raises ModelError where it cannot be loaded.
    """
    from sentence_transformers import SentenceTransformer

    try:
        with _quiet():
            network = SentenceTransformer(
                str(folder),
                device=device,
                local_files_only=True,
                trust_remote_code=False,
                model_kwargs={"use_safetensors": True},
            )
    except Exception as error:  # the library raises whatever its parsers raise
        raise ModelError(f"the model in {folder} cannot be loaded: {error}") from error
    return network.float().eval()


def _unit(vectors: Vectors, name: str) -> Vectors:
    """Rows scaled to length 1; ModelError where that cannot be done."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    wrong = int((~np.isfinite(lengths) | (lengths == 0)).sum())
    if wrong:
        raise ModelError(f"model {name!r} gave {wrong} vectors that are not finite or are zero")
    scaled: Vectors = vectors / lengths
    return scaled


@contextmanager
def _quiet() -> Iterator[None]:
    """The libraries' progress bars and warnings of loading and tracing off, and back as they were afterwards."""
    library: Any = import_module("transformers.utils.logging")
    verbosity, bars = library.get_verbosity(), library.is_progress_bar_enabled()
    library.set_verbosity_error()
    library.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        library.set_verbosity(verbosity)
        if bars:
            library.enable_progress_bar()
