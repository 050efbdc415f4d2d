"""How long a program waits for its database before it says that it cannot go on."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Waits:
    """Limits in seconds, > 0; what takes longer is a StoreError.

    Attributes:
        connect: for a connection; PostgreSQL's client makes less than 2 seconds 2.
        lock: for another writer.
        statement: for one statement in PostgreSQL, None for any time.
    """

    connect: float = 10.0
    lock: float = 60.0
    statement: float | None = None


JOB = Waits()  # the night has time: rather late than not at all
SERVICE = Waits(connect=3.0, lock=3.0, statement=10.0)  # somebody waits for the answer
