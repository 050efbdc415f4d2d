import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from fakes import FakeEmbedder, FakeVectorStore
from hypothesis import given
from hypothesis import strategies as st

from index.embed import embed_missing, embedding_key
from recsys.articles import Article
from recsys.embedding import Embedded
from recsys.store import ArticleStore
from recsys.text import NO_BOILERPLATE, Boilerplate

# Embeds three batches of 10, hangs in the fourth, and writes down every text before its vector is made.
SLOW_NIGHT = """
import sys, time
from pathlib import Path
from fakes import FakeEmbedder
from index.embed import embed_missing
from test_embed import paper
from recsys.store import ArticleStore
from recsys.text import NO_BOILERPLATE

folder = Path(sys.argv[1])

class SlowEmbedder(FakeEmbedder):
    def embed(self, texts):
        with (folder / "embedded").open("a") as file:
            file.writelines(f"{text!r}\\n" for text in texts)
        if len(self.batches) == 3:
            (folder / "hanging").touch()
            time.sleep(600)
        return super().embed(texts)

store = ArticleStore.open(f"sqlite:///{folder / 'store.db'}")
embed_missing(store, paper(75), SlowEmbedder(), NO_BOILERPLATE, batch_size=10, window=40)
"""


def paper(articles: int, texts: int | None = None) -> Iterator[Article]:
    """`articles` articles with only `texts` different texts."""
    for number in range(articles):
        yield Article(id=f"a{number:05}", title=f"story {number % (texts or articles)}", body="w " * (number % 7))


def test_every_article_gets_the_vector_of_its_own_text() -> None:
    store, embedder = FakeVectorStore(), FakeEmbedder()
    report = embed_missing(store, paper(50), embedder, NO_BOILERPLATE, batch_size=8, window=20)
    keys = [embedding_key(article, embedder, NO_BOILERPLATE) for article in paper(50)]
    stored = store.embeddings([digest for digest, _ in keys], embedder.dim)
    np.testing.assert_array_equal(stored, FakeEmbedder().embed([text for _, text in keys]))
    assert (report.articles, report.embedded, report.reused) == (50, 50, 0)


def test_a_thousand_texts_in_batches_of_sixty_four_are_sixteen_batches_each_saved_at_once() -> None:
    store, embedder = FakeVectorStore(), FakeEmbedder()
    embed_missing(store, paper(1000), embedder, NO_BOILERPLATE, batch_size=64)
    assert (len(embedder.batches), store.saves) == (16, 16)
    lengths = [len(text) for batch in embedder.batches for text in batch]
    assert lengths == sorted(lengths)


def test_a_second_night_embeds_only_what_changed() -> None:
    store, embedder = FakeVectorStore(), FakeEmbedder()
    articles = list(paper(30))
    embed_missing(store, articles, embedder, NO_BOILERPLATE)
    embedder.batches.clear()
    articles[3] = Article(id=articles[3].id, title="a new headline")
    articles[4], articles[5] = (  # two articles that change places need nothing new
        Article(id=articles[4].id, title=articles[5].title, body=articles[5].body),
        Article(id=articles[5].id, title=articles[4].title, body=articles[4].body),
    )
    report = embed_missing(store, articles, embedder, NO_BOILERPLATE)
    assert embedder.batches == [["a new headline"]]
    assert (report.embedded, report.reused) == (1, 29)


def test_another_model_gets_vectors_of_its_own() -> None:
    store = FakeVectorStore()
    for name in ("old", "new", "old"):
        report = embed_missing(store, paper(5), FakeEmbedder(name=name), NO_BOILERPLATE)
    assert (len(store.kept), report.embedded) == (10, 0)


def test_an_empty_archive_embeds_nothing() -> None:
    embedder = FakeEmbedder()
    report = embed_missing(FakeVectorStore(), [], embedder, NO_BOILERPLATE)
    assert (report.articles, report.embedded, report.reused, embedder.batches) == (0, 0, 0, [])


