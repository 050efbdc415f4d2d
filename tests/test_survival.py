"""Whatever is killed at whatever moment: every acknowledged write is there, and every release is whole.

A cycle starts some of the processes of `victims`, kills each with SIGKILL after a time that is drawn (with PostgreSQL,
now and then, its server as well), and then looks at what is on the disk. At length:

    pytest tests/test_survival.py --kill-cycles 1000 --kill-seed 7
"""

import secrets
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import task
from life import Life
from nursery import SETTINGS, Nursery

from recsys.store import ArticleStore

LONG = 50  # cycles between two lines of a long run


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in SETTINGS.items():
            patch.setenv(name, value)  # read when its process starts, with the first victim
        yield Nursery()


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """What decides whom and when, as far as a machine takes the same time for the same twice."""
    given = request.config.getoption("--kill-seed")
    return int(secrets.randbits(32) if given is None else given)


@pytest.fixture
def life(store_url: str, request: pytest.FixtureRequest, tmp_path: Path, nursery: Nursery, seed: int) -> Life:
    server = request.getfixturevalue("postgres") if store_url.startswith("postgresql") else None
    return Life.of(tmp_path, store_url, nursery, seed, server)


def test_every_acknowledged_write_and_every_release_survives_kills_at_any_moment(
    life: Life, seed: int, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    cycles, started = request.config.getoption("--kill-cycles"), time.monotonic()
    for number in range(1, cycles + 1):
        try:
            life.cycle()
            if number % 10 == 0 or number == cycles:
                life.check_next_run()
        except Exception as error:
            said = (life.paper.folder / "victims.log").read_text()[-3000:]
            raise AssertionError(
                f"cycle {number} of --kill-seed {seed}: {error}\nThe processes said:\n{said}"
            ) from error
        if number % LONG == 0:
            with capsys.disabled():
                told = f"{number} cycles, {time.monotonic() - started:.0f} s, {life.counts()}"
                request.config.get_terminal_writer().line(f"\n{told}")
    assert life.acknowledged.total() >= cycles / 5


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_a_store_whose_making_was_killed_is_made_by_the_next(life: Life) -> None:
    for _ in range(6):
        (founder,) = life.start("founder")
        time.sleep(life.dice.uniform(0, 0.5))
        founder.kill()
        founder.end()
        for op, answer in founder.notes():
            with closing(ArticleStore.open(op["url"], create=answer is None)) as store:
                if answer is None:
                    store.put([task.article("b", 0)])
                assert store.change() == sum(store.count().values()) > 0


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("kind", "complaint"), [("desk_naively", "expected Holdings"), ("publisher_naively", "is not whole: ")]
)
def test_a_naive_writer_and_a_naive_publisher_do_not_survive(life: Life, kind: str, complaint: str) -> None:
    life.cycle([kind.removesuffix("_naively")])
    with pytest.raises(AssertionError, match=complaint):
        life.cycles([kind], 20)
