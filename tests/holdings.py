"""What the store of test_survival.py's newspaper holds: as it is read, and as it must be after what was done."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace

import task
from task import Op

from recsys.articles import Status
from recsys.store import ArticleStore


@dataclass(frozen=True, slots=True)
class Holdings:
    """What a store holds.

    Attributes:
        versions: of each article.
        down: ids that are taken down.
        rules: by their reason, whether they are over.
        change, desk: the numbers of the last change of an article and of a rule.
    """

    versions: Mapping[str, int] = field(default_factory=dict)
    down: frozenset[str] = frozenset()
    rules: Mapping[str, bool] = field(default_factory=dict)
    change: int = 0
    desk: int = 0

    def after(self, op: Op) -> "Holdings":
        """What it holds once this is done."""
        match op["do"]:
            case "put":
                new = {key: version for key, version in op["what"].items() if self.versions.get(key) != version}
                return replace(self, versions={**self.versions, **new}, change=self.change + len(new))
            case "down" | "lift":
                return replace(self, down=self.down ^ {op["id"]}, change=self.change + (op["id"] in self.versions))
            case "rule" | "end":
                return replace(self, rules={**self.rules, op["reason"]: op["do"] == "end"}, desk=self.desk + 1)
        return self

    @classmethod
    def of(cls, url: str) -> "Holdings":
        """What the store of this URL holds, read anew; each article must be as it was written."""
        with closing(ArticleStore.open(url)) as store, store.snapshot() as snapshot:
            found = list(snapshot.articles(status=None))
            down = frozenset(standing.article_id for standing in store.takedowns.standing())
            for one in found:
                own = task.article(one.id, _version(one.tags))
                assert one == replace(own, status=Status.CANCELED if one.id in down else Status.USABLE)
            numbers = [change.change for change in store.changes_after(0, 1_000_000)]
            assert len(numbers) == len(found), "two articles have one change number"
            assert max(numbers, default=0) <= snapshot.change
            rules = {rule.reason: rule.ends_at is not None for rule in store.desk.rules()}
            versions = {one.id: _version(one.tags) for one in found}
            return cls(versions, down, rules, snapshot.change, store.desk.version())


def _version(tags: Sequence[str]) -> int:
    return int(tags[0].removeprefix("version "))