def test_no_more_than_one_window_of_articles_is_read_ahead() -> None:
    read: list[str] = []
    ahead: list[int] = []

    def articles() -> Iterator[Article]:
        for article in paper(100):
            read.append(article.id)
            yield article

    class Watching(FakeEmbedder):
        def embed(self, texts):  # type: ignore[no-untyped-def]
            ahead.append(len(read))
            return super().embed(texts)

    embed_missing(FakeVectorStore(), articles(), Watching(), NO_BOILERPLATE, batch_size=5, window=25)
    assert ahead == [25] * 5 + [50] * 5 + [75] * 5 + [100] * 5


@given(
    articles=st.integers(0, 40),
    texts=st.integers(1, 40),
    known=st.integers(0, 40),
    batch_size=st.integers(1, 9),
    window=st.integers(1, 50),
)
def test_each_distinct_text_is_embedded_once_and_progress_counts_every_article(
    articles: int, texts: int, known: int, batch_size: int, window: int
) -> None:
    store, embedder, steps = FakeVectorStore(), FakeEmbedder(), list[int]()
    embed_missing(store, paper(known, texts), embedder, NO_BOILERPLATE)
    report = embed_missing(
        store, paper(articles, texts), embedder, NO_BOILERPLATE,
        batch_size=batch_size, window=window, advance=steps.append,
    )  # fmt: skip
    embedded = [text for batch in embedder.batches for text in batch]
    assert len(embedded) == len(set(embedded)) == len(store.kept)
    assert sum(steps) == report.articles == report.embedded + report.reused == articles


def test_a_night_counts_the_tokens_of_what_it_embeds_and_says_so() -> None:
    class Counting(FakeEmbedder):
        def embed_counted(self, texts: Sequence[str]) -> Embedded:
            return Embedded(self.embed(texts), sum(len(text.split()) for text in texts), 1)

    store, archive = FakeVectorStore(), list(paper(10))
    first = embed_missing(store, archive, Counting(), NO_BOILERPLATE, batch_size=4)
    texts = dict(embedding_key(article, FakeEmbedder(), NO_BOILERPLATE) for article in archive).values()
    words = sum(len(text.split()) for text in texts)
    assert (first.embedded, first.tokens, first.full) == (10, words, 3)  # a batch each
    assert 0 < first.model_seconds <= first.seconds
    assert str(first).startswith(f"10 texts embedded, 0 had a vector; {words} tokens, ")
    assert str(first).endswith("a second; 3 texts fill what the model reads")
    assert str(embed_missing(store, archive, Counting(), NO_BOILERPLATE)) == "0 texts embedded, 10 had a vector"


def test_boilerplate_is_not_embedded() -> None:
    embedder = FakeEmbedder()
    article = Article(id="a", title="Title", body="News.\nRead more")
    embed_missing(FakeVectorStore(), [article], embedder, Boilerplate({"read more": 9}))
    assert embedder.batches == [["Title\nNews."]]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs a system with kill -9")
def test_a_killed_night_loses_one_batch_and_the_next_goes_on_from_there(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    ArticleStore.open(url, create=True).close()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
    with subprocess.Popen([sys.executable, "-c", SLOW_NIGHT, str(tmp_path)], env=environment) as night:
        while not (tmp_path / "hanging").exists():
            assert night.poll() is None, "the night ended before it was killed"
            time.sleep(0.01)
        night.send_signal(signal.SIGKILL)
    assert night.returncode == -signal.SIGKILL

    before = (tmp_path / "embedded").read_text().splitlines()
    store, embedder = ArticleStore.open(url), FakeEmbedder()
    keys = dict(embedding_key(article, embedder, NO_BOILERPLATE) for article in paper(75))
    saved = store.known_embeddings(list(keys))
    assert {repr(keys[digest]) for digest in saved} == set(before[:30])

    report = embed_missing(store, paper(75), embedder, NO_BOILERPLATE, batch_size=10, window=40)
    after = [repr(text) for batch in embedder.batches for text in batch]
    assert (report.embedded, report.reused) == (45, 30)
    assert sorted(before[:30] + after) == sorted(repr(text) for text in keys.values())  # each saved text made once
    stored = store.embeddings(list(keys), embedder.dim)
    np.testing.assert_array_equal(stored, FakeEmbedder().embed(list(keys.values())))
    store.close()
