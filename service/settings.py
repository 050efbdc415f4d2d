"""How a service runs: values read once, at the edge, from the command line and from `RECSYS_…` variables."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from recsys.errors import ConfigError
from recsys.objects import checked_url, is_url
from recsys.recommender import MAX_K
from recsys.variety import Variety
from service.cache_keys import CacheKeys

PREFIX = "RECSYS_"
DEFAULT_K = 10
_NO_LIMIT = "none"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_ORIGIN = re.compile(r"https?://[^/?#\s,@*]+|\*")


@dataclass(frozen=True, slots=True)
class Webhook:
    """A name under `/v1/webhooks/` and the file that holds its secret; never the secret itself."""

    name: str
    secret_file: Path

    def __str__(self) -> str:
        return f"{self.name}:{self.secret_file}"


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a service.

    Attributes:
        releases: folder that holds the releases and `CURRENT`, or URL of an object store; it may still be empty.
        cache: folder of this host for releases of an object store; its workers share it.
        store: URL of the article store, for takedowns and editors' rules; without it a list shows what the night saw.
        weights: JSON file with weights; without it those of `recsys.ranking`.
        host, port: where to listen, port in [1, 65535].
        workers: processes, in [1, 256]; they share the release's memory.
        poll_seconds: > 0 and at most 3600; how often releases are looked for, and the store beside what it tells.
        cors_origins: web origins whose pages may ask, "*" for all; none by default.
        max_k: longest list that may be asked for, in [10, 100].
        embed: model that gives vectors to what is published between two nights and to drafts, that of the release; None
            leaves it to others, and until they have done it new articles are found by their words alone.
        embed_device: what runs that model in float32: auto (a GPU where there is one), cpu, cuda, cuda:N or mps.
        per_event: how many articles on one event a list may hold, in [1, 100]; None for any number.
        cache_seconds: longest that any cache may keep an answer, and so what was taken down, in [0, 86400].
        purged_seconds: the same of the one cache that the newsroom purges by key, in [0, 86400]; 0 without one.
        cache_keys: header with the keys by which that cache is purged.
        remember_mib: MiB of answers that each worker may keep while nothing else is in force, in [0, 65536].
        webhooks: who may send articles; they need a store.
        engine: addresses of the engine of vectors that the night was given, with blanks between them.
    """

    releases: Path | str
    store: str | None = None
    weights: Path | None = None
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    poll_seconds: float = 1.0
    cors_origins: tuple[str, ...] = ()
    max_k: int = MAX_K
    per_event: int | None = Variety().per_event
    embed: str | None = None
    embed_device: str = "auto"
    cache_seconds: int = 1
    purged_seconds: int = 0
    cache_keys: CacheKeys = CacheKeys.SURROGATE_KEY
    remember_mib: int = 256
    webhooks: tuple[Webhook, ...] = ()
    cache: Path | None = None
    engine: str | None = None

    @property
    def folder(self) -> Path:
        """Where releases are on this host."""
        if isinstance(self.releases, Path):
            return self.releases
        assert self.cache is not None, "read() sees to it"
        return self.cache

    @classmethod
    def read(cls, environ: Mapping[str, str], options: Mapping[str, object] | None = None) -> "Settings":
        """Settings from options (None: not given) and, where there is none, from the environment; empty is not given.

        >>> Settings.read({"RECSYS_RELEASES": "out", "RECSYS_PORT": "80"}, {"port": 8080}).port
        8080

        Raises:
            ConfigError: a value cannot be used, or `releases` is not given.
        """
        values: dict[str, Any] = {}
        for name, (wanted, parse) in _PARSERS.items():
            key, raw = _found(name, environ, options or {})
            if raw is None:
                continue
            try:
                values[name] = parse(raw)
            except ValueError as error:
                raise ConfigError(f"{key} is {raw!r}: give {wanted}") from error
        if "releases" not in values:
            raise ConfigError(f"no releases: give --releases with a folder or a URL, or {PREFIX}RELEASES")
        if isinstance(values["releases"], str):
            values["releases"] = checked_url(values["releases"])
            if "cache" not in values:
                raise ConfigError(f"releases of an object store are kept on disk: give --cache DIR or {PREFIX}CACHE")
        if values.get("webhooks") and "store" not in values:
            raise ConfigError(f"webhooks need a store to write to: give --store URL or {PREFIX}STORE")
        return cls(**values)

    def as_environ(self) -> dict[str, str]:
        """The variables from which `read` makes equal settings: how a worker process gets them."""
        values = {item.name: _text(getattr(self, item.name)) for item in fields(self)}
        values["per_event"] = values["per_event"] or _NO_LIMIT
        return {f"{PREFIX}{name.upper()}": value for name, value in values.items()}


