"""How far a source was followed, in a file beside the store that is replaced in one step: a kill leaves the one before.

It is no part of the store, as it says nothing of articles: who loses it follows from the beginning and finds all
unchanged.
"""

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from glob import escape
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec

from recsys.errors import ConfigError

FORMAT = 1
_ASIDE = "[0-9a-f]" * 32  # what a new state is called until it is in place, behind the name of the file


@dataclass(frozen=True, slots=True)
class FollowState:
    """What is kept between two rounds, and what it holds for.

    Attributes:
        source: as it was given.
        mapping: canonical field to column.
        store: the store's identity.
        change: the store's last change when this was written.
        embedded: changes of the store up to this number have their vectors; None where that was never looked at.
        cursor: the source's own.
    """

    source: str
    mapping: Mapping[str, str]
    store: int
    change: int = 0
    embedded: int | None = None
    cursor: Mapping[str, Any] = field(default_factory=dict)
    format: int = FORMAT

    @classmethod
    def read(cls, path: Path, fresh: "FollowState") -> "FollowState":
        """What the file says, or `fresh` where there is none, or one of another store or mapping.

        What writers that were killed left beside the file is removed.

        Raises:
            ConfigError: the file is no state, or another source's.
        """
        for stale in path.parent.glob(f"{escape(path.name)}.{_ASIDE}"):
            stale.unlink(missing_ok=True)
        try:
            found = msgspec.json.decode(path.read_bytes(), type=cls)
        except FileNotFoundError:
            return fresh
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path} is no state of `follow` ({error}): name another with --state") from error
        if found.format != FORMAT or found.source != fresh.source:
            raise ConfigError(f"{path} is the state of another source, {found.source!r}: name another with --state")
        same = (found.mapping, found.store) == (fresh.mapping, fresh.store)
        return found if same else fresh

    def write(self, path: Path) -> None:
        """Replace the file, durably. Raises OSError."""
        aside = path.with_name(f"{path.name}.{uuid4().hex}")
        try:
            with aside.open("wb") as file:
                file.write(msgspec.json.encode(asdict(self)))
                file.flush()
                os.fsync(file.fileno())
            aside.replace(path)
        finally:
            aside.unlink(missing_ok=True)
