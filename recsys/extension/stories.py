"""Stories of articles that came after the night: each joins a text and an event as it comes, by the night's measures.

One at a time, groups only grow and join; what would take all of them apart and together again is left to the night.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from recsys.agency import agency_copy
from recsys.articles import Article
from recsys.columns import Int32, Int64, open_array, save_array
from recsys.extension.facts import Fact, Facts
from recsys.extension.groups import Groups, Regrouping
from recsys.extension.kept import NAME, open_rest, save_rest
from recsys.extension.ties import EventTies, TextTies, together
from recsys.fingerprints import Fingerprint, Fingerprints
from recsys.neighbours import Neighbours
from recsys.release import Release, last_change, seconds
from recsys.versions import preferred

if TYPE_CHECKING:
    from recsys.extension.annex import Annex

Place = tuple[int, int, int]  # text_group, event_group, text_preference


@dataclass(frozen=True, slots=True)
class Placing:
    """Where a new row belongs, and what changes by it; numbers and orders are those of a release.

    Attributes:
        text_group, event_group: -1 where it is alone; new groups are numbered after the release's.
        text_preference: its place among the versions of its text, 0 where it is alone.
        others: (text_group, event_group, text_preference) of each other row of which one has changed.
        text_rows, event_rows: of each group that has changed all its rows in order, none where it is no more.
    """

    text_group: int
    event_group: int
    text_preference: int
    others: Mapping[int, Place]
    text_rows: Mapping[int, Int32]
    event_rows: Mapping[int, Int32]


@dataclass(frozen=True, slots=True)
class Placed:
    """A row that may come next: its place, and what `Stories` keeps of it if it does."""

    placing: Placing
    fact: Fact
    text: Regrouping
    event: Regrouping
    gone: set[int]


class Stories:
    """The stories of a release and of the rows after it. Of one thread at a time."""

    def __init__(self, release: Release) -> None:
        config = release.manifest.config
        same, days = float(config["same_text"]), float(config["event_days"])
        self._facts = Facts(release)
        self._texts = TextTies(self._facts, same, days)
        self._events = EventTies(self._facts, days, release.manifest.semantic_base)
        self._text = Groups(release.text_group, release.text_rows, self._by_preference)
        self._event = Groups(release.event_group, release.event_rows, self._newest_first)
        self._gone: set[int] = set()

    def place(self, article: Article, printed: str, length: int, near: Neighbours, replaced: Int64) -> Placed:
        """The place of the next row after the release's and those taken before; nothing has changed by it.

        A version of the text that it replaces takes its place in both groups; any other article is judged anew.

        Args:
            printed: the article's text, the headline once (`lexical_text`).
            length: characters that the model is given of it.
            near: its neighbours among the rows before it.
            replaced: rows that it takes the place of; they are in no group from now on.
        """
        row, gone = len(self._facts), self._gone | set(replaced.tolist())
        there = np.array([other not in gone for other in near.rows.tolist()], np.bool_)
        fact = Fact(
            article.id,
            Fingerprint.of(printed),
            agency_copy(article),
            last_change(article.updated_at, article.published_at),
            seconds(article.published_at),
            length,
            near if there.all() else near.of(there),  # mostly the very arrays that the annex keeps
        )
        self._facts.add(fact)
        self._events.begin()
        try:
            text, event = self._together(row, set(replaced.tolist()), gone)
            return Placed(self._placing(row, text, event), fact, text, event, gone)
        finally:
            self._facts.drop()

    def take(self, placed: Placed) -> None:
        """The row that was placed last of all has come."""
        self._facts.add(placed.fact)
        self._events.take()
        self._text.take(placed.text)
        self._event.take(placed.event)
        self._gone = placed.gone

    def save(self, folder: Path) -> None:
        """Write what `restore` needs and the annex does not have."""
        later = self._facts.later()
        Fingerprints.joined([fact.print for fact in later]).save(folder, f"{NAME}.text")
        save_array(folder / f"{NAME}.agency.npy", np.array([fact.agency for fact in later], np.bool_))
        save_array(folder / f"{NAME}.updated.npy", np.array([fact.updated for fact in later], np.int64))
        save_rest(folder, "stories", {"backgrounds": self._events.kept()})

    def restore(self, annex: "Annex", folder: Path) -> None:
        """As it was when it was saved; only for one to which nothing has come, with the annex as it was then."""
        prints, n = Fingerprints.open(folder, f"{NAME}.text"), len(annex.base)
        agency, updated = (open_array(folder / f"{NAME}.{name}.npy").tolist() for name in ("agency", "updated"))
        published, lengths = (annex.numbers[name].view()[n:].tolist() for name in ("published", "text_length"))
        replaced_by = np.full(n + len(annex), n + len(annex), np.int64)
        replaced_by[list(annex.replaced_by)] = list(annex.replaced_by.values())
        for place, near in enumerate(annex.near.own):
            numbers = agency[place], updated[place], published[place], lengths[place]
            known = near.of(replaced_by[near.rows] > n + place)  # what was still there when it came
            self._facts.add(Fact(annex.ids[place].decode(), prints[place], *numbers, known))
        numbers_of = annex.numbers
        self._text = Groups(numbers_of["text_group"].view(), annex.text_rows(), self._by_preference)
        self._event = Groups(numbers_of["event_group"].view(), annex.event_rows(), self._newest_first)
        self._events.restore(open_rest(folder, "stories")["backgrounds"])
        self._gone = set(annex.replaced_by)

    def _together(self, row: int, replaced: set[int], gone: set[int]) -> tuple[Regrouping, Regrouping]:
        versions = [old for old in replaced if self._texts.is_version(row, old)]
        same = [one for one in self._texts.identical(row, gone) if one != row]
        own = self._text.all_beside([row, *versions, *same]) - replaced
        text = together(row, own, self._texts, self._text.beside)
        own = self._event.all_beside([*versions, *text]) - replaced
        event = together(row, own, self._events, self._event.beside)
        return self._text.regrouped(text, replaced), self._event.regrouped(event, replaced)

    def _placing(self, row: int, text: Regrouping, event: Regrouping) -> Placing:
        changed = text.groups.keys() | event.groups.keys() | {one for rows in text.rows.values() for one in rows}
        place = _places(text.rows.values())
        numbers = {self._text.of(one) for one in changed} - {-1}
        former = _places(map(self._text.members, numbers))
        others = {}
        for one in changed - {row}:
            before = self._text.of(one), self._event.of(one), former.get(one, 0)
            number = text.groups.get(one, before[0])
            preference = place.get(one, before[2]) if number >= 0 else 0
            after = number, event.groups.get(one, before[1]), preference
            if after != before:
                others[one] = after
        return Placing(text.number, event.number, place.get(row, 0), others, _columns(text.rows), _columns(event.rows))

    def _by_preference(self, rows: Collection[int]) -> list[int]:
        found = np.array(sorted(rows))
        facts = self._facts
        order = preferred(facts.agency(found), facts.updated(found), facts.published(found), facts.places_by_id(found))
        return [int(row) for row in found[order]]

    def _newest_first(self, rows: Collection[int]) -> list[int]:
        found = np.array(sorted(rows))
        facts = self._facts
        order = np.lexsort((facts.places_by_id(found), -facts.published(found).astype(np.float64)))
        return [int(row) for row in found[order]]


def _places(groups: Iterable[list[int]]) -> dict[int, int]:
    return {row: place for rows in groups for place, row in enumerate(rows)}


def _columns(rows: Mapping[int, list[int]]) -> dict[int, Int32]:
    return {number: np.array(found, np.int32) for number, found in rows.items()}
