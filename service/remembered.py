"""What this worker answered under what is in force now: who has that answer is told so without making it again."""

from dataclasses import dataclass

from fastapi import Request

from recsys.standing import Standing

_MOST = 10_000  # answers, of 1 KB each as a rule
_LONGEST, _WIDEST = 500, 50  # bytes of a target, articles of an answer; the rare ones beyond are not worth the memory


@dataclass(frozen=True, slots=True)
class Shown:
    """What the headers of an answer are made of.

    Attributes:
        tag: its entity tag.
        full: whether no list lacks anything.
        youngest: when the youngest article that it shows was published, in seconds since 1970 UTC; -inf where unknown.
        article_ids: the page's article, then those of its lists.
    """

    tag: str
    full: bool
    youngest: float
    article_ids: tuple[str, ...]


class Remembered:
    """Answers by the target of the request; all are forgotten when anything else is in force. For one thread."""

    def __init__(self) -> None:
        self._in_force: Standing | None = None
        self._shown: dict[tuple[str, bytes], Shown] = {}

    def find(self, request: Request, standing: Standing) -> Shown | None:
        """What this request was answered under this very standing, which no two views share; None where it was not."""
        if self._in_force is not standing:
            self._in_force, self._shown = standing, {}
        return self._shown.get(_target(request))

    def keep(self, request: Request, shown: Shown) -> None:
        """Remember what the request that was last asked for is answered."""
        target = _target(request)
        if sum(map(len, target)) > _LONGEST or len(shown.article_ids) > _WIDEST:
            return
        if len(self._shown) >= _MOST:
            self._shown.clear()
        self._shown[target] = shown


def _target(request: Request) -> tuple[str, bytes]:
    return request.scope["path"], request.scope["query_string"]
