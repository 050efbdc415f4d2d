"""Where changed articles come from, round by round: files, an address, WordPress, Drupal; chosen by how it is written.

articles/*.jsonl.gz                                  files, new or changed
https://paper.example/export.jsonl?since={since}     an address that gives such a file, or JSON
wordpress:https://paper.example                      its REST interface
drupal:https://paper.example/jsonapi/node/article    its JSON:API
"""

import re
from collections.abc import Callable
from datetime import datetime
from urllib.parse import urlsplit

from index.origins.batch import Batch, Cursor, Origin
from recsys.errors import ConfigError
from recsys.urls import is_web_url

__all__ = ["Batch", "Cursor", "Origin", "origin_of"]

_SCHEME = re.compile(r"(wordpress|drupal):(.*)|([a-z][a-z0-9+.-]+)://.*", re.IGNORECASE | re.DOTALL)


def origin_of(source: str, now: Callable[[], datetime], user: str | None = None, password: str | None = None) -> Origin:
    """The origin that `source` names; `now` tells the aware time. Nothing is asked yet.

    Raises:
        ConfigError: it is none, or has a password in it, which would stand in logs and in the state.
    """
    found = _SCHEME.fullmatch(source.strip())
    if found is None:
        if user is not None:
            raise ConfigError(f"--user is for sources over HTTP; {source!r} is a path")
        from index.origins.files import Files

        return Files(source.strip())
    kind, address = (found[1] or "").lower(), found[2] if found[1] else source.strip()
    _check(source, address)
    from index.origins.client import Client

    client = Client(user, password)
    if kind == "wordpress":
        from index.origins.wordpress import WordPress

        return WordPress(address, client, now)
    if kind == "drupal":
        from index.origins.drupal import Drupal

        return Drupal(address, client)
    from index.origins.web import Web

    return Web(address, client)


def _check(source: str, address: str) -> None:
    plain = address.replace("{since}", "since")
    if not is_web_url(plain):
        raise ConfigError(f"--source {source!r}: write a path, an http(s) address, wordpress:ADDRESS or drupal:ADDRESS")
    if "@" in urlsplit(plain).netloc:
        raise ConfigError("--source has a password in its address: give it with --user and --password-file")
