"""What this worker answered under what is in force now: who asks the same again is given the same bytes."""

from collections import OrderedDict

import msgspec

from recsys.standing import Standing
from service.prepared import RawHeaders

Target = tuple[str, bytes]  # path and query of a request

_LONGEST, _WIDEST = 500, 65_536  # bytes of a target, of an answer; the rare ones beyond are not worth the memory
_MORE = 1_000  # bytes that an answer takes beside its body and its headers
_PART = (
    4 * 2**20
)  # bytes of answers in one table; it stops everybody while it grows, up to 14 ms where it holds 256 MiB


class Shown(msgspec.Struct, frozen=True, gc=False):  # it can be in no cycle, so none is searched for in it
    """An answer, without what depends on the moment at which it is sent.

    Attributes:
        body: its bytes.
        tag: its entity tag.
        headers: those that tell the same at any moment.
        full: whether no list lacks anything.
        youngest: when the youngest article that it shows was published, in seconds since 1970 UTC; -inf where unknown.
    """

    body: bytes
    tag: str
    headers: RawHeaders
    full: bool
    youngest: float

    def size(self) -> int:
        """About how many bytes it takes."""
        return len(self.body) + sum(len(value) for _, value in self.headers) + _MORE


class Remembered:
    """Answers by the target of the request; all are forgotten when anything else is in force. For one thread.

    Args:
        most: bytes that all answers may take; who was not asked for longest goes first.
        part: bytes of each of the tables that they are dealt out to by their targets, but for what is left over.
    """

    def __init__(self, most: int, part: int = _PART) -> None:
        number = max(1, most // part)
        self._parts = tuple(_Part(most // number) for _ in range(number))
        self._in_force: Standing | None = None
        self._era = 0  # of this standing; what is of another is let go part by part, as each is asked

    def find(self, target: Target, standing: Standing) -> Shown | None:
        """What this target was answered under this very standing, which no two views share; None where it was not."""
        if self._in_force is not standing:
            self._in_force, self._era = standing, self._era + 1
        return self._part(target).find(target, self._era)

    def keep(self, target: Target, shown: Shown) -> None:
        """Remember what the target that was last looked for is answered."""
        if len(target[0]) + len(target[1]) <= _LONGEST and len(shown.body) <= _WIDEST:
            self._part(target).keep(target, shown)

    def _part(self, target: Target) -> "_Part":
        return self._parts[(hash(target) >> 32) % len(self._parts)]  # by other bits than those that tables go by


class _Part:
    def __init__(self, most: int) -> None:
        self._most, self._size, self._era = most, 0, 0
        self._shown: OrderedDict[Target, Shown] = OrderedDict()

    def find(self, target: Target, era: int) -> Shown | None:
        if self._era != era:
            self._era, self._size = era, 0
            self._shown.clear()
        found = self._shown.get(target)
        if found is not None:
            self._shown.move_to_end(target)
        return found

    def keep(self, target: Target, shown: Shown) -> None:
        if target in self._shown:
            return
        self._shown[target] = shown
        self._size += shown.size()
        while self._size > self._most:
            self._size -= self._shown.popitem(last=False)[1].size()
