import io
import logging

import pytest

from recsys.progress import progress, track


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_without_a_terminal_a_line_is_logged_now_and_then_and_at_the_end(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    clock = Clock()
    with progress("embed", 1000, every=30, terminal=False, clock=clock) as advance:
        for _ in range(10):
            clock.now += 10
            advance(100)
    assert caplog.messages == [
        "embed: 300 of 1,000 articles, 10/s, 1 min 10 s left",
        "embed: 600 of 1,000 articles, 10/s, 40 s left",
        "embed: 900 of 1,000 articles, 10/s, 10 s left",
        "embed: 1,000 of 1,000 articles, done in 1 min 40 s (10 articles/s)",
    ]


def test_the_last_line_comes_also_when_the_work_fails(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    working = progress("ingest", unit="rows", terminal=False, clock=Clock())
    working.__enter__()(7)
    assert not working.__exit__(RuntimeError, RuntimeError(), None)  # the error goes on
    assert caplog.messages == ["ingest: 7 rows, stopped after 0 s"]


def test_a_long_wait_is_told_in_hours(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    clock = Clock()
    with progress("embed", 1_000_000, terminal=False, clock=clock) as advance:
        clock.now = 100
        advance(10_000)
    assert caplog.messages[0].endswith("100/s, 2 h 45 min left")


def test_on_a_terminal_there_is_a_bar_with_rate_and_nothing_in_the_log(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO)
    screen = io.StringIO()
    monkeypatch.setattr("sys.stderr", screen)
    with progress("embed", 3, terminal=True) as advance:
        advance(3)
    assert "embed: 100%" in screen.getvalue()
    assert "articles/s" in screen.getvalue()
    assert caplog.messages == []


def test_tracked_items_come_through_unchanged_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    assert list(track(range(5), "eval", 5, unit="queries")) == [0, 1, 2, 3, 4]
    assert caplog.messages[-1].startswith("eval: 5 of 5 queries, done in ")
