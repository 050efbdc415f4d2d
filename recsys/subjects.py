"""Which articles of a release a rule's subject means."""

from functools import reduce

import numpy as np

from recsys.articles import tag_key
from recsys.columns import Rows
from recsys.keywords import mentions, words
from recsys.release import Release
from recsys.rules import Kind, Subject
from recsys.spelling import name_key

_NOTHING = np.empty(0, np.int64)


def rows_of(release: Release, subject: Subject) -> Rows:
    """(m,) the rows that the subject means, each once; none where the release knows nothing of it."""
    match subject.kind:
        case Kind.ARTICLE:
            return np.array(release.rows([subject.value]), np.int64)
        case Kind.AUTHOR:
            lists = [release.author_rows[int(number)] for number in author_numbers(release, subject.value)]
            return np.unique(np.concatenate([_NOTHING, *lists]))
        case Kind.SECTION:
            node = release.section_node(subject.value)
            return release.section_rows[node] if node >= 0 else _NOTHING
        case Kind.TAG:
            return release.rows_by_tag[tag_key(subject.value)]
        case Kind.KEYWORD:
            return _mentioning(release, subject.value)
        case Kind.EVERYTHING:
            return np.arange(len(release))


def author_numbers(release: Release, name: str) -> Rows:
    """(m,) the numbers of the authors whom a key ("id:…") or a name, in any spelling, means."""
    by_key = release.authors_by_name[name]
    return by_key if len(by_key) else release.authors_by_name[name_key(name)]


def _mentioning(release: Release, keyword: str) -> Rows:
    asked = words(keyword)
    if not asked:
        return _NOTHING
    lists = [release.rows_by_word[word] for word in asked]
    rows = reduce(lambda one, other: np.intersect1d(one, other, assume_unique=True), lists)
    if len(asked) == 1:
        return rows
    return np.array([row for row in rows.tolist() if mentions(_printed(release, row), asked)], np.int64)


def _printed(release: Release, row: int) -> list[str]:
    card = release.card(row)
    return [card.title, card.standfirst, *(release.rows_by_tag.texts[int(tag)] for tag in release.tags[row])]
