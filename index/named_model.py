"""A model that goes to other machines by its name: each process that embeds loads its own copy, once."""

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path

from recsys.embedding import CountingEmbedder, Embedded, Embedder, Precision, Vectors, load_embedder
from recsys.errors import ModelError
from recsys.model_files import DEFAULT_MODEL


@dataclass(frozen=True, slots=True)
class NamedModel:
    """An `Embedder` that holds no model: small to send, and usable wherever `load` finds the same model.

    Attributes:
        name, fingerprint, dim, max_chars: as in `Embedder`.
        load: gives the model; a function of a module, or a `partial` of one.
    """

    name: str
    fingerprint: str
    dim: int
    max_chars: int
    load: Callable[[], Embedder] = field(compare=False)

    @classmethod
    def of(cls, model: Embedder, load: Callable[[], Embedder]) -> "NamedModel":
        """One that embeds as `model` does, which it does not keep."""
        return cls(model.name, model.fingerprint, model.dim, model.max_chars, load)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """As `Embedder.embed`, by the model that this process has loaded, or now loads.

        Raises:
            ModelError: what is loaded here has another fingerprint, so that its vectors may not be compared.
        """
        return _loaded(self).embed(texts)

    def embed_counted(self, texts: Sequence[str]) -> Embedded:
        """The same, counted where that model counts."""
        model = _loaded(self)
        return model.embed_counted(texts) if isinstance(model, CountingEmbedder) else Embedded(model.embed(texts), 0, 0)


def named_model(model: str, precision: Precision, threads: int) -> NamedModel:
    """As `recsys.embedding.load_embedder` with so many threads, which is loaded once to see what it is.

    Raises:
        ModelError, MissingExtra: it cannot be loaded here.
    """
    here = load_embedder(model, precision, device="cpu", threads=threads)
    folder = model != DEFAULT_MODEL and Path(model).is_dir()
    place = str(Path(model).resolve()) if folder else model  # others work in other folders
    return NamedModel.of(here, partial(load_embedder, place, precision, device="cpu", threads=threads))


@lru_cache(maxsize=1)
def _loaded(model: NamedModel) -> Embedder:
    found = model.load()
    if found.fingerprint != model.fingerprint:
        raise ModelError(
            f"the model {model.name!r} on {socket.gethostname()} is not the one that the night began with: "
            f"fingerprint {found.fingerprint[:12]}…, expected {model.fingerprint[:12]}…; give every node the same files"
            " and packages"
        )
    return found
