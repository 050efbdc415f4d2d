"""Change numbers become visible in their order: a follower misses nothing, however many write at once."""

import multiprocessing
import random
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import count

from conftest import article
from postgres import execute
from sqlalchemy import create_engine, text

from recsys.store import ArticleStore

THREADS, BATCHES = 4, 12


def followed(after: Callable[[int], Iterable[tuple[int, str]]], done: Callable[[], bool]) -> list[str]:
    """The ids that a follower sees who asks for what comes after the last number that it has seen."""
    seen, last, over = list[str](), 0, False
    while not over:
        over = done()  # asked first, so that there is one more look after the last write
        for number, article_id in after(last):
            assert number > last
            last = number
            seen.append(article_id)
    return seen


def _write(url: str, process: int) -> None:
    with closing(ArticleStore.open(url)) as store, ThreadPoolExecutor(THREADS) as pool:

        def work(thread: int) -> None:
            for batch in range(BATCHES):
                store.put([article(0, id=f"{process}-{thread}-{batch}-{n}") for n in range(random.randint(1, 3))])

        list(pool.map(work, range(THREADS)))


def test_a_follower_sees_every_change_of_many_writers_once(store_url: str) -> None:
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=_write, args=(store_url, number)) for number in range(2)]
    with closing(ArticleStore.open(store_url)) as store, ThreadPoolExecutor(1) as pool:
        for writer in writers:
            writer.start()
        here = pool.submit(_write, store_url, 2)

        def after(change: int) -> list[tuple[int, str]]:
            return [(one.change, one.id) for one in store.changes_after(change)]

        seen = followed(after, lambda: here.done() and not any(writer.is_alive() for writer in writers))
        here.result()
        assert [writer.exitcode for writer in writers] == [0, 0]
        with store.snapshot() as snapshot:
            assert sorted(seen) == [one.id for one in snapshot.articles()]
        assert len(seen) == store.change() >= 3 * THREADS * BATCHES


def test_the_same_follower_misses_changes_whose_numbers_come_from_a_sequence(store_url: str) -> None:
    """What the store would be without its lock: a number is drawn, and is seen when its writer gets to commit."""
    execute(store_url, "CREATE TABLE naive (number BIGINT PRIMARY KEY, id TEXT)")
    is_postgres = store_url.startswith("postgres")
    if is_postgres:
        execute(store_url, "CREATE SEQUENCE naive_numbers")
    engine = create_engine(store_url.replace("postgresql:", "postgresql+psycopg:"), pool_size=THREADS + 1)
    numbers = count(1)

    def work(thread: int) -> None:
        for batch in range(BATCHES):
            with engine.begin() as connection:
                drawn = connection.scalar(text("SELECT nextval('naive_numbers')")) if is_postgres else next(numbers)
                time.sleep(random.uniform(0, 0.005))
                row = {"number": drawn, "id": f"{thread}-{batch}"}
                connection.execute(text("INSERT INTO naive VALUES (:number, :id)"), row)

    def after(number: int) -> list[tuple[int, str]]:
        with engine.connect() as connection:
            asked = text("SELECT number, id FROM naive WHERE number > :number ORDER BY number")
            return [(found, article_id) for found, article_id in connection.execute(asked, {"number": number})]

    with ThreadPoolExecutor(THREADS) as pool:
        running = [pool.submit(work, thread) for thread in range(THREADS)]
        seen = followed(after, lambda: all(one.done() for one in running))
        for one in running:
            one.result()
    assert len(after(0)) == THREADS * BATCHES
    assert len(seen) < THREADS * BATCHES
    engine.dispose()
