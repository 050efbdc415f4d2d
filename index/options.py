"""Options that several commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from recsys.objects import checked_url, is_url

PATH = click.Path(path_type=Path)
Command = Callable[..., None]


class Place(click.ParamType[Path | str]):
    """A folder as a Path, or the checked URL of an object store as text."""

    name = "place"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path | str:
        """Raises ConfigError for a URL that cannot be used."""
        return checked_url(value) if isinstance(value, str) and is_url(value) else Path(value)


class Folder(Place):
    """The same where it must be a folder of this host."""

    name = "folder"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path | str:
        """Raises a usage error for a URL."""
        place = super().convert(value, param, ctx)
        if not isinstance(place, Path):
            self.fail(f"{place} is no folder: give the --cache of a service that follows it", param, ctx)
        return place


STORE = click.option(
    "--store",
    "url",
    default="sqlite:///articles.db",
    show_default=True,
    help="The article store; made where there is none.",
)
OPENED = click.option(
    "--store", "url", default="sqlite:///articles.db", show_default=True, help="The article store; it must be there."
)
AUTHORS = click.option(
    "--authors", type=PATH, help="What the newsroom says of its authors, in YAML: ids, names, aliases, who is hidden."
)
RELEASES = click.option(
    "--releases",
    default="releases",
    show_default=True,
    type=Place(),
    metavar="PLACE",
    help="Where the releases are: a folder, or s3://bucket/prefix, gs://…, az://container/prefix.",
)
DEVICE = click.option(
    "--device",
    default="auto",
    show_default=True,
    help="What runs the model in float32: auto (a GPU where torch has one), cpu, cuda, cuda:N or mps.",
)
RELEASES_HERE = click.option(
    "--releases", default="releases", show_default=True, type=Folder(), help="The folder that holds the releases."
)


CLUSTER = click.option(
    "--ray",
    metavar="ADDRESS",
    help="Embed and search on a Ray cluster: local starts one on this machine, auto or host:port joins one.",
)
CLUSTER_THREADS = click.option(
    "--ray-threads",
    default=1,
    show_default=True,
    type=click.IntRange(min=1),
    help="CPU threads of each worker on the cluster.",
)
CLUSTER_WORKERS = click.option(
    "--ray-workers",
    type=click.IntRange(min=1),
    help="Workers at once on the cluster; as many as it has CPUs for if not given.",
)


def reading(command: Command) -> Command:
    """The options of every command that reads files of articles."""
    for option in reversed(
        (
            click.option(
                "--map", "mapping", multiple=True, metavar="FIELD=COLUMN,…", help="Columns that have other names."
            ),
            click.option("--full", is_flag=True, help="The files are all there is: retire articles that they lack."),
            click.option(
                "--rejects", default="rejects.jsonl", show_default=True, type=PATH, help="Where rejected rows go."
            ),
            click.option(
                "--reject-limit", default="5%", show_default=True, help="Fail above this number or share of rejects."
            ),
            click.option(
                "--retire-limit", default=0.2, show_default=True, help="Largest share of articles to retire, 0 to 1."
            ),
        )
    ):
        command = option(command)
    return command
