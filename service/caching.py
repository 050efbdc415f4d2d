"""For how long caches may keep an answer, and whether a client has it already.

Nothing here can reach into a cache: what is taken down stays there for as long as the headers said. So everybody may
keep an answer for `Settings.cache_seconds` in all, served stale or not. Only a shared cache that the newsroom purges by
key (`service.cache_keys`) is told more, in a header of its own. Neither outlasts the moment at which an embargo, an
expiry or a rule begins or ends.
"""

from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b

from service.cache_keys import control_header, key_headers
from service.prepared import RawHeaders, raw
from service.settings import Settings

_SCANT = 10  # seconds; a list that lacks something may soon have more
_HOUR, _DAY = 3600, 86_400
_BY_AGE = ((6 * _HOUR, 60), (3 * _DAY, 300), (15 * _DAY, _HOUR))  # (younger than, seconds)
_OLD = 6 * _HOUR
_REVALIDATED, _IN_TROUBLE = 60, _DAY  # seconds that a purged cache may go on while it asks, or cannot ask


def patience(full: bool, age: float) -> int:
    """Seconds for which an answer is worth keeping, whose youngest article is `age` seconds old (inf: undated)."""
    if not full:
        return _SCANT
    return next((seconds for younger_than, seconds in _BY_AGE if age < younger_than), _OLD)


def for_everybody(settings: Settings, worth: int, lasts: float) -> str:
    """`Cache-Control`: half of the time fresh, half stale; nothing is kept beyond `cache_seconds` and `lasts`."""
    kept = int(min(settings.cache_seconds, worth, lasts))
    if kept < 1:  # where something ends within the second nobody is to keep it, not even for when the service is away
        return "public, no-cache" if settings.cache_seconds < 1 <= lasts else "no-store"
    stale = kept // 2
    late = f"stale-while-revalidate={stale}, stale-if-error={stale}" if stale else "must-revalidate"
    return f"public, max-age={kept - stale}, {late}"


def for_purged(settings: Settings, worth: int, lasts: float) -> str:
    """What only the cache obeys that is purged; "" where there is none, or nothing is to be kept."""
    kept = int(min(settings.purged_seconds, worth, lasts))
    if kept < 1:
        return ""
    left = lasts - kept
    again, trouble = int(min(_REVALIDATED, left)), int(min(_IN_TROUBLE, left))
    return f"max-age={kept}, stale-while-revalidate={again}, stale-if-error={trouble}"


def lasting_headers(settings: Settings, tag: str, article_ids: Iterable[str]) -> dict[str, str]:
    """Headers of an answer that shows these articles, the same at any moment."""
    return {"ETag": tag, **key_headers(settings.cache_keys, article_ids)}


class Passing:
    """Headers for how long caches may keep an answer, each written once: they tell whole seconds."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._far = max(settings.cache_seconds, settings.purged_seconds) + _IN_TROUBLE  # what is later changes nothing
        self._written = lru_cache(maxsize=1024)(self._write)

    def headers(self, worth: int, lasts: float) -> RawHeaders:
        """`worth` and `lasts` are seconds from now."""
        return self._written(worth, int(min(lasts, self._far)))

    def _write(self, worth: int, lasts: int) -> RawHeaders:
        everybody = {"Cache-Control": for_everybody(self._settings, worth, lasts)}
        return raw(everybody | control_header(self._settings.cache_keys, for_purged(self._settings, worth, lasts)))


def tag_of(body: bytes) -> str:
    """A strong entity tag: of the bytes, and so the same from every worker and host that gives the same answer."""
    return f'"{blake2b(body, digest_size=12).hexdigest()}"'


def has_it(if_none_match: list[str], tag: str) -> bool:
    """Whether these values of `If-None-Match` name the tag; compared weakly, as RFC 9110 13.1.2 wants."""
    # our tags are quoted hex, so that between the quotes of two other tags there is never one
    return any(value.strip() == "*" or tag in value for value in if_none_match)
