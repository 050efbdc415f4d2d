"""What a benchmark is: a frozen dataclass whose fields are its options, and what it measures."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, ClassVar, Protocol

from eval.bench.results import Result
from recsys.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Room:
    """Where a benchmark works: `work` is kept between runs (corpora, releases), `scratch` goes at the end."""

    work: Path
    scratch: Path


class Benchmark(Protocol):
    """One benchmark. Its options are numbers, texts, or several of them (a tuple); each has a default."""

    name: ClassVar[str]
    what: ClassVar[str]
    __dataclass_fields__: ClassVar[dict[str, Any]]

    def measure(self, room: Room) -> Iterator[Result]:
        """Measure, and yield each result as soon as it is there."""


def options_of(benchmark: Benchmark) -> dict[str, Any]:
    """Each option and its value."""
    return {item.name: getattr(benchmark, item.name) for item in fields(benchmark)}


def shown(value: Any) -> str:
    """A value as `--set` takes it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def with_options(benchmarks: Mapping[str, Benchmark], given: Iterable[str], seed: int) -> dict[str, Benchmark]:
    """The benchmarks with the seed, and with options set by texts such as "freshness.workers=1,4".

    Raises:
        ConfigError: there is no such benchmark or option, or the value is not of its kind.
    """
    found = {name: _seeded(one, seed) for name, one in benchmarks.items()}
    for text in given:
        name, dot, rest = text.partition(".")
        option, equals, value = rest.partition("=")
        if not dot or not equals:
            raise ConfigError(f"--set {text!r}: write BENCHMARK.OPTION=VALUE, for example freshness.seconds=5")
        if name not in found:
            raise ConfigError(f"--set {text!r}: no benchmark {name!r}; there are {', '.join(found)}")
        known = options_of(found[name])
        if option not in known:
            raise ConfigError(f"--set {text!r}: no option {option!r}; {name} has {', '.join(known)}")
        found[name] = _with(found[name], option, _read(text, value, known[option]))
    return found


def _seeded(benchmark: Benchmark, seed: int) -> Benchmark:
    return _with(benchmark, "seed", seed) if "seed" in options_of(benchmark) else benchmark


def _with(benchmark: Benchmark, option: str, value: object) -> Benchmark:
    changed: Benchmark = replace(benchmark, **{option: value})
    return changed


def _read(text: str, value: str, default: Any) -> Any:
    """The value as what the default is."""
    try:
        if isinstance(default, bool):
            return {"yes": True, "no": False}[value]
        if isinstance(default, tuple):
            return tuple(type(default[0])(part) for part in value.split(",") if part)
        return type(default)(value)
    except (ValueError, KeyError):
        raise ConfigError(f"--set {text!r}: give {_kind(default)}") from None


def _kind(default: Any) -> str:
    if isinstance(default, bool):
        return "yes or no"
    if isinstance(default, tuple):
        return f"values such as {shown(default)}"
    return {int: "a whole number", float: "a number"}.get(type(default), "a text")
