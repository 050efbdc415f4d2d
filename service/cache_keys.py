"""Names under which a shared cache can be told to forget answers: one for each article in it, and one for all answers.

    a-mc-storm-04                        the article mc-storm-04: as the page, or as an item of a list
    h-b3a1a2…                            an article whose id is long: BLAKE2b of it, 16 bytes
    lists                                every answer

The keys are words of letters, digits and -_.~%, so that no cache cuts them in two. Caches that do not tell upper from
lower case (Cloudflare) forget too much at worst.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b
from urllib.parse import quote

EVERY = "lists"
_LONGEST = 40  # characters; 301 such keys stay below the 16 KB that Fastly and Cloudflare take
_PLAIN = re.compile(r"[A-Za-z0-9_.~-]{0,38}").fullmatch  # what `quote` leaves as it is, with a- of at most 40


class CacheKeys(StrEnum):
    """The header that carries the keys."""

    SURROGATE_KEY = "surrogate-key"  # Fastly, and caches that do as it does
    CACHE_TAG = "cache-tag"  # Cloudflare
    XKEY = "xkey"  # Varnish with vmod_xkey
    NONE = "none"


@dataclass(frozen=True, slots=True)
class _Dialect:
    """How a kind of cache wants to be told.

    Attributes:
        keys: header of the keys.
        between: what stands between two keys.
        control: header that only this cache obeys, in the place of `Cache-Control`.
    """

    keys: str
    between: str
    control: str


_DIALECTS = {
    CacheKeys.SURROGATE_KEY: _Dialect("Surrogate-Key", " ", "Surrogate-Control"),
    CacheKeys.CACHE_TAG: _Dialect("Cache-Tag", ",", "CDN-Cache-Control"),
    CacheKeys.XKEY: _Dialect("xkey", " ", "Surrogate-Control"),
}


def key_of(article_id: str) -> str:
    """The key of an article, at most 40 characters of printable ASCII without space and comma."""
    if _PLAIN(article_id):
        return f"a-{article_id}"
    readable = f"a-{quote(article_id, safe='', errors='surrogatepass')}"
    if len(readable) <= _LONGEST:
        return readable
    return f"h-{blake2b(article_id.encode('utf-8', 'surrogatepass'), digest_size=16).hexdigest()}"


def key_headers(keys: CacheKeys, article_ids: Iterable[str]) -> dict[str, str]:
    """The header that names the keys of these articles to a shared cache."""
    dialect = _DIALECTS.get(keys)
    if dialect is None:
        return {}
    return {dialect.keys: dialect.between.join([EVERY, *dict.fromkeys(map(key_of, article_ids))])}


def control_header(keys: CacheKeys, control: str) -> dict[str, str]:
    """The header that tells a shared cache, and nobody else, for how long it may keep an answer."""
    dialect = _DIALECTS.get(keys)
    return {} if dialect is None or not control else {dialect.control: control}
