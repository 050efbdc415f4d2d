"""The benchmarks there are."""

from eval.bench.benchmark import Benchmark
from eval.bench.embedding import Embedding
from eval.bench.freshness import Freshness
from eval.bench.http import Http
from eval.bench.night import Night
from eval.bench.peers.compare import Peers
from eval.bench.pending import Pending
from eval.bench.request import Request
from eval.bench.scaling import Scaling
from eval.bench.startup import Startup


def known() -> dict[str, Benchmark]:
    """Each benchmark by its name, with the defaults of its options, in the order of a run of all."""
    every = (
        Request(), Http(), Startup(), Pending(), Freshness(), Embedding(), Night(), Peers(), Scaling()
    )  # fmt: skip
    return {one.name: one for one in every}
