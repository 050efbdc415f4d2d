"""An invented archive of any size, drawn by a seed: texts, dates, authors, sections, and vectors like real ones."""

from eval.bench.corpus.archive import Archive, Chunk
from eval.bench.corpus.config import CorpusConfig
from eval.bench.corpus.vectors import Vectors

__all__ = ["Archive", "Chunk", "CorpusConfig", "Vectors"]
