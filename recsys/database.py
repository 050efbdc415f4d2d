"""Opening the store's database: SQLite, or PostgreSQL by its URL; its settings, its version, its migrations."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, insert, inspect, make_url, text
from sqlalchemy.exc import SQLAlchemyError

from recsys import postgres
from recsys.errors import StoreError, StoreVersionError
from recsys.schema import VERSION
from recsys.waits import JOB, Waits


@contextmanager
def store_errors(doing: str) -> Iterator[None]:
    """Turn what the database raises into a StoreError that says what failed."""
    try:
        yield
    except SQLAlchemyError as error:
        raise StoreError(f"{doing}: {getattr(error, 'orig', None) or error}") from error
    except (sqlite3.Error, OSError, UnicodeEncodeError, OverflowError) as error:
        raise StoreError(f"{doing}: {error}") from error


@contextmanager
def reading(engine: Engine, doing: str) -> Iterator[Connection]:
    """One read transaction; `doing` says in the StoreError what failed, such as "cannot read changes"."""
    with store_errors(doing), engine.connect() as connection:
        yield connection


@contextmanager
def writing(engine: Engine, doing: str) -> Iterator[Connection]:
    """One write transaction, committed at the end of the block and taken back where it raises; as `reading`."""
    with store_errors(doing), engine.execution_options(write=True).begin() as connection:
        yield connection


def added(connection: Connection, table: Table, row: Mapping[str, Any]) -> int:
    """Insert the row; the id that the database gave it."""
    key = connection.execute(insert(table).values(row)).inserted_primary_key
    assert key is not None
    return int(key[0])


def open_engine(url: str, create: bool, waits: Waits = JOB) -> Engine:
    """An engine on a store of this code's version. With `create`, it is made and migrated where need be.

    Connections that write must set the execution option `write`, see `_begin`.
    Raises StoreError where there is no store, StoreVersionError where its version is another.
    """
    with store_errors(f"cannot open the article store {_shown(url)}"):
        address = postgres.with_driver(make_url(url))
        if address.get_backend_name() == "sqlite":
            _check_file(address, create)
        engine = _engine(address, waits)
        try:
            if create and _version(engine) != VERSION:
                _migrate(engine, address, waits)
            _check_version(_version(engine), _shown(url))
        except BaseException:
            engine.dispose()
            raise
        return engine


def load_driver(url: str) -> None:
    """Import what reads and writes a store at this URL, and open nothing; whoever opens it is told what is missing."""
    with suppress(SQLAlchemyError, ImportError):
        postgres.with_driver(make_url(url)).get_dialect().import_dbapi()


def _engine(address: URL, waits: Waits) -> Engine:
    shared: dict[str, Any] = {
        "json_serializer": lambda value: msgspec.json.encode(value).decode(),
        "json_deserializer": msgspec.json.decode,
        "pool_timeout": waits.lock,
    }
    if address.get_backend_name() == "sqlite":
        engine = create_engine(address, connect_args={"timeout": waits.lock}, **shared)
        event.listen(engine, "connect", _set_up)
        event.listen(engine, "begin", _begin)
        return engine
    given = postgres.connect_args(address, waits)
    try:
        # a connection that was lost while nobody used it is made anew; the isolation is what `ArticleStore` relies on
        engine = create_engine(
            address, connect_args=given, pool_pre_ping=True, isolation_level="READ COMMITTED", **shared
        )
    except ModuleNotFoundError as error:
        raise StoreError(f"no driver {error.name} for it: pip install 'news-recsys[postgres]'") from error
    postgres.set_up(engine)
    return engine


def _shown(url: str) -> str:
    try:
        return make_url(url).render_as_string(hide_password=True)
    except SQLAlchemyError:
        return repr(url)


def _check_file(address: URL, create: bool) -> None:
    if address.database in (None, "", ":memory:"):
        raise StoreError(f"the article store needs a file, found {address}; write sqlite:///PATH")
    path = Path(str(address.database))
    if create:
        path.parent.mkdir(parents=True, exist_ok=True)
    elif not path.is_file():
        raise StoreError(f"no article store at {path}; make one with `python -m index ingest FILE --store {address}`")


def _set_up(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # transactions begin in _begin; the driver's own would not cover reads
    connection.execute("PRAGMA foreign_keys=ON")
    # FULL: a commit is on the disk when it returns, even if power fails. Readers remember change numbers, so one that
    # was seen must never be lost and given out again. Writes come in batches: one fsync each is cheap.
    connection.execute("PRAGMA synchronous=FULL")


def _begin(connection: Connection) -> None:
    """BEGIN IMMEDIATE for writers: a deferred one fails at once if another wrote between its read and its write."""
    writes = connection.get_execution_options().get("write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _version(engine: Engine) -> int | None:
    with engine.connect() as connection:
        return _version_of(connection)


def _check_version(found: int | None, where: str) -> None:
    if found == VERSION:
        return
    if found is None:
        raise StoreError(
            f"{where} is not an article store: it has no tables of one; run `python -m index ingest` on it"
        )
    remedy = (
        "update this program" if found > VERSION else "`python -m index ingest` upgrades it; keep a copy of the store"
    )
    raise StoreVersionError(f"{where} has schema version {found}, this code reads {VERSION}: {remedy}")


def _migrate(engine: Engine, address: URL, waits: Waits) -> None:
    """Bring the store to `VERSION` in one transaction; whoever comes second waits and then finds nothing to do."""
    if engine.dialect.name == "sqlite":
        from filelock import FileLock

        # changing the journal mode ignores the busy timeout, so openers take turns
        with FileLock(f"{address.database}.lock", timeout=waits.lock):
            with closing(sqlite3.connect(str(address.database), timeout=waits.lock)) as connection:
                connection.execute("PRAGMA journal_mode=WAL")  # readers beside a writer; the file keeps the setting
            _upgrade(engine)
    else:
        _upgrade(engine)


def _upgrade(engine: Engine) -> None:
    with engine.connect().execution_options(write=True) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            postgres.begin_migration(connection)
        found = _version_of(connection)
        if found is None or found < VERSION:
            _run_alembic(connection)


def _version_of(connection: Connection) -> int | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar())
    return int(found) if found.isdigit() else None


def _run_alembic(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config(attributes={"connection": connection})
    scripts = Path(__file__).parent / "migrations"
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    try:
        command.upgrade(config, f"{VERSION:04}")
    except CommandError as error:
        raise StoreVersionError(f"cannot migrate the article store: {error}") from error
