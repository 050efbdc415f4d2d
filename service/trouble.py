"""A trouble that lasts is logged once, not at every look."""

import logging

_TEXTS = 20  # different texts of one trouble that are logged before it is over


class Trouble:
    """Says each trouble once, and once when all is well again."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._said: set[str] = set()

    def found(self, text: str, error: Exception | None = None, level: int = logging.ERROR) -> None:
        """Something is wrong; `error`, where given, is logged with its traceback."""
        if text not in self._said and len(self._said) < _TEXTS:
            self._log.log(level, "%s", text, exc_info=error)
            self._said.add(text)

    def over(self, text: str) -> None:
        """All is well."""
        if self._said:
            self._log.info("%s", text)
        self._said.clear()
