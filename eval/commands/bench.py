"""`bench`: how fast it is, and what it costs."""

import logging
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import click
import msgspec

from eval.options import PATH, SEED
from recsys.errors import MissingExtra


@click.command("bench")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--list", "only_list", is_flag=True, help="Say which benchmarks there are, and their options.")
@click.option("--set", "given", multiple=True, metavar="NAME.OPTION=VALUE", help="An option; may be repeated.")
@click.option("--work", default="var/bench", show_default=True, type=PATH, help="Invented archives are kept here.")
@click.option("--json", "json_file", type=PATH, help="Write all that was found, raw samples too, into this file.")
@SEED
@click.pass_context
def bench_command(
    context: click.Context,
    names: tuple[str, ...],
    only_list: bool,
    given: tuple[str, ...],
    work: Path,
    json_file: Path | None,
    seed: int,
) -> None:
    """Measure speed and memory: the benchmarks NAMEd, or all, one after the other.

    Prints a table that names the machine. The status is 1 where a benchmark failed; the others run all the same.

    \b
    Example:
      python -m eval bench freshness --set freshness.workers=1,4 --json freshness.json
    """
    if find_spec("psutil") is None:
        raise MissingExtra("benchmarks need psutil: pip install 'news-recsys[bench]'")
    from eval.bench.benchmark import options_of, shown, with_options
    from eval.bench.known import known
    from eval.bench.machine import this_machine
    from eval.bench.run import as_json, run
    from eval.bench.table import table

    benchmarks = known()
    if unknown := [name for name in names if name not in benchmarks]:
        raise click.UsageError(f"no benchmark {unknown[0]!r}; there are {', '.join(benchmarks)}")
    chosen = with_options(benchmarks, given, seed)
    chosen = {name: chosen[name] for name in dict.fromkeys(names or benchmarks)}
    if only_list:
        for name, one in chosen.items():
            click.echo(f"{name}: {one.what}")
            for option, value in options_of(one).items():
                click.echo(f"  {name}.{option}={shown(value)}")
        return
    if json_file is not None:
        json_file.open("a").close()  # now, not after an hour of measuring
    logging.getLogger("alembic").setLevel(logging.WARNING)
    machine, moment = this_machine(), datetime.now(UTC).isoformat(timespec="seconds")
    ran = []
    for done in run(chosen.values(), work):
        ran.append(done)
        if json_file is not None:  # after each, so that what was found is there if the next one is stopped
            json_file.write_bytes(msgspec.json.format(msgspec.json.encode(as_json(machine, ran, moment))) + b"\n")
    click.echo(table(machine, ran))
    context.exit(int(any(done.error for done in ran)))
