"""Hears at once of what was written to a PostgreSQL store, whichever host wrote it.

A writer sends NOTIFY within its transaction (`recsys.postgres`), and PostgreSQL passes it on when that is committed.
The poll stays beside it: it finds what was written while nobody could hear.
"""

import logging
import random
import selectors
import socket
from collections.abc import Callable
from threading import Event, Thread
from typing import Any

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from recsys.postgres import CHANNEL, connect_args
from recsys.waits import SERVICE
from service.trouble import Trouble

log = logging.getLogger(__name__)

_SILENCE = 30.0  # seconds without a word after which the connection is tried
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 10.0  # seconds between two tries to connect


class Listener:
    """A thread with a connection of its own.

    Args:
        address: of the database.
        heard: called in that thread after one or more commits, and whenever it is connected (again), as something may
            have been written meanwhile. It must not wait.
    """

    def __init__(self, address: URL, heard: Callable[[], object]) -> None:
        self._address = address
        self._heard = heard
        self._trouble = Trouble(log)
        self._stop = Event()
        self._wake, self._woken = socket.socketpair()
        self._thread = Thread(target=self._run, name="listener", daemon=True)

    @classmethod
    def of(cls, url: str, heard: Callable[[], object]) -> "Listener | None":
        """A listener to the store at an SQLAlchemy URL; None where it is no PostgreSQL."""
        try:
            address = make_url(url)
        except ArgumentError:
            return None
        return cls(address, heard) if address.drivername.startswith("postgres") else None

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def close(self) -> None:
        """End at once, whatever it is waiting for."""
        self._stop.set()
        self._wake.send(b"x")
        if self._thread.is_alive():
            self._thread.join(timeout=5.0)
        for end in (self._wake, self._woken):
            end.close()

    def _run(self) -> None:
        pause = _FIRST_PAUSE
        while not self._stop.is_set():
            try:
                with self._connect() as connection:
                    pause = _FIRST_PAUSE
                    self._trouble.over("changes of the store are heard of again")
                    self._listen(connection)
            except Exception as error:  # whatever it is, the poll goes on and so must this
                self._trouble.found(f"changes of the store are not heard of, only polled: {error!r}")
                # not all at once, when a server that many listen to comes back
                self._stop.wait(pause * random.uniform(0.5, 1.0))
                pause = min(2 * pause, _LONGEST_PAUSE)

    def _connect(self) -> Any:
        import psycopg

        given = self._address.translate_connect_args(username="user", database="dbname") | dict(self._address.query)
        connection = psycopg.connect(**(given | connect_args(self._address, SERVICE)), autocommit=True)
        try:
            connection.execute(f"LISTEN {CHANNEL}")
        except BaseException:
            connection.close()
            raise
        return connection

    def _listen(self, connection: Any) -> None:
        self._heard()
        with selectors.DefaultSelector() as selector:
            for source in (connection, self._woken):
                selector.register(source, selectors.EVENT_READ)
            while not self._stop.is_set():
                if not selector.select(_SILENCE):
                    connection.execute("SELECT 1")
                if list(connection.notifies(timeout=0)):
                    self._heard()
