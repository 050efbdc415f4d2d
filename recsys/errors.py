"""Every error that this project raises on purpose.

    RecsysError
    ├── ConfigError            a setting, option or weight that cannot be used
    ├── SourceError            a file of articles that cannot be read at all
    │   └── SourceBusy         a CMS that asks to be left alone for a while
    ├── StoreError             the article store
    │   └── StoreVersionError  its schema is older or newer than this code
    ├── ModelError             the embedding model: missing, altered, or not the one expected
    ├── MissingExtra           an optional package is not installed
    ├── ClusterError           the cluster that does the night's work
    ├── EngineLost             the engine of vectors elsewhere does not answer, or lacks the collection
    ├── BuildRefused           a check failed: the release is not published
    ├── ReleaseError           a release on disk
    │   ├── NoRelease          nothing is published yet, or no release of that id
    │   ├── ReleaseDamaged     a file is missing, cut short or altered
    │   ├── ReleaseFormatError written by another version of the format
    │   └── Overtaken          somebody else has published meanwhile
    ├── ArticleNotFound        no such article in this release
    ├── RuleNotFound           no such editors' rule, or it is over
    ├── TakedownNotFound       the article is not taken down
    ├── PreconditionFailed     the stored article is not the one that a write was meant for
    ├── StaleArticle           a write would put an older version over a newer one
    ├── KeyNotFound            no such key, or it is revoked
    └── KeyRefused             a secret that opens nothing, or not this

A message names the thing, the value found and what to do.
"""

from datetime import datetime


class RecsysError(Exception):
    """Base of all. Catch it at the edge of a program: its text is meant for a person."""


class ConfigError(RecsysError, ValueError):
    """A setting, option or weight that cannot be used."""


class SourceError(RecsysError):
    """A file of articles that cannot be opened or understood at all (one bad row is a reject, not an error)."""


class SourceBusy(SourceError):
    """A source over HTTP wants to be asked again later: in `retry_after` seconds, as it says."""

    def __init__(self, text: str, retry_after: float) -> None:
        self.retry_after = retry_after
        super().__init__(text)


class StoreError(RecsysError):
    """The article store cannot be opened, read or written."""


class StoreVersionError(StoreError):
    """The store's schema is not the one that this code reads."""


class ModelError(RecsysError):
    """The embedding model is missing, altered, unsafe to load, or not the one that made the vectors."""


class MissingExtra(RecsysError, ImportError):
    """An optional package is not installed; the text says how to install it."""


class ClusterError(RecsysError):
    """The cluster that does the night's work cannot be joined, or has nobody left to do it."""


class EngineLost(RecsysError):
    """An engine of vectors cannot be reached, does not answer in time, refuses, or lacks the collection, whole."""


class BuildRefused(RecsysError):
    """A check failed, so the build is not published and the last release stays."""


class ReleaseError(RecsysError):
    """A release on disk cannot be used."""


class NoRelease(ReleaseError, LookupError):
    """Nothing is published yet, or there is no release of that id."""


class ReleaseDamaged(ReleaseError):
    """A file of the release is missing, cut short or altered."""


class ReleaseFormatError(ReleaseError):
    """The release was written by a version of the format that this code does not read."""


class Overtaken(ReleaseError):
    """An object is no longer what a write was meant to replace: somebody else has published meanwhile."""


class ArticleNotFound(RecsysError, LookupError):
    """The release has no such article.

    >>> str(ArticleNotFound("a17"))
    "no article 'a17' in this release"
    """

    def __init__(self, key: str, where: str = "this release") -> None:
        self.key = key
        super().__init__(f"no article {key!r} in {where}")


class RuleNotFound(RecsysError, LookupError):
    """The store has no such rule of editors, or the rule is over and cannot be ended.

    >>> str(RuleNotFound(17))
    'no rule 17: `python -m index rules list --all` tells which there are'
    """

    def __init__(self, rule_id: int, over_since: datetime | None = None) -> None:
        self.rule_id, self.over_since = rule_id, over_since
        super().__init__(
            f"rule {rule_id} is over since {over_since.isoformat()}: there is nothing to end"
            if over_since
            else f"no rule {rule_id}: `python -m index rules list --all` tells which there are"
        )


class TakedownNotFound(RecsysError, LookupError):
    """No takedown of this article stands, so there is nothing to lift.

    >>> str(TakedownNotFound("a17"))
    "article 'a17' is not taken down: `python -m index takedowns list` tells which are"
    """

    def __init__(self, article_id: str) -> None:
        self.article_id = article_id
        super().__init__(f"article {article_id!r} is not taken down: `python -m index takedowns list` tells which are")


class PreconditionFailed(RecsysError):
    """A write was meant for another version of the article; `digest` is the stored one's, None where there is none."""

    def __init__(self, article_id: str, digest: str | None) -> None:
        self.article_id, self.digest = article_id, digest
        found = f"stands at {digest}" if digest else "is not in the store"
        super().__init__(f"article {article_id!r} {found}, not at what the write was meant for: read it again")


class StaleArticle(RecsysError):
    """A write has an earlier `updated_at` than the stored article: it would put an older version over a newer one."""

    def __init__(self, article_id: str, stored: datetime, given: datetime) -> None:
        self.article_id, self.stored, self.given = article_id, stored, given
        super().__init__(
            f"article {article_id!r} was updated at {stored.isoformat()}, this one at {given.isoformat()}: send the"
            " newest version, or say with If-Match which one to replace"
        )


class KeyNotFound(RecsysError, LookupError):
    """The store has no such key, or the key is revoked already."""

    def __init__(self, key_id: int, revoked_at: datetime | None = None) -> None:
        self.key_id, self.revoked_at = key_id, revoked_at
        super().__init__(
            f"key {key_id} is revoked since {revoked_at.isoformat()}: there is nothing to do"
            if revoked_at
            else f"no key {key_id}: `python -m index keys list` tells which there are"
        )


class KeyRefused(RecsysError):
    """A secret is unknown or revoked, or its key has not the scope that is asked. The text never holds the secret.

    `scope` is the scope that a known key lacks (HTTP's 403); None where the secret opens nothing (401).
    """

    def __init__(self, scope: str | None = None) -> None:
        self.scope = scope
        super().__init__(
            f"this key is not for {scope}: make one with `python -m index keys make --scope {scope}`"
            if scope
            else "no key has this secret, or it is revoked: make one with `python -m index keys make`"
        )
