"""A schema of our own in a PostgreSQL, so that nothing else that is there is touched."""

import secrets
from collections.abc import Callable
from typing import Any


def own_schema(url: str) -> tuple[Any, Callable[[], None]]:
    """A psycopg connection that works in a new schema, and what drops the schema again."""
    import psycopg

    name = f"bench_{secrets.token_hex(6)}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}")

    def drop() -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"DROP SCHEMA {name} CASCADE")

    opened: Any = psycopg.connect(url, autocommit=True, prepare_threshold=0, options=f"-csearch_path={name}")
    return opened, drop


def size_of(connection: Any, *tables: str) -> Callable[[], int]:
    """What tells the bytes of these tables with their indices."""

    def size() -> int:
        lines = [connection.execute("SELECT pg_total_relation_size(%s)", [table]).fetchone() for table in tables]
        return sum(int(line[0]) for line in lines)

    return size
