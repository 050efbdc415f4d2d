"""The least that a request can do: read a row of a table, weigh three signals, sort, and look up six ids.

It knows no rules, no takedowns, no versions of one text, no floor and no cards: a limit, not a rival.
"""

import numpy as np

from recsys.release import Release


class TableRead:
    """A table over one release, in memory."""

    def __init__(self, release: Release, width: int = 100) -> None:
        n = len(release)
        self._rows = np.zeros((n, width), np.int32)
        self._signals = np.full((n, 2, width), -1.0, np.float32)
        for row in range(n):
            near = release.neighbours(row)
            best = np.argsort(-np.nan_to_num(near.cosine), kind="stable")[:width]
            self._rows[row, : len(best)] = near.rows[best]
            self._signals[row, 0, : len(best)] = np.nan_to_num(near.cosine[best])
            self._signals[row, 1, : len(best)] = near.words[best]
        self._ids = [release.ids[row] for row in range(n)]
        self._row_of = {key: row for row, key in enumerate(self._ids)}
        self._days = (np.array(release.published) / 86_400.0).astype(np.float32)

    def similar(self, article_id: str, k: int = 6) -> list[tuple[str, float]]:
        """The k best by meaning, words and freshness: (id, score)."""
        row = self._row_of[article_id]
        rows, signals = self._rows[row], self._signals[row]
        score = signals[0] + 0.5 * signals[1] + 0.2 * np.exp(np.abs(self._days[rows] - self._days[row]) * -0.01)
        best = np.argpartition(score, -k)[-k:]
        best = best[np.argsort(-score[best])]
        return [(self._ids[near], value) for near, value in zip(rows[best].tolist(), score[best].tolist(), strict=True)]
