"""Makes `tests/golden/format-N`: a tiny release of the format that this code writes, built and then added to.

Run it once for each new format:

    python tests/make_golden.py

A golden release is never made again: it shows that what was published then can still be read.
"""

import json
import shutil
import tempfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from conftest import article, published
from fakes import FakeEmbedder

from index.nightly import NightlyConfig, nightly
from recsys import Recommender, Release
from recsys.articles import AuthorName, Status
from recsys.manifest import FORMAT
from recsys.store import ArticleStore

GOLDEN = Path(__file__).parent / "golden"


def main() -> None:
    """Write the release and, beside it, what it answers."""
    target = GOLDEN / f"format-{FORMAT}"
    if target.exists():
        raise SystemExit(f"{target} is there already")
    names = (AuthorName("Ines Vallory"),), (AuthorName("Rory McAldane", "7"), AuthorName("Ines Vallory")), ()
    articles = [article(n, section=f"news/{'ab'[n % 2]}", tags=("harbour",), authors=names[n % 3]) for n in range(6)]
    with tempfile.TemporaryDirectory() as folder:
        paper = Path(folder) / "paper"
        published(paper, [*articles, replace(articles[1], id="a006", published_at=None)])
        with closing(ArticleStore.open(f"sqlite:///{paper / 'articles.db'}")) as store:
            store.put([article(7, section="news/c", authors=names[0]), replace(articles[4], title="Another title")])
            store.put([replace(articles[5], status=Status.CANCELED)])
            nightly(store, paper / "releases", FakeEmbedder(), NightlyConfig(force=True, arrivals=1.0))
        release = Release.open(paper / "releases")
        shutil.copytree(release.path, target)
        recommender, near = Recommender(release), release.neighbours(0)
        answers = {
            "format": FORMAT,
            "neighbours": {name: len(getattr(near, name)) for name in ("rows", "cosine", "words", "names", "kin")},
            "similar": [item.id for item in recommender.similar("a000", 3).items],
            "more_from_author": [item.id for item in recommender.more_from_author("a000", 3).items],
        }
    (GOLDEN / f"format-{FORMAT}.json").write_text(json.dumps(answers, indent=1) + "\n")


if __name__ == "__main__":
    main()
