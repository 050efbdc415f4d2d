"""tantivy's more-like-this: the best words of an article are searched for in the others."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.bench.peers.peer import Built, Place, bytes_in, made, missing
from eval.bench.peers.task import Item, Narrow, Task


@dataclass(frozen=True, slots=True)
class TantivyLike:
    """More-like-this over title and body, filtered in the same query.

    Attributes:
        words: how many at most.
    """

    words: int = 25
    name: str = "tantivy"
    remark: str = "ranks by BM25 of words, not by the cosine"

    @property
    def settings(self) -> str:
        """In words."""
        return f"more_like_this over title and body, stemmed, {self.words} words, each in at least 2 texts"

    def lacks(self, place: Place) -> str:
        """The package."""
        return missing("tantivy")

    def build(self, task: Task, place: Place) -> Built:
        """An index in one segment; addresses of articles are kept beside it."""
        import tantivy as t

        folder = made(place.folder / "tantivy")
        fields = t.SchemaBuilder()
        for name in ("id", "url"):
            fields.add_text_field(name, stored=True, tokenizer_name="raw", index_option="basic")
        for name in ("title", "body"):
            fields.add_text_field(name, stored=True, tokenizer_name="en_stem", index_option="freq")
        fields.add_text_field("section", tokenizer_name="raw", index_option="basic")
        fields.add_boolean_field("shown", indexed=True, fast=True)
        fields.add_integer_field("published", indexed=True, fast=True)
        fields.add_integer_field("row", fast=True)
        schema = fields.build()
        index = t.Index(schema, path=str(folder))
        writer = index.writer(heap_size=512_000_000, num_threads=1)
        for row, article in task.articles():
            document = t.Document(
                id=article.id, url=article.url, title=article.title, body=article.body, section=article.section,
                shown=bool(task.shown[row]), published=int(task.published[row]), row=row,
            )  # fmt: skip
            writer.add_document(document)
        writer.commit()
        writer.wait_merging_threads()
        index.reload()
        return _Tantivy(task, index, schema, folder, self.words)


class _Tantivy:
    efforts: Sequence[int] = (0,)

    def __init__(self, task: Task, index: Any, schema: Any, folder: Path, words: int) -> None:
        import tantivy as t

        self._task, self._schema, self._folder, self._words = task, schema, folder, words
        self._searcher = index.searcher()
        every = [address for _, address in self._searcher.search(t.Query.all_query(), len(task), count=False).hits]
        rows = self._searcher.fast_field_values("row", every)
        self._address = {task.items[int(row)].id: address for row, address in zip(rows, every, strict=True)}
        self._row = {(one.segment_ord, one.doc): int(row) for row, one in zip(rows, every, strict=True)}

    def similar(self, article_id: str, narrow: Narrow, k: int, effort: int) -> Sequence[Item]:
        import tantivy as t

        like = t.Query.more_like_this_query(
            self._address[article_id], min_doc_frequency=2, min_term_frequency=1, max_query_terms=self._words
        )
        parts = [(t.Occur.Must, like), (t.Occur.Must, self._having("shown", True))]
        if narrow.section is not None:
            parts.append((t.Occur.Must, self._having("section", narrow.section)))
        if narrow.since is not None:
            since = int(narrow.since.timestamp())
            later = t.Query.range_query(self._schema, "published", t.FieldType.Integer, since, None)
            parts.append((t.Occur.Must, t.Query.const_score_query(later, 0.0)))
        found = self._searcher.search(t.Query.boolean_query(parts), k + 1, count=False).hits
        items = [self._task.items[self._row[one.segment_ord, one.doc]] for _, one in found]
        return [item for item in items if item.id != article_id][:k]

    def size(self) -> int:
        return bytes_in(self._folder)

    def close(self) -> None:
        self._address.clear()

    def _having(self, field: str, value: object) -> Any:
        import tantivy as t

        return t.Query.const_score_query(t.Query.term_query(self._schema, field, value), 0.0)
