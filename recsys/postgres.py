"""How PostgreSQL is used: its driver, the limits of a connection, and the word that it passes on at each commit."""

from typing import Any

from sqlalchemy import URL, Connection, Engine, event, text

from recsys.errors import StoreError
from recsys.waits import Waits

DRIVER = "postgresql+psycopg"
CHANNEL = "news_recsys"  # on which a database tells that its store was written to
MIGRATION_LOCK = 7_230_001  # an advisory lock; any number that is always the same
_STANDSTILL = 60  # seconds; a writer that is cut off or stopped within a transaction must not keep all others waiting


def with_driver(address: URL) -> URL:
    """The address with the driver that we are tested with, where it names none."""
    return address.set(drivername=DRIVER) if address.drivername in ("postgresql", "postgres") else address


def connect_args(address: URL, waits: Waits) -> dict[str, Any]:
    """What the driver is told beside the address; what the address says of itself counts more."""
    limits = {
        "lock_timeout": waits.lock,
        "statement_timeout": waits.statement or 0,
        "idle_in_transaction_session_timeout": _STANDSTILL,
    }
    options = " ".join(f"-c {name}={int(seconds * 1000)}" for name, seconds in limits.items())
    own = address.query.get("options", "")
    silence = int((waits.statement or waits.lock) * 1000)
    known: dict[str, Any] = {
        "application_name": "news-recsys",
        "connect_timeout": max(2, round(waits.connect)),
        # a host that has vanished says nothing: these find it out within half a minute, not within two hours
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": silence,
    }
    given = {name: value for name, value in known.items() if name not in address.query}
    return given | {"options": f"{options} {own if isinstance(own, str) else ' '.join(own)}".strip()}


def set_up(engine: Engine) -> None:
    """Make every write transaction tell those who listen, at the moment at which it can be seen."""
    event.listen(engine, "commit", _tell)


def may_stand_still(connection: Connection) -> None:
    """Let this transaction, which writes nothing, stay open as long as a build takes between two of its reads."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))


def begin_migration(connection: Connection) -> None:
    """Wait for whoever else migrates.

    Raises:
        StoreError: the database does not keep every character.
    """
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
    encoding = connection.execute(text("SHOW server_encoding")).scalar_one()
    if encoding != "UTF8":
        raise StoreError(f"the database keeps texts in {encoding}: make one with `CREATE DATABASE … ENCODING 'UTF8'`")


def _tell(connection: Connection) -> None:
    if connection.get_execution_options().get("write", False):
        connection.exec_driver_sql(f"NOTIFY {CHANNEL}")
