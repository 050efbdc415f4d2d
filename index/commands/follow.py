"""`follow`: what a CMS changes goes into the store at once."""

import re
import signal
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING, Any

import click

from index.options import DEVICE, PATH, RELEASES_HERE, STORE
from recsys.errors import ConfigError

if TYPE_CHECKING:
    from recsys.embedding import Embedder

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}


@click.command("follow")
@click.option(
    "--source",
    required=True,
    help="Path or pattern of files, an http(s) address, wordpress:ADDRESS or drupal:ADDRESS.",
)
@STORE
@RELEASES_HERE
@click.option("--map", "mapping", multiple=True, metavar="FIELD=COLUMN,…", help="Columns that have other names.")
@click.option("--interval", default="30s", show_default=True, help="From one round to the next, such as 10s or 5m.")
@click.option("--once", is_flag=True, help="One round; ends with 1 where it fails.")
@click.option("--user", help="Account of the CMS, to see drafts and the trash.")
@click.option("--password-file", type=PATH, help="File with the account's password; for WordPress an application's.")
@click.option("--state", default="follow.json", show_default=True, type=PATH, help="File that keeps how far one is.")
@click.option("--rejects", default="rejects.jsonl", show_default=True, type=PATH, help="Where rejected rows are added.")
@click.option("--no-embed", is_flag=True, help="Make no vectors; another follower or the night does.")
@click.option("--model", help="As the night's.")
@click.option(
    "--precision", default="float32", show_default=True, type=click.Choice(["float32", "bfloat16"]),
    help="As the night's.",
)  # fmt: skip
@DEVICE
def follow_command(
    source: str,
    url: str,
    releases: Path,
    mapping: tuple[str, ...],
    interval: str,
    once: bool,
    user: str | None,
    password_file: Path | None,
    state: Path,
    rejects: Path,
    no_embed: bool,
    model: str | None,
    precision: Any,
    device: str,
) -> None:
    """Ask the source again and again for what changed, store it, and embed all that is new in the store.

    Ends with 0 on SIGTERM and Ctrl-C, after the batch that it is at.

    \b
    Example:
      python -m index follow --source wordpress:https://paper.example --store sqlite:///articles.db
    """
    from datetime import UTC, datetime

    from index.follow import FollowConfig, Follower
    from index.new_vectors import NewVectors
    from index.origins import origin_of
    from index.pauses import Pauses
    from recsys.embedding import load_embedder
    from recsys.model_files import DEFAULT_MODEL
    from recsys.records import parse_mapping
    from recsys.store import ArticleStore

    def now() -> datetime:
        return datetime.now(UTC)

    def load() -> "Embedder":
        return load_embedder(model or DEFAULT_MODEL, precision, device=device)

    config = FollowConfig(source, state, rejects, parse_mapping(mapping), Pauses(_seconds(interval)))
    origin = origin_of(source, now, user, _password(user, password_file))
    store = ArticleStore.open(url, create=True)
    stop = _Stop()
    vectors = None if no_embed else lambda upto: NewVectors(store, releases, load, upto)
    follower = Follower(origin, store, config, vectors, stop.asked, sleep, now)
    with stop:
        if once:
            follower.round()
        else:
            follower.run()
    store.close()


class _Stop:
    """Whether SIGTERM or SIGINT has come; the second one ends the program at once."""

    def __init__(self) -> None:
        self._came = False
        self._before: dict[int, Any] = {}

    def asked(self) -> bool:
        return self._came

    def __enter__(self) -> None:
        self._before = {one: signal.signal(one, self._come) for one in (signal.SIGTERM, signal.SIGINT)}

    def __exit__(self, *_: object) -> None:
        for one, handler in self._before.items():
            signal.signal(one, handler)

    def _come(self, number: int, _frame: object) -> None:
        self._came = True
        signal.signal(number, signal.SIG_DFL)


def _password(user: str | None, path: Path | None) -> str | None:
    if (user is None) != (path is None):
        raise ConfigError("--user and --password-file go together: give both or none")
    if path is None:
        return None
    password = path.read_text(encoding="utf-8").strip()
    if not password:
        raise ConfigError(f"{path} is empty: it must hold the password of --user")
    return password


def _seconds(text: str) -> float:
    found = re.fullmatch(r"(\d{1,6}(?:\.\d{1,3})?)([smh])", text.strip())
    if found is None:
        raise ConfigError(f"--interval {text!r}: write 30s, 5m or 1h")
    return float(found[1]) * _UNITS[found[2]]
