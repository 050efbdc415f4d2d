"""What every command line has in common: an error that has a name ends it with one line and status 1."""

from typing import Any

import click

from recsys.errors import RecsysError


class Program(click.Group):
    """A group of commands; RecsysError and OSError of a command become `Error: …` and status 1."""

    def invoke(self, context: click.Context) -> Any:
        """Run the command that was named."""
        try:
            return super().invoke(context)
        except (RecsysError, OSError) as error:
            raise click.ClickException(str(error)) from error
