"""Ours: the list that a request gives, with all that it does."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import compress
from pathlib import Path

from eval.bench.peers.peer import Built, Place, bytes_in
from eval.bench.peers.task import Item, Narrow, Task
from recsys.articles import Status
from recsys.lifecycle import Lifecycle
from recsys.overlay import Overlay
from recsys.recommender import Recommender
from recsys.release import Release


@dataclass(frozen=True, slots=True)
class Ours:
    """`Recommender.similar` over a release that the night built of the task's archive.

    Attributes:
        releases: the folder with it.
    """

    releases: Path
    name: str = "ours"
    settings: str = "defaults; built by the night"
    remark: str = (
        "ranks by words, names, dates and sections beside the cosine, and shows one version of a text and none of the "
        "article's own: its list is not meant to be the cosine's"
    )

    def lacks(self, place: Place) -> str:
        """Nothing."""
        return ""

    def build(self, task: Task, place: Place) -> Built:
        """Opened only; what was withdrawn comes as takedowns do."""
        release = Release.open(self.releases, verify=False)
        gone = [item.id for item in compress(task.items, (~task.shown).tolist())]
        return _Ours(release, Recommender(release, overlay=Overlay(changed=dict.fromkeys(gone, _WITHDRAWN))))


_WITHDRAWN = Lifecycle(status=Status.CANCELED)
_SECOND = timedelta(seconds=1)


class _Ours:
    efforts: Sequence[int] = (0,)

    def __init__(self, release: Release, recommender: Recommender) -> None:
        self._release, self._recommender = release, recommender

    def similar(self, article_id: str, narrow: Narrow, k: int, effort: int) -> Sequence[Item]:
        # an article is taken "after" a moment, of whole seconds
        after = None if narrow.since is None else narrow.since - _SECOND
        found = self._recommender.similar(article_id, k, section=narrow.section, published_after=after)
        return [Item(item.id, item.url, item.title) for item in found.items]

    def size(self) -> int:
        return bytes_in(self._release.path)

    def close(self) -> None:
        pass