def _found(name: str, environ: Mapping[str, str], options: Mapping[str, object]) -> tuple[str, str | None]:
    """(what the setting is called there, its text), the text None where it is not given."""
    if (option := options.get(name)) not in (None, ()):
        return f"--{name.replace('_', '-')}", _text(option)
    key = f"{PREFIX}{name.upper()}"
    return key, environ.get(key) or None


def _text(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else "" if value is None else str(value)


def _integer(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", text) or not low <= int(text) <= high:
            raise ValueError(text)
        return int(text)

    return parse


def _per_event(text: str) -> int | None:
    return None if text == _NO_LIMIT else _integer(1, MAX_K)(text)


def _seconds(text: str) -> float:
    value = float(text)
    if not (math.isfinite(value) and 0 < value <= 3600):
        raise ValueError(text)
    return value


def _origins(text: str) -> tuple[str, ...]:
    origins = tuple(origin for part in text.split(",") if (origin := part.strip()))
    if not all(_ORIGIN.fullmatch(origin) for origin in origins):
        raise ValueError(text)
    return origins


def _place(text: str) -> Path | str:
    return text if is_url(text) else Path(text)


def _webhooks(text: str) -> tuple[Webhook, ...]:
    pairs = [part.strip().partition(":") for part in text.split(",") if part.strip()]
    if not all(_NAME.fullmatch(name) and path for name, _, path in pairs) or len({pair[0] for pair in pairs}) < len(
        pairs
    ):
        raise ValueError(text)
    return tuple(Webhook(name, Path(path)) for name, _, path in pairs)


def _device(text: str) -> str:
    if not re.fullmatch(r"auto|cpu|mps|cuda(:[0-9]{1,3})?", text):
        raise ValueError(text)
    return text


_PARSERS: dict[str, tuple[str, Callable[[str], object]]] = {
    "releases": ("a folder, or a URL such as s3://bucket/prefix", _place),
    "cache": ("a folder", Path),
    "store": ("an SQLAlchemy URL such as sqlite:///articles.db", str),
    "weights": ("a JSON file", Path),
    "host": ("a host name or address", str),
    "port": ("a whole number from 1 to 65535", _integer(1, 65_535)),
    "workers": ("a whole number from 1 to 256", _integer(1, 256)),
    "poll_seconds": ("a number of seconds above 0, at most 3600", _seconds),
    "cors_origins": ("origins such as https://paper.example, separated by commas, or *", _origins),
    "per_event": (f"a whole number from 1 to {MAX_K}, or {_NO_LIMIT}", _per_event),
    "embed": ("the name, the folder or the hub id of a model", str),
    "embed_device": ("auto, cpu, cuda, cuda:N or mps", _device),
    "cache_seconds": ("a whole number of seconds from 0 to 86400", _integer(0, 86_400)),
    "purged_seconds": ("a whole number of seconds from 0 to 86400", _integer(0, 86_400)),
    "cache_keys": (f"one of {', '.join(CacheKeys)}", CacheKeys),
    "remember_mib": ("a whole number of MiB from 0 to 65536", _integer(0, 65_536)),
    "max_k": (f"a whole number from {DEFAULT_K} to {MAX_K}", _integer(DEFAULT_K, MAX_K)),
    "engine": ("addresses such as postgresql://user@host/database, with blanks between them", str),
    "webhooks": ("NAME:SECRET-FILE, several with commas, each name once", _webhooks),
}
