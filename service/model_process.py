"""The model in a process of its own: to load it takes seconds of Python's one lock, and no reader is to wait."""

import multiprocessing
import os
import signal
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

from recsys.errors import ModelError
from recsys.parent import end_with_parent

if TYPE_CHECKING:
    from recsys.embedding import Vectors

_NICE = 5  # whoever reads comes first


class ModelProcess:
    """An embedder that lives elsewhere; of one thread at a time. It ends with the process that made it.

    Args:
        model: name or folder.
        fingerprint: of the model and precision that are wanted.
        device: what runs it in float32, as in `load_embedder`.

    Raises:
        ModelError: the model cannot be loaded, or is another; from `embed` also where the process has ended.
    """

    def __init__(self, model: str, fingerprint: str, device: str = "auto") -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        given = theirs, model, fingerprint, device
        self._process = context.Process(target=_serve, args=given, name="model", daemon=True)
        self._process.start()
        theirs.close()
        self.name, self.fingerprint, self.dim, self.max_chars = self._answer()

    @property
    def pid(self) -> int | None:
        """The number of the process."""
        return self._process.pid

    def embed(self, texts: Sequence[str]) -> "Vectors":
        """(m, dim) float32 unit rows."""
        try:
            self._pipe.send(list(texts))
        except OSError as error:
            raise ModelError("the process of the model has ended") from error
        found: Vectors = self._answer()
        return found

    def close(self) -> None:
        """End the process."""
        self._process.terminate()
        self._pipe.close()

    def _answer(self) -> Any:
        try:
            found = self._pipe.recv()
        except (EOFError, OSError) as error:
            raise ModelError("the process of the model has ended") from error
        if isinstance(found, Exception):
            raise ModelError(str(found))
        return found


def _serve(pipe: Connection, model: str, fingerprint: str, device: str) -> None:
    """Load the model, tell what it is, then embed whatever is sent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal; the worker ends this process
    os.nice(_NICE)
    end_with_parent()
    try:
        embedder = _loaded(model, fingerprint, device)
        pipe.send((embedder.name, embedder.fingerprint, embedder.dim, embedder.max_chars))
        while True:
            texts = pipe.recv()
            pipe.send(embedder.embed(texts))
    except EOFError:
        return
    except Exception as error:
        pipe.send(error)


def _loaded(model: str, fingerprint: str, device: str) -> Any:
    from recsys.embedding import Precision, load_embedder  # torch, and only in this process

    tried: tuple[tuple[Precision, str], ...] = (("float32", device), ("bfloat16", "cpu"))  # the latter only there
    for precision, place in tried:
        embedder = load_embedder(model, precision, device=place)
        if embedder.fingerprint == fingerprint:
            return embedder
    raise ModelError(f"{model} is not the model of the release: see --embed")
