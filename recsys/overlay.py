"""What the newsroom has said since a release was built: changes of articles, and editors' rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from recsys.errors import StoreError
from recsys.lifecycle import Lifecycle
from recsys.rules import Rule

if TYPE_CHECKING:
    from recsys.store import ArticleStore, Change

_PAGE = 10_000


@dataclass(frozen=True, slots=True)
class Overlay:
    """What is laid over a release.

    Attributes:
        since: the store's change number that the release shows.
        upto: the last change that is shown here.
        changed: where and when the articles changed in between may be shown, by id.
        rules: those in force or to come, by id.
        version: the number of the rules' last change.
        before, latest: the change up to which was known when this was read, and what has changed after it.
    """

    since: int = 0
    upto: int = 0
    changed: Mapping[str, Lifecycle] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    version: int = -1
    before: int = -1
    latest: Mapping[str, Lifecycle] = field(default_factory=dict)

    @classmethod
    def none_since(cls, change: int) -> "Overlay":
        """What is known of a release of change number `change` before the store was asked."""
        return cls(change, change)

    def reaching_back_to(self, change: int) -> "Overlay":
        """The same, to be read on so that it holds for a release of number `change` too.

        A newer release needs nothing: what it lacks cannot be shown. After a rollback the changes between the two must
        be read again; what is known so far stays meanwhile, and reading settles each article.
        """
        return self if self.since <= change else replace(self, since=change, upto=change)


def follow(store: "ArticleStore", known: Overlay) -> Overlay:
    """What is known after the store's changes up to now; `known` itself where nothing has changed.

    Raises:
        StoreError: the store cannot be read, or has fewer changes than the release was built from.
    """
    if known.upto == known.since and (last := store.change()) < known.since:
        raise StoreError(f"its last change is {last}, the release was built at {known.since}: is it the same store?")
    latest, upto = dict[str, Lifecycle](), known.upto
    page: Sequence[Change] = store.changes_after(upto, _PAGE)
    while page:
        latest |= {change.id: change.lifecycle for change in page}
        upto = page[-1].change
        page = store.changes_after(upto, _PAGE) if len(page) == _PAGE else ()
    version = store.desk.version()
    if (upto, version) == (known.upto, known.version):
        return known
    # read after the number: rules that are newer than it are read again next time, none is missed
    rules = known.rules if version == known.version else store.desk.rules(datetime.now(UTC))
    return Overlay(known.since, upto, {**known.changed, **latest}, rules, version, known.upto, latest)
