"""Which articles hold which word in their title, standfirst or tags, so that a rule on a keyword finds them at once."""

from array import array
from pathlib import Path

import numpy as np

from recsys.articles import Article
from recsys.columns import ListColumn, write_texts
from recsys.keywords import words


class KeywordWriter:
    """Collects the words of articles, row by row from 0, and writes them as a lookup from word to rows."""

    def __init__(self) -> None:
        self._rows: dict[str, array[int]] = {}
        self._next = 0

    def add(self, article: Article) -> None:
        """The next row."""
        for word in {word for text in (article.title, article.standfirst, *article.tags) for word in words(text)}:
            self._rows.setdefault(word, array("i")).append(self._next)
        self._next += 1

    def write(self, folder: Path) -> None:
        """Write the columns `words` and `word_rows`."""
        keys = sorted(self._rows)
        lengths = [len(self._rows[key]) for key in keys]
        values = np.concatenate([np.empty(0, np.int32), *(np.frombuffer(self._rows[key], np.int32) for key in keys)])
        write_texts(folder, "words", keys)
        ListColumn(np.cumsum([0, *lengths], dtype=np.int64), values).save(folder, "word_rows")
