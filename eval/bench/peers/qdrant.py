"""Qdrant Edge: Qdrant's engine in process, with payloads and indices on them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.bench.peers.peer import Built, Place, bytes_in, made, missing
from eval.bench.peers.task import Item, Narrow, Task

_BLOCK = 1_000


@dataclass(frozen=True, slots=True)
class Qdrant:
    """A graph whose filters the engine plans by itself.

    Attributes:
        links: m.
        breadth: ef_construct.
        scan: kilobytes of vectors that a filter lets through, below which they are all compared.
    """

    links: int = 32
    breadth: int = 200
    scan: int = 10_000
    name: str = "qdrant-edge"
    remark: str = "the vector of the article asked for is kept beside it, as a list"

    @property
    def settings(self) -> str:
        """In words."""
        return (
            f"HNSW m {self.links}, ef_construct {self.breadth}, full_scan_threshold {self.scan} kB, one segment, "
            "payload indices on section, shown and date; effort is hnsw_ef"
        )

    def lacks(self, place: Place) -> str:
        """The package."""
        return missing("qdrant_edge")

    def build(self, task: Task, place: Place) -> Built:
        """A shard, optimised into one segment."""
        import qdrant_edge as q

        folder = made(place.folder / "qdrant")
        config = q.EdgeConfig(
            vectors=q.EdgeVectorParams(size=task.vectors.shape[1], distance=q.Distance.Dot, on_disk=False),
            hnsw_config=q.HnswIndexConfig(m=self.links, ef_construct=self.breadth, full_scan_threshold=self.scan),
            optimizers=q.EdgeOptimizersConfig(default_segment_number=1, indexing_threshold=1_000),
            payload_memory=q.Memory.Cached, wal_enabled=False,
        )  # fmt: skip
        shard = q.EdgeShard.create(str(folder), config)
        kinds = {"section": q.PayloadSchemaType.Keyword, "shown": q.PayloadSchemaType.Integer,
                 "published": q.PayloadSchemaType.Integer}  # fmt: skip
        for field, kind in kinds.items():
            shard.update(q.UpdateOperation.create_field_index(field, kind))
        for start in range(0, len(task), _BLOCK):
            rows = range(start, min(start + _BLOCK, len(task)))
            points = [q.Point(row, task.vectors[row].tolist(), _payload(task, row)) for row in rows]
            shard.update(q.UpdateOperation.upsert_points(points))
        shard.optimize()
        shard.flush()
        return _Qdrant(task, shard, folder)


class _Qdrant:
    efforts: Sequence[int] = (16, 32, 64, 128, 256, 512, 1024)

    def __init__(self, task: Task, shard: Any, folder: Path) -> None:
        self._task, self._shard, self._folder = task, shard, folder

    def similar(self, article_id: str, narrow: Narrow, k: int, effort: int) -> Sequence[Item]:
        import qdrant_edge as q

        row = self._task.row_of[article_id]
        must: list[Any] = [q.FieldCondition("shown", match=q.MatchValue(1))]  # 0.9 finds nothing by True
        if narrow.section is not None:
            must.append(q.FieldCondition("section", match=q.MatchValue(narrow.section)))
        if narrow.since is not None:
            must.append(q.FieldCondition("published", range=q.RangeFloat(gte=narrow.since.timestamp())))
        request = q.QueryRequest(
            limit=k + 1, query=q.Query.Nearest(self._task.vectors[row].tolist()), filter=q.Filter(must=must),
            with_payload=["id", "url", "title"], params=q.SearchParams(hnsw_ef=effort),
        )  # fmt: skip
        cards = [point.payload for point in self._shard.query(request) if point.id != row]
        return [Item(card["id"], card["url"], card["title"]) for card in cards[:k]]

    def size(self) -> int:
        return bytes_in(self._folder)

    def close(self) -> None:
        self._shard.close()


def _payload(task: Task, row: int) -> dict[str, Any]:
    facts = {"section": task.sections[row], "published": int(task.published[row]), "shown": int(task.shown[row])}
    return {**task.items[row]._asdict(), **facts}
