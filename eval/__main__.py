"""`python -m eval`: how good the lists are. The commands are in `eval/commands/`; here they are only gathered."""

import logging
import sys

import click

from eval.commands.bench import bench_command
from eval.commands.compare import compare_command
from eval.commands.evaluate import evaluate_command
from eval.commands.judgments import human_command, links_command
from eval.commands.overlap import overlap_command
from eval.commands.papers import papers_command
from eval.commands.report import report_command
from eval.commands.runs import run_command, score_command
from eval.commands.stories import stories_command
from eval.commands.tune import tune_command
from recsys.program import Program


@click.group(cls=Program)
def main() -> None:
    """Evaluate rankings offline, with the very code that serves."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    logging.getLogger("faiss").setLevel(logging.WARNING)  # it tells of every processor that it does not find


for _command in (
    evaluate_command,
    bench_command,
    run_command,
    score_command,
    compare_command,
    tune_command,
    report_command,
    links_command,
    human_command,
    papers_command,
    overlap_command,
    stories_command,
):
    main.add_command(_command)


if __name__ == "__main__":
    main(prog_name="python -m eval")
