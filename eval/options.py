"""Options that several commands share, each with what turns its text into a value."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from eval.asof import AsOf
from eval.judged.kinds import READERS, read_all
from recsys.errors import ConfigError
from recsys.ranking import Weights
from recsys.variety import AS_RANKED, Variety

if TYPE_CHECKING:
    _AsOfParam = click.ParamType[AsOf]
else:
    _AsOfParam = click.ParamType

PATH = click.Path(path_type=Path)


class _AsOfType(_AsOfParam):
    name = "published|TIME"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> AsOf:
        try:
            return value if isinstance(value, AsOf) else AsOf.parse(str(value))
        except ConfigError as error:
            self.fail(str(error), param, ctx)


AS_OF = click.option(
    "--as-of",
    type=_AsOfType(),
    help="Nothing published later is a candidate: an ISO 8601 time with its zone, or `published`, each query"
    " article's own publication time.",
)
RELEASES = click.option("--releases", required=True, type=PATH, help="Folder of releases, or one release.")
WEIGHTS = click.option("--weights", type=PATH, help="JSON file of weights; the built-in ones else.")
AS_SERVED = click.option(
    "--as-served",
    "variety",
    flag_value="served",
    callback=lambda _context, _option, value: Variety() if value else AS_RANKED,
    help="One version of each text and three articles on an event, as the service does; else all, since judgments"
    " count every copy and every report as right.",
)
RUNS = click.option("--run", "runs", required=True, multiple=True, type=PATH, help="Run file; may be repeated.")
SEED = click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Same seed, same bytes.")
ALPHA = click.option(
    "--alpha", default=0.05, show_default=True, help="Largest share of false wins, over all comparisons."
)


def weights_of(path: Path | None) -> Weights:
    """The weights of the file, or the built-in ones.

    Raises:
        ConfigError: the file is none.
    """
    return Weights.read(path) if path else Weights()


def judged(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of all kinds of judgments; it is called with them read, as `judgments`."""
    return _judged(command, required=True)


def judged_if_given(command: Callable[..., None]) -> Callable[..., None]:
    """The same for a command that can do without: its `judgments` are None where no file is given."""
    return _judged(command, required=False)


def no_judgments() -> click.UsageError:
    """What is said where judgments are needed and no file is given."""
    return click.UsageError(f"give at least one of {', '.join(f'--{kind}' for kind in READERS)}")


def _judged(command: Callable[..., None], required: bool) -> Callable[..., None]:
    def read(**options: object) -> None:
        paths: dict[str, Sequence[Path]] = {kind: options.pop(_name(kind)) for kind in READERS}  # type: ignore[misc]
        if required and not any(paths.values()):
            raise no_judgments()
        command(judgments=read_all(paths) if any(paths.values()) else None, **options)

    read.__doc__, read.__name__ = command.__doc__, command.__name__
    read.__click_params__ = getattr(command, "__click_params__", [])  # type: ignore[attr-defined]
    for kind, (_, text) in reversed(list(READERS.items())):
        read = click.option(f"--{kind}", _name(kind), multiple=True, type=PATH, help=f"{text} May be repeated.")(read)
    return read


def _name(kind: str) -> str:
    return kind.replace("-", "_")
