"""Web servers that can run an ASGI application, each with one worker and its quickest settings."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psutil

from eval.bench.programs import HOST, free_port, program
from recsys.errors import ConfigError, MissingExtra

_COMMANDS = {
    "uvicorn": "uvicorn {module}:{factory} --factory --host {host} --port {port} --loop uvloop --http httptools"
    " --no-access-log --log-level warning --ws none --no-server-header",
    "granian": "granian {module}:{factory} --factory --host {host} --port {port} --interface asgi --loop uvloop"
    " --http 1 --no-ws --no-access-log --log-level warning",
    "hypercorn": "hypercorn {module}:{factory}() --bind {host}:{port} --worker-class uvloop --log-level WARNING"
    " --config python:eval.bench.hypercorn_settings",
}


@dataclass(frozen=True, slots=True)
class Running:
    """A server that runs: where, and its process."""

    port: int
    process: int

    def cpu(self) -> float:
        """Seconds that its processes have worked so far."""
        times = [psutil.Process(one).cpu_times() for one in self.processes()]
        return float(sum(one.user + one.system for one in times))

    def processes(self) -> list[int]:
        """It, and those that it has started."""
        return [self.process, *(one.pid for one in psutil.Process(self.process).children(recursive=True))]


@contextmanager
def running(server: str, application: str, environ: Mapping[str, str], path: str, log: Path) -> Iterator[Running]:
    """The server with the application "module:factory", ready when it answers 200 at `path`.

    Raises:
        ConfigError: there is no such server.
        MissingExtra: it is not installed.
        RecsysError: it did not get ready.
    """
    if server not in _COMMANDS:
        raise ConfigError(f"no server {server!r}; there are {', '.join(_COMMANDS)}")
    if find_spec(server) is None:
        raise MissingExtra(f"{server} is not installed: pip install 'news-recsys[bench]'")
    module, _, factory = application.partition(":")
    port = free_port()
    words = _COMMANDS[server].format(module=module, factory=factory, host=HOST, port=port).split()
    with program([sys.executable, "-m", *words], port, path, log, {**os.environ, **environ}) as (process, _):
        yield Running(port, process)
