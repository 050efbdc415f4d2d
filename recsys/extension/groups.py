"""Groups of rows that change one article at a time: what the night found, and what is other since."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from recsys.columns import Int32, ListColumn

Order = Callable[[Collection[int]], list[int]]


@dataclass(frozen=True, slots=True)
class Regrouping:
    """What one article changes.

    Attributes:
        number: group of the rows that are now together, -1 where that is one row alone.
        groups: for each row whose group is another, the new one, -1 where it is alone now.
        rows: for each group that has changed all its rows in order, none where it is no more.
    """

    number: int
    groups: Mapping[int, int]
    rows: Mapping[int, list[int]]


class Groups:
    """Which rows are together; groups have two rows or more, and new ones are numbered after the release's.

    Args:
        group: (n,) the group of each row of the release, -1 for one alone.
        rows: of each group, in order.
        order: puts rows of one group in order.
    """

    def __init__(self, group: Int32, rows: ListColumn, order: Order) -> None:
        self._group, self._rows, self._order = group, rows, order
        self._changed: dict[int, int] = {}
        self._lists: dict[int, list[int]] = {}
        self._size = len(rows)

    def of(self, row: int) -> int:
        """The group of a row, -1 where it is alone."""
        found = self._changed.get(row)
        if found is not None:
            return found
        return int(self._group[row]) if row < len(self._group) else -1

    def beside(self, row: int) -> list[int]:
        """The rows of its group, itself among them; itself alone where it has none."""
        number = self.of(row)
        return [row] if number < 0 else self.members(number)

    def all_beside(self, rows: Iterable[int]) -> set[int]:
        """The rows of all their groups, themselves among them."""
        alone, numbers = set(), set()
        for row in rows:
            number = self.of(row)
            numbers.add(number)
            if number < 0:
                alone.add(row)
        return alone.union(*(self.members(number) for number in numbers - {-1}))

    def members(self, number: int) -> list[int]:
        """The rows of a group in order, none of one that is yet to be."""
        found = self._lists.get(number)
        if found is not None:
            return found
        return self._rows[number].tolist() if number < len(self._rows) else []

    def regrouped(self, together: Collection[int], gone: Collection[int]) -> Regrouping:
        """What changes if these rows are one group, and those that are gone are in none; nothing is changed yet.

        Args:
            together: all rows of whole groups, but for those that are gone, and rows that were alone.
        """
        before = {row: self.of(row) for row in (*together, *gone)}
        touched = set(before.values()) - {-1}
        number = -1
        if len(together) > 1:
            number = min((before[row] for row in together if before[row] >= 0), default=self._size)
        groups = dict.fromkeys(together, number) | dict.fromkeys(gone, -1)
        rows: dict[int, list[int]] = {}
        for other in touched - {number}:
            left = [row for row in self.members(other) if row not in groups]
            if len(left) == 1:
                groups[left.pop()] = -1
            rows[other] = left
        if number >= 0:
            rows[number] = self._order(together)
        return Regrouping(number, {row: new for row, new in groups.items() if new != self.of(row)}, rows)

    def take(self, change: Regrouping) -> None:
        """Let it be so from now on."""
        self._changed |= change.groups
        self._lists |= change.rows
        self._size = max(self._size, change.number + 1)
