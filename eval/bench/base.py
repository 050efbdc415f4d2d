"""An invented archive on disk: its article store, its release and the model that both are of; made once, then kept.

Vectors are drawn and not embedded, so they must never meet those of the real model. They are of a model of their own:
a copy of the packaged one with one more file that says so. Its fingerprint is therefore another, while the night and
the service load it as any model, and what is written while they run is really embedded.
"""

import hashlib
import json
import logging
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock

from eval.bench.bulk import fill
from eval.bench.corpus import Archive, CorpusConfig
from eval.bench.programs import run_program
from recsys.embedding import Precision
from recsys.manifest import FORMAT, Model
from recsys.model_files import model_folder
from recsys.schema import VERSION

log = logging.getLogger(__name__)
_MARK = "drawn.json"
_DONE = "made.json"


@dataclass(frozen=True, slots=True)
class Base:
    """An archive on disk.

    Attributes:
        archive: what it holds.
        folder: where it is.
        store: URL of its article store.
        releases: folder with its release.
        model: folder of the model.
    """

    archive: Archive
    folder: Path
    store: str
    releases: Path
    model: Path


def prepared(config: CorpusConfig, work: Path, precision: Precision = "float32") -> Base:
    """The archive of `config` under `work`, for the model in that precision, made and built if it is not there.

    Raises:
        RecsysError: the night failed.
    """
    kind = "" if precision == "float32" else f"-{precision}"
    folder = work / f"archive-{config.articles}{kind}-{_key(config)}"
    store = f"sqlite:///{folder / 'articles.db'}"
    with FileLock(work / ".archives.lock"):
        model = _model(work)
        archive = Archive(config)
        if not (folder / _DONE).is_file():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            log.info("drawing %d articles into %s", config.articles, folder)
            fill(store, archive, model_of(model, precision))
            build(store, folder / "releases", model, precision)
            (folder / _DONE).write_text(json.dumps(asdict(config)), encoding="utf-8")
    return Base(archive, folder, store, folder / "releases", model)


def model_of(folder: Path, precision: Precision = "float32") -> Model:
    """What a manifest would say of the model in this folder."""
    from recsys.embedding import load_embedder  # torch

    found = load_embedder(str(folder), precision)
    return Model(found.name, found.fingerprint, found.dim, found.max_chars)


def build(url: str, releases: Path, model: Path, precision: Precision = "float32") -> None:
    """Let the night build a release of the store."""
    made_by = ("--model", model, "--precision", precision)
    run_program("index", "--quiet", "nightly", "--store", url, "--releases", releases, *made_by, "--force")


def copied(base: Base, folder: Path) -> str:
    """URL of a copy of the base's store in `folder`, to write to; its release fits it."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(base.folder / "articles.db", folder / "articles.db")
    return f"sqlite:///{folder / 'articles.db'}"


def _model(work: Path) -> Path:
    folder = work / "model"
    if not (folder / _MARK).is_file():
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(model_folder(), folder)
        says = {"vectors": "drawn at random by python -m eval bench, never to be mixed with those of the real model"}
        (folder / _MARK).write_text(json.dumps(says), encoding="utf-8")
    return folder


def _key(config: CorpusConfig) -> str:
    """Another one for another archive: its parameters, the code that draws it, what store and release look like."""
    sources = sorted((Path(__file__).parent / "corpus").glob("*.py"))
    digest = hashlib.sha256(repr((config, VERSION, FORMAT)).encode())
    for source in sources:
        digest.update(source.read_bytes())
    return digest.hexdigest()[:10]
