"""Settings are values: from options, then from the environment, checked once."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.errors import ConfigError
from service.cache_keys import CacheKeys
from service.settings import Settings


def test_an_option_wins_over_the_environment_and_what_is_empty_is_not_given() -> None:
    environ = {"RECSYS_RELEASES": "a", "RECSYS_PORT": "81", "RECSYS_STORE": ""}
    settings = Settings.read(environ, {"port": "82", "host": None, "cors_origins": ()})
    assert (settings.releases, settings.port, settings.store, settings.host) == (Path("a"), 82, None, "127.0.0.1")


@pytest.mark.parametrize(
    ("key", "value", "wanted"),
    [
        ("PORT", "http", "whole number"),
        ("PORT", "0", "from 1 to 65535"),
        ("PORT", "8_0", "whole number"),
        ("WORKERS", "-1", "from 1 to 256"),
        ("POLL_SECONDS", "nan", "number of seconds"),
        ("POLL_SECONDS", "0", "above 0"),
        ("POLL_SECONDS", "1e9", "at most 3600"),
        ("CORS_ORIGINS", "paper.example", "origins such as"),
        ("CORS_ORIGINS", "https://paper.example/", "origins such as"),
        ("MAX_K", "101", "from 10 to 100"),
        ("CACHE_SECONDS", "-1", "from 0 to 86400"),
        ("PURGED_SECONDS", "1h", "whole number of seconds"),
        ("REMEMBER_MIB", "all", "MiB from 0 to 65536"),
        ("CACHE_KEYS", "etag", "surrogate-key, cache-tag, xkey, none"),
        ("PER_EVENT", "0", "from 1 to 100, or none"),
        ("PER_EVENT", "all", "from 1 to 100, or none"),
    ],
)
def test_a_value_that_cannot_be_used_is_named_with_its_key_and_what_is_wanted(
    key: str, value: str, wanted: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        Settings.read({"RECSYS_RELEASES": "a", f"RECSYS_{key}": value})
    assert f"RECSYS_{key} is {value!r}: give" in str(refused.value)
    assert wanted in str(refused.value)


def test_a_bad_option_is_named_as_it_is_typed() -> None:
    with pytest.raises(ConfigError, match="--poll-seconds is 'soon': give a number of seconds"):
        Settings.read({}, {"releases": "a", "poll_seconds": "soon"})


def test_without_a_folder_of_releases_nothing_can_start() -> None:
    with pytest.raises(ConfigError, match="give --releases with a folder or a URL, or RECSYS_RELEASES"):
        Settings.read({})


def test_a_list_holds_three_of_an_event_unless_the_settings_say_otherwise() -> None:
    found = [Settings.read({"RECSYS_RELEASES": "a"} | given) for given in ({}, {"RECSYS_PER_EVENT": "5"})]
    found.append(Settings.read({"RECSYS_RELEASES": "a"}, {"per_event": "none"}))
    assert [settings.per_event for settings in found] == [3, 5, None]


@given(
    st.builds(
        Settings,
        releases=st.sampled_from([Path("a"), Path("/b c/d"), "s3://bucket/a b"]),
        cache=st.sampled_from([Path("c"), Path("/d e")]),
        store=st.sampled_from([None, "sqlite:///x.db"]),
        weights=st.sampled_from([None, Path("w.json")]),
        port=st.integers(1, 65_535),
        workers=st.integers(1, 256),
        poll_seconds=st.floats(0.01, 3600),
        cors_origins=st.sampled_from([(), ("*",), ("https://a.example", "http://b.example:8080")]),
        max_k=st.integers(10, 100),
        per_event=st.none() | st.integers(1, 100),
        cache_seconds=st.integers(0, 86_400),
        purged_seconds=st.integers(0, 86_400),
        cache_keys=st.sampled_from(CacheKeys),
        remember_mib=st.integers(0, 65_536),
    )
)
def test_a_worker_reads_from_its_environment_the_settings_that_were_put_there(settings: Settings) -> None:
    assert Settings.read(settings.as_environ()) == settings
