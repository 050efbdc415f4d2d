"""Options that several commands share, each with what turns its text into a value."""

from typing import TYPE_CHECKING

import click

from eval.asof import AsOf
from recsys.errors import ConfigError

if TYPE_CHECKING:
    _AsOfParam = click.ParamType[AsOf]
else:
    _AsOfParam = click.ParamType


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
