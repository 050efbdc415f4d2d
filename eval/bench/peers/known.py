"""The peers there are."""

from eval.bench.peers.by_hand import NumpyByHand
from eval.bench.peers.faiss_by_hand import FaissFlat, FaissHnsw
from eval.bench.peers.full_text import FullText
from eval.bench.peers.graphs import Hnswlib, Usearch
from eval.bench.peers.lance import Lance
from eval.bench.peers.peer import Peer
from eval.bench.peers.qdrant import Qdrant
from eval.bench.peers.related_table import RelatedTable
from eval.bench.peers.tantivy_like import TantivyLike


def known() -> dict[str, Peer]:
    """Each peer by its name, with its settings; ours is not one of them."""
    peers: tuple[Peer, ...] = (
        NumpyByHand(), FaissFlat(), FaissHnsw(), Usearch(), Hnswlib(), Lance(), Qdrant(), TantivyLike(), FullText(),
        RelatedTable(), RelatedTable(width=100), RelatedTable("postgresql"),
    )  # fmt: skip
    return {peer.name: peer for peer in peers}
