"""The key ring: a secret opens what its key is for, and is never kept, told or logged."""

import logging
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from postgres import written

from recsys.errors import ConfigError, KeyNotFound, KeyRefused
from recsys.keys import Key, KeyRing, Scope
from recsys.store import ArticleStore

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def store(store_url: str) -> Iterator[ArticleStore]:
    with closing(ArticleStore.open(store_url)) as opened:
        yield opened


@pytest.fixture(scope="module")
def ring(module_url: str) -> Iterator[KeyRing]:
    with closing(ArticleStore.open(module_url)) as store:
        yield store.keys


@settings(max_examples=20, deadline=None)
@given(st.lists(st.sampled_from(list(Scope)), min_size=1, max_size=4), st.sampled_from(list(Scope)))
def test_a_secret_opens_the_scopes_of_its_key_and_no_other(ring: KeyRing, scopes: list[Scope], asked: Scope) -> None:
    key, secret = ring.make("A. Editor", scopes, "admin", NOW)
    assert key == Key(key.id, "A. Editor", frozenset(scopes), NOW)
    if asked in scopes:
        assert ring.check(secret, asked) == key
    else:
        with pytest.raises(KeyRefused, match=f"not for {asked}") as refused:
            ring.check(secret, asked)
        assert refused.value.scope == asked


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=60) | st.text("nr_abc", max_size=10))
def test_any_other_text_opens_nothing(ring: KeyRing, text: str) -> None:
    ring.make("A. Editor", list(Scope), "admin")
    with pytest.raises(KeyRefused) as refused:
        ring.check(text, Scope.RULES)
    assert refused.value.scope is None
    assert str(refused.value) == str(KeyRefused())


def test_nearly_the_secret_opens_nothing(store: ArticleStore) -> None:
    key, secret = store.keys.make("A. Editor", [Scope.RULES], "admin")
    for wrong in (secret[:-1], secret + "x", secret.swapcase(), f" {secret}", secret.removeprefix("nr_")):
        with pytest.raises(KeyRefused):
            store.keys.check(wrong, Scope.RULES)
    assert store.keys.check(secret, Scope.RULES) == key


def test_secrets_are_long_marked_and_all_different(store: ArticleStore) -> None:
    secrets = [store.keys.make("A. Editor", [Scope.RULES], "admin")[1] for _ in range(20)]
    assert len(set(secrets)) == 20
    assert all(secret.startswith("nr_") and len(secret) == 46 for secret in secrets)


def test_a_revoked_key_opens_nothing_and_the_others_still_do(store: ArticleStore) -> None:
    (gone, lost), (_, kept) = (store.keys.make("A. Editor", [Scope.RULES], "admin", NOW) for _ in range(2))
    later = NOW + timedelta(hours=1)
    revoked = store.keys.revoke(gone.id, "admin", later)
    assert revoked.revoked_at == later
    with pytest.raises(KeyRefused) as refused:
        store.keys.check(lost, Scope.RULES)
    assert refused.value.scope is None
    store.keys.check(kept, Scope.RULES)
    assert [key.revoked_at for key in store.keys.all()] == [later, None]
    with pytest.raises(KeyNotFound, match="is revoked since"):
        store.keys.revoke(gone.id, "admin")
    assert len(store.desk.log()) == 3


@pytest.mark.parametrize("key_id", [0, -5, 9, 2**70])
def test_a_key_that_is_not_there_cannot_be_revoked(store: ArticleStore, key_id: int) -> None:
    with pytest.raises(KeyNotFound, match="no key"):
        store.keys.revoke(key_id, "admin")
    assert store.desk.log() == ()


def test_the_log_tells_of_keys_and_no_rule_has_changed(store: ArticleStore) -> None:
    key, _ = store.keys.make("A. Editor", [Scope.RULES, Scope.EXPLAIN, Scope.RULES], "admin", NOW)
    store.keys.revoke(key.id, "Bo Day")
    revoked, made = store.desk.log()
    assert (made.at, made.who, made.what, made.number) == (NOW, "admin", "key made", key.id)
    assert made.details == {"owner": "A. Editor", "scopes": ["explain", "rules"]}
    assert (revoked.who, revoked.what, revoked.number) == ("Bo Day", "key revoked", key.id)
    assert store.desk.version() == 0


def test_a_key_without_owner_scope_or_maker_is_refused(store: ArticleStore) -> None:
    for owner, scopes, who in (("", [Scope.RULES], "admin"), ("A", [], "admin"), ("A", [Scope.RULES], " ")):
        with pytest.raises(ConfigError):
            store.keys.make(owner, scopes, who)
    assert store.keys.all() == ()


def test_no_secret_is_kept_told_or_logged(
    store: ArticleStore, store_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        key, secret = store.keys.make("A. Editor", [Scope.RULES], "admin")
        store.keys.check(secret, Scope.RULES)
        with pytest.raises(KeyRefused) as refused:
            store.keys.check(secret, Scope.ARTICLES)
        store.keys.revoke(key.id, "admin")
        with pytest.raises(KeyRefused) as unknown:
            store.keys.check(secret, Scope.RULES)
    told = [caplog.text, repr(key), repr(store.keys.all()), repr(store.desk.log())]
    told += [str(error.value) + repr(error.value) for error in (refused, unknown)]
    random = secret.removeprefix("nr_")
    assert not any(random in text for text in told)
    kept = written(store_url)
    assert b"A. Editor" in kept
    assert random.encode() not in kept
