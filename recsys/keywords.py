"""Keywords: words that stand side by side in what is printed of an article, whatever their case."""

import re
from collections.abc import Iterable, Sequence

_WORD = re.compile(r"\w+")


def words(text: str) -> list[str]:
    """The words of a text in order, folded; hyphens and apostrophes part them.

    >>> words("Court-case: DAY 2")
    ['court', 'case', 'day', '2']
    """
    return _WORD.findall(text.casefold())


def mentions(texts: Iterable[str], keyword: Sequence[str]) -> bool:
    """Whether one of the texts holds these words side by side; never where there are none.

    >>> mentions(["The court case goes on"], words("court case")), mentions(["the case in court"], words("court case"))
    (True, False)
    """
    size = len(keyword)
    wanted = list(keyword)
    for text in texts if size else ():
        found = words(text)
        if any(found[start : start + size] == wanted for start in range(len(found) - size + 1)):
            return True
    return False
