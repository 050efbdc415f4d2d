"""Text to vectors. The only module that loads torch, sentence-transformers or openvino, and only when told to."""

import hashlib
import logging
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from recsys.errors import ConfigError, MissingExtra, ModelError
from recsys.model_files import DEFAULT_MODEL, check_safe, files_digest, model_folder

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

log = logging.getLogger(__name__)

Precision = Literal["float32", "bfloat16"]
Vectors = NDArray[np.float32]

CHARS_PER_TOKEN = 8  # English news has about 4.7: what the model reads is always inside, the tail of a text is not
_MOST_TOKENS = 8192  # for models that say they read without end


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
class ModelEmbedder:
    """An `Embedder` over a loaded model. Make one with `load_embedder`."""

    name: str
    fingerprint: str
    dim: int
    max_chars: int
    precision: str  # as the running model reports it
    encode: Callable[[list[str]], Vectors]  # one batch; rows need not be of unit length yet
    batch_size: int = 32

    def embed(self, texts: Sequence[str]) -> Vectors:
        """As `Embedder.embed`. Raises ModelError where the model gives NaN, infinity or a zero vector."""
        clean = [text.encode("utf-8", "replace").decode() for text in texts]  # half a surrogate pair stops a tokenizer
        order = sorted(range(len(clean)), key=lambda row: (len(clean[row]), row))  # like lengths: little padding
        vectors = np.empty((len(clean), self.dim), dtype=np.float32)
        for start in range(0, len(order), self.batch_size):
            rows = order[start : start + self.batch_size]
            vectors[rows] = _unit(self.encode([clean[row] for row in rows]), self.name)
        return vectors


def load_embedder(
    model: str = DEFAULT_MODEL,
    precision: Precision = "float32",
    *,
    device: str = "cpu",
    threads: int | None = None,
    batch_size: int = 32,
) -> ModelEmbedder:
    """The model as an `Embedder`.

    `model` is as in `model_folder`. "float32" runs torch on `device`; "bfloat16" runs openvino on the CPU (extra
    `fast`), about twice as fast, and falls back to the best precision that the CPU has. `threads` limits the CPU
    threads, for torch of the whole process.

    Raises ModelError (missing, altered or unsafe model), MissingExtra (no openvino), ConfigError (other values).
    """
    if precision not in ("float32", "bfloat16"):
        raise ConfigError(f"precision {precision!r}: choose float32 or bfloat16")
    if precision == "bfloat16" and device != "cpu":
        raise ConfigError(f"precision bfloat16 runs on the device cpu, not {device!r}: choose float32 there")
    if precision == "bfloat16" and find_spec("openvino") is None:
        raise MissingExtra("precision bfloat16 needs openvino: pip install 'news-recsys[fast]'")
    folder = model_folder(model)
    check_safe(folder)
    with _quiet():
        network = _load(folder, device)
        found, encode = _torch(network, threads) if precision == "float32" else _openvino(network, threads)
        dim = int(encode([""]).shape[1])
    tokens = int(min(network.max_seq_length or _MOST_TOKENS, _MOST_TOKENS))
    runtime = "torch" if precision == "float32" else "openvino"
    facts = (files_digest(folder), f"max_seq_length={tokens}", "unit rows", f"precision={found}", f"runtime={runtime}")
    return ModelEmbedder(
        name=model,
        fingerprint=hashlib.sha256("\n".join(facts).encode()).hexdigest(),
        dim=dim,
        max_chars=tokens * CHARS_PER_TOKEN,
        precision=found,
        encode=encode,
        batch_size=batch_size,
    )


def _load(folder: Path, device: str) -> "SentenceTransformer":
    """The network in float32: safetensors only, no remote code, no network."""
    from sentence_transformers import SentenceTransformer

    try:
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


def _torch(network: "SentenceTransformer", threads: int | None) -> tuple[str, Callable[[list[str]], Vectors]]:
    """("float32", encode) on torch."""
    if threads is not None:
        import torch

        torch.set_num_threads(threads)

    def encode(batch: list[str]) -> Vectors:
        found = network.encode(batch, batch_size=len(batch), show_progress_bar=False, convert_to_numpy=True)
        return np.asarray(found, dtype=np.float32)

    return "float32", encode


def _openvino(network: "SentenceTransformer", threads: int | None) -> tuple[str, Callable[[list[str]], Vectors]]:
    """(precision, encode) on openvino: the whole network (transformer, pooling, normalisation) exported as one graph.

    bf16 is asked for by name, because the default differs between CPUs; the precision returned is what the compiled
    model reports: "bfloat16", or "float32" where the CPU has no bf16.
    """
    import torch

    openvino: Any = import_module("openvino")  # optional, and without types

    class Whole(torch.nn.Module):
        """Tensors in, sentence vectors out: what openvino can trace."""

        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, *values: torch.Tensor) -> torch.Tensor:
            vectors: torch.Tensor = self.network(dict(zip(names, values, strict=True)))["sentence_embedding"]
            return vectors

    def tensors(batch: list[str]) -> dict[str, Any]:
        return {name: value for name, value in network.preprocess(batch).items() if isinstance(value, torch.Tensor)}

    example = tensors(["an example", "another example that is longer"])
    names = tuple(example)
    graph = openvino.convert_model(Whole().eval(), example_input=tuple(example.values()))
    options: dict[str, Any] = {
        "PERFORMANCE_HINT": "LATENCY"
    }  # one stream on all threads: we ask for one batch at a time
    if threads is not None:
        options["INFERENCE_NUM_THREADS"] = threads
    core = openvino.Core()
    try:
        compiled = core.compile_model(graph, "CPU", {**options, "INFERENCE_PRECISION_HINT": "bf16"})
    except RuntimeError as error:  # a CPU that cannot: slower, but the vectors and their fingerprint stay true
        log.warning("no bf16 on this CPU, going on in float32: %s", error)
        compiled = core.compile_model(graph, "CPU", {**options, "INFERENCE_PRECISION_HINT": "f32"})
    precision = str(compiled.get_property("INFERENCE_PRECISION_HINT").to_string())

    def encode(batch: list[str]) -> Vectors:
        inputs = tensors(batch)
        found = compiled([inputs[name].numpy() for name in names])
        return np.asarray(found[0], dtype=np.float32)

    return {"bf16": "bfloat16", "f32": "float32", "f16": "float16"}.get(precision, precision), encode


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
