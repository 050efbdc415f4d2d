"""The small rest of what an extension keeps in a release, beside its arrays: one file of MessagePack."""

import os
from pathlib import Path
from typing import Any

import msgspec

NAME = "arrivals"  # which all files of an extension begin with


def save_rest(folder: Path, name: str, rest: dict[str, Any]) -> None:
    """Write and fsync `arrivals.<name>.msgpack`.

    Raises:
        OSError: the disk is full.
    """
    with (folder / f"{NAME}.{name}.msgpack").open("wb") as file:
        file.write(msgspec.msgpack.encode(rest))
        file.flush()
        os.fsync(file.fileno())


def open_rest(folder: Path, name: str) -> dict[str, Any]:
    """What `save_rest` wrote.

    Raises:
        OSError, msgspec.MsgspecError: it cannot be read.
    """
    found: dict[str, Any] = msgspec.msgpack.decode((folder / f"{NAME}.{name}.msgpack").read_bytes(), strict=False)
    return found
