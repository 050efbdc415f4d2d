"""Keys to what the service does not do for everybody. The store keeps no secret, only the SHA-256 of it.

key, secret = store.keys.make("A. Editor", [Scope.RULES], who="admin")
store.keys.check(secret, Scope.RULES)  # the key, or KeyRefused
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Engine, select, update

from recsys.audit import What, note, said
from recsys.database import added, reading, writing
from recsys.errors import ConfigError, KeyNotFound, KeyRefused
from recsys.moments import moment_of, seconds_down
from recsys.schema import LARGEST, keys

PREFIX = "nr_"  # so that scanners for leaked secrets, and people, see what it is


class Scope(StrEnum):
    """What a key opens."""

    RULES = "rules"  # editors' rules
    ARTICLES = "articles"  # articles in and out
    EXPLAIN = "explain"  # why an article stands where it does


@dataclass(frozen=True, slots=True)
class Key:
    """A key, without its secret. Moments are aware and in UTC.

    `scopes` are those that this program knows; `revoked_at` is None while the key opens.
    """

    id: int
    owner: str
    scopes: frozenset[Scope]
    made_at: datetime
    revoked_at: datetime | None = None


class KeyRing:
    """The keys of one store; made by `ArticleStore`, safe in threads. Everything may raise StoreError."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def make(self, owner: str, scopes: Sequence[Scope], who: str, now: datetime | None = None) -> tuple[Key, str]:
        """A new key and its secret, which nobody can tell again.

        Raises:
            ConfigError: no owner, no scope or nobody is named.
        """
        owner, who, now = said("owner", owner), said("who", who), now or datetime.now(UTC)
        names = sorted({Scope(scope).value for scope in scopes})
        if not names:
            raise ConfigError(f"a key needs a scope: give at least one of {', '.join(Scope)}")
        secret = PREFIX + secrets.token_urlsafe(32)
        row = {"owner": owner, "scopes": names, "made_at": seconds_down(now), "revoked_at": None}
        with writing(self._engine, "cannot make a key") as connection:
            key = _to_key(row | {"id": added(connection, keys, row | {"hash": _hash(secret)})})
            note(connection, now, who, What.KEY_MADE, key.id, {"owner": owner, "scopes": names})
        return key, secret

    def check(self, secret: str, scope: Scope) -> Key:
        """The key of this secret, if it opens the scope.

        Raises:
            KeyRefused: the secret is unknown or revoked, or its key has not the scope.
        """
        asked = _hash(secret)
        with reading(self._engine, "cannot read the keys") as connection:
            rows = connection.execute(select(keys).where(keys.c.revoked_at.is_(None))).mappings().all()
        # Each live key is compared in full, the right one too: how long it takes tells nothing of any hash. A newsroom
        # has dozens of keys, so looking one up by a part of the secret would save nothing.
        found = [row for row in rows if hmac.compare_digest(row["hash"].encode(), asked.encode())]
        if not found:
            raise KeyRefused
        key = _to_key(dict(found[0]))
        if scope not in key.scopes:
            raise KeyRefused(scope)
        return key

    def revoke(self, key_id: int, who: str, now: datetime | None = None) -> Key:
        """Make the key open nothing from now on.

        Raises:
            KeyNotFound: there is none, or it is revoked already.
            ConfigError: nobody is named.
        """
        who, now = said("who", who), now or datetime.now(UTC)
        one = keys.c.id == key_id
        with writing(self._engine, "cannot revoke a key") as connection:
            asked = select(keys).where(one).with_for_update()  # one of two that revoke it is the first
            row = connection.execute(asked).mappings().first() if 0 < key_id <= LARGEST else None
            if row is None:
                raise KeyNotFound(key_id)
            key = _to_key(dict(row))
            if key.revoked_at is not None:
                raise KeyNotFound(key_id, key.revoked_at)
            connection.execute(update(keys).where(one).values(revoked_at=seconds_down(now)))
            note(connection, now, who, What.KEY_REVOKED, key_id, {"owner": key.owner})
        return replace(key, revoked_at=moment_of(seconds_down(now)))

    def all(self) -> tuple[Key, ...]:
        """Every key that was ever made, by id."""
        with reading(self._engine, "cannot read the keys") as connection:
            return tuple(_to_key(dict(row)) for row in connection.execute(select(keys).order_by(keys.c.id)).mappings())


def _hash(secret: str) -> str:
    """SHA-256, 64 hex digits. A slow hash guards passwords that can be guessed; nobody guesses 32 random bytes."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def _to_key(row: Mapping[str, Any]) -> Key:
    known = {scope.value for scope in Scope}
    return Key(
        id=row["id"],
        owner=row["owner"],
        scopes=frozenset(Scope(name) for name in row["scopes"] if name in known),
        made_at=moment_of(row["made_at"]),
        revoked_at=None if row["revoked_at"] is None else moment_of(row["revoked_at"]),
    )
