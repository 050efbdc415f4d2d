"""Which queries are no independent evidence: articles of one story are asked about the same event."""

from collections.abc import Iterable, Iterator, Mapping

from eval.judged.stories import Others
from eval.judgments import Judgments


def story_clusters(judgments: Judgments) -> dict[str, str] | None:
    """For each judged article the name of its cluster: that of its story, or its own where it is in none.

    Stories that share an article are one cluster. Editors' links, clicks and pairs make no clusters: there each article
    that was asked stands for itself. None where nothing is from stories. Cluster as the unit of resampling: Field and
    Welsh, "Bootstrapping clustered data", JRSS B 69(3), 2007.

    >>> story = {"a": None, "b": None}
    >>> story_clusters(Judgments({"a": Others((story,), "a"), "b": Others((story,), "b"), "c": {"a": 1.0}}))
    {'a': 'a', 'b': 'a', 'c': 'c'}
    """
    joined = chains(_stories(judgments))
    return {article: joined.get(article, article) for article in judgments.gains} if joined else None


def chains(groups: Iterable[Iterable[str]]) -> dict[str, str]:
    """For each article of these groups the smallest id of its chain; groups that share an article are one chain.

    >>> chains([["c", "b"], ["b", "a"], ["d"]])
    {'c': 'a', 'b': 'a', 'a': 'a', 'd': 'd'}
    """
    parent: dict[str, str] = {}

    def root(article: str) -> str:
        while (above := parent.setdefault(article, article)) != article:
            parent[article] = article = parent[above]  # halves the path for whoever comes next
        return article

    for group in groups:
        first, *others = group
        for other in others or (first,):
            smaller, larger = sorted((root(first), root(other)))
            parent[larger] = smaller
    return {article: root(article) for article in list(parent)}


def _stories(judgments: Judgments) -> Iterator[Mapping[str, None]]:
    """Each story once, though every article of it leads to it."""
    seen: set[int] = set()
    for part in judgments.parts or (judgments,):
        for known in part.gains.values():
            for story in known.stories if isinstance(known, Others) else ():
                if id(story) not in seen:
                    seen.add(id(story))
                    yield story
