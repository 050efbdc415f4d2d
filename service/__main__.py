"""`python -m service`: serve the current release over HTTP, and each later one as soon as it is published."""

import os
import signal
import sys
from typing import Any

import click
import uvicorn

from recsys.engine import Engine
from recsys.errors import ConfigError, MissingExtra
from recsys.ranking import Weights
from recsys.release_store import ReleaseStore
from service.preload import preload
from service.settings import Settings
from service.signatures import Secrets
from service.workers import Workers

_APP = "service.app:app_from_environment"
_KEEP_ALIVE = 75  # seconds; longer than a proxy's own 60, so that it is never the service that hangs up first
_SHUTDOWN = 10  # seconds that running requests get to end
_HEALTHCHECK = 30  # seconds after which a worker that says nothing is replaced; a busy host is no reason
_LEVELS = ("critical", "error", "warning", "info", "debug")


@click.command()
@click.option(
    "--releases", metavar="PLACE", help="Folder of the releases, or s3://bucket/prefix; it may still be empty."
)
@click.option("--cache", metavar="DIR", help="Folder of this host for releases of an object store.")
@click.option(
    "--store", metavar="URL", help="Article store, for takedowns and editors' rules, such as sqlite:///articles.db."
)
@click.option("--weights", metavar="FILE", help="JSON file of weights.")
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", help="Port to listen on.  [default: 8000]")
@click.option("--workers", help="Processes; they share the release's memory.  [default: 1]")
@click.option("--poll-seconds", help="How often to look for releases and changes of the store.  [default: 1]")
@click.option("--cors-origins", multiple=True, metavar="ORIGIN", help="Web origin whose pages may ask; repeat it.")
@click.option("--max-k", help="Longest list that may be asked for.  [default: 100]")
@click.option("--per-event", metavar="N", help="Articles on one event in a list, none for no limit.  [default: 3]")
@click.option(
    "--embed", metavar="MODEL", help="Model for what comes between two nights and for drafts, such as all-MiniLM-L6-v2."
)
@click.option("--embed-device", help="What runs that model: auto, cpu, cuda, cuda:N or mps.  [default: auto]")
@click.option("--cache-seconds", help="Longest that caches may keep what was taken down.  [default: 1]")
@click.option("--purged-seconds", help="Longest that the cache may keep it that you purge by key.  [default: 0]")
@click.option(
    "--cache-keys", metavar="HEADER", help="surrogate-key, cache-tag, xkey or none.  [default: surrogate-key]"
)
@click.option("--remember-mib", metavar="N", help="MiB of answers that each worker may keep.  [default: 256]")
@click.option(
    "--webhooks", multiple=True, metavar="NAME:FILE", help="Webhook, and the file with its secret; repeat it."
)
@click.option(
    "--engine", metavar="URLS", help="The night's --engine, for what comes between two nights and for drafts."
)
@click.option("--log-level", type=click.Choice(_LEVELS), default="info", show_default=True)
def main(log_level: str, **options: Any) -> None:
    """Serve the current release. Each option can also be set as RECSYS_RELEASES, RECSYS_STORE and so on.

    Example: python -m service --releases var/releases --store sqlite:///articles.db
    """
    try:
        settings = Settings.read(os.environ, options)
        if settings.weights is not None:
            Weights.read(settings.weights)  # said here, once, and not by each worker
        for webhook in settings.webhooks:
            Secrets.read(webhook.name, webhook.secret_file)
        if isinstance(settings.releases, str):
            ReleaseStore.open(settings.releases)
        if settings.engine is not None:
            Engine(settings.engine).close()
    except (ConfigError, MissingExtra) as error:
        raise click.UsageError(str(error)) from error
    os.environ.update(settings.as_environ())  # how worker processes get them
    # the server ends its requests first and then raises the signal again: being told to stop is no failure
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    click.echo(f"serving {settings.releases} on http://{settings.host}:{settings.port}")
    if settings.workers > 1:
        config = uvicorn.Config(_APP, factory=True, **_server(settings, log_level))
        Workers(config, [config.bind_socket()], settings.store).run()
    else:
        preload(settings.store)
        uvicorn.run(_APP, factory=True, **_server(settings, log_level))


def _server(settings: Settings, log_level: str) -> dict[str, Any]:
    """How the server is run."""
    return {
        "host": settings.host,
        "port": settings.port,
        "workers": settings.workers,
        "log_config": _logging(log_level),
        "log_level": log_level,
        "access_log": log_level == "debug",  # the proxy keeps one
        "server_header": False,
        "timeout_keep_alive": _KEEP_ALIVE,
        "timeout_graceful_shutdown": _SHUTDOWN,
        "timeout_worker_healthcheck": _HEALTHCHECK,
        "h11_max_incomplete_event_size": 65_536,  # bytes of a request's head; a long list of exclude= fits
        "ws": "none",
    }


def _logging(level: str) -> dict[str, Any]:
    """Every logger to stderr in one format, in this process and in its workers."""
    line = "%(asctime)s %(levelname)s %(process)d %(name)s: %(message)s"
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"format": line}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line", "stream": "ext://sys.stderr"}},
        "root": {"level": level.upper(), "handlers": ["stderr"]},
    }


if __name__ == "__main__":
    main()
