"""`python -m index`: articles in, a release out. The commands are in `index/commands/`; here they are only gathered."""

import logging
import sys

import click

from index.commands.authors import authors_command
from index.commands.follow import follow_command
from index.commands.ingest import ingest_command
from index.commands.keys import keys_group
from index.commands.nightly import nightly_command
from index.commands.releases import releases_command, rollback_command, verify_command
from index.commands.rules import rules_group
from index.commands.takedowns import takedowns_group
from recsys.program import Program


@click.group(cls=Program)
@click.option("--quiet", is_flag=True, help="Log warnings and errors only.")
def main(quiet: bool) -> None:
    """Articles in, a release out."""
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.WARNING if quiet else logging.INFO,
        format="%(asctime)s %(levelname)s %(message)s",
    )
    for chatty in ("alembic", "faiss", "httpx", "sentence_transformers"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


for _command in (
    ingest_command,
    follow_command,
    nightly_command,
    authors_command,
    releases_command,
    rollback_command,
    verify_command,
    rules_group,
    takedowns_group,
    keys_group,
):
    main.add_command(_command)


if __name__ == "__main__":
    main(prog_name="python -m index")
