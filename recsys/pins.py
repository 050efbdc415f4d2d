"""Which articles editors have pinned to which slots of which pages."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from recsys.columns import Bools
from recsys.release import Release
from recsys.rules import Action, Kind, Rule, Widget

Page = tuple[Kind, int]  # an article by its row, a section by its node, or everything with 0
_EVERY_PAGE: Page = (Kind.EVERYTHING, 0)


@dataclass(frozen=True, slots=True)
class Pin:
    """The article `row` in `slot` (1 for the first), by rule number `rule`."""

    slot: int
    row: int
    rule: int


@dataclass(frozen=True, slots=True)
class Pins:
    """All pins of a release, by widget and page; those of one page are in the order in which they choose."""

    by_page: Mapping[tuple[Widget, Page], tuple[Pin, ...]]

    @classmethod
    def of(cls, release: Release, rules: Iterable[Rule]) -> "Pins":
        """The pins among the rules, but those whose article or page the release lacks; a later rule chooses first."""
        found: dict[tuple[Widget, Page], list[Pin]] = defaultdict(list)
        for rule in sorted(rules, key=lambda rule: -rule.id):
            if rule.action is Action.PIN:
                for row in release.rows([rule.subject.value]):
                    for page in _pages(release, rule):
                        found[rule.widget, page].append(Pin(rule.slot, row, rule.id))
        return cls({key: tuple(pins) for key, pins in found.items()})

    def on(self, release: Release, row: int, widget: Widget) -> list[Pin]:
        """The pins of an article's page: its own before those of its section, a smaller section before a larger."""
        if not self.by_page:
            return []
        node = int(release.section[row])
        path = release.section_ancestors[node][::-1].tolist() if node >= 0 else []
        pages = [(Kind.ARTICLE, row), *((Kind.SECTION, step) for step in path if step >= 0), _EVERY_PAGE]
        return [pin for page in pages for pin in self.by_page.get((widget, page), ())]


def placed(pins: Sequence[Pin], may: Bools, k: int) -> list[Pin]:
    """Those of the pins that may be shown in a list of k, each with its slot, none twice.

    A slot that is taken passes its pin on to the next free one; what finds no slot up to k is not pinned.
    """
    taken: dict[int, Pin] = {}
    for pin, allowed in zip(pins, may.tolist(), strict=True):
        free = next((slot for slot in range(pin.slot, k + 1) if slot not in taken), None)
        if allowed and free is not None and pin.row not in {other.row for other in taken.values()}:
            taken[free] = Pin(free, pin.row, pin.rule)
    return [taken[slot] for slot in sorted(taken)]


def arranged(rows: Sequence[int], pins: Sequence[Pin]) -> list[int]:
    """The places of `rows` in the order of the list: pinned rows in their slots, as far as the list reaches."""
    slot_of = {pin.row: pin.slot for pin in pins}
    pinned = sorted((slot_of[row], place) for place, row in enumerate(rows) if row in slot_of)
    order = [place for place, row in enumerate(rows) if row not in slot_of]
    for slot, place in pinned:  # from the first slot on, so that a later one does not move an earlier
        order.insert(slot - 1, place)
    return order


def _pages(release: Release, rule: Rule) -> list[Page]:
    if rule.place.kind is Kind.ARTICLE:
        return [(Kind.ARTICLE, row) for row in release.rows([rule.place.value])]
    if rule.place.kind is Kind.SECTION:
        node = release.section_node(rule.place.value)
        return [(Kind.SECTION, node)] if node >= 0 else []
    return [_EVERY_PAGE]
