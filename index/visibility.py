"""From when to when each article may be shown, and its flags, as columns of a release."""

from pathlib import Path

import numpy as np

from recsys.articles import Article
from recsys.columns import save_array
from recsys.release import FOREVER, UNDATED, flags_of, seconds


class VisibilityWriter:
    """Collects them row by row and writes `visible_from`, `visible_until` and `flags`."""

    def __init__(self) -> None:
        self._from: list[int] = []
        self._until: list[int] = []
        self._flags: list[int] = []

    def add(self, article: Article) -> None:
        """The next row."""
        self._from.append(UNDATED if article.embargoed_until is None else seconds(article.embargoed_until))
        self._until.append(FOREVER if article.expires_at is None else seconds(article.expires_at))
        self._flags.append(flags_of(article))

    def write(self, folder: Path) -> None:
        """Write the three columns, (n,) int64, int64 and uint8."""
        save_array(folder / "visible_from.npy", np.array(self._from, np.int64))
        save_array(folder / "visible_until.npy", np.array(self._until, np.int64))
        save_array(folder / "flags.npy", np.array(self._flags, np.uint8))
