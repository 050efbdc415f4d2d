"""A file's bytes, decompressed, block by block: what comes before damage is handed out before the error is raised."""

import gzip
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from recsys.errors import SourceError

BLOCK = 1 << 18  # bytes
ZST_BLOCK = 1 << 14  # compressed bytes: one step of zstd may grow a thousand times and more
LONGEST_LINE = 1 << 26  # bytes; nothing longer is an article
BOM = b"\xef\xbb\xbf"
FOREIGN = {
    b"\x1f\x8b": "gzip; name it .gz",
    b"\x28\xb5\x2f\xfd": "zstd; name it .zst",
    b"PAR1": "Parquet; name it .parquet",
    b"PK\x03\x04": "a zip archive or spreadsheet; unpack it, or export CSV",
    b"\xff\xfe": "UTF-16; convert it to UTF-8",
    b"\xfe\xff": "UTF-16; convert it to UTF-8",
}


def blocks(path: Path) -> Iterator[bytes]:
    """The decompressed content without a byte order mark. Raises SourceError for what is damaged, cut or not text."""
    try:
        with path.open("rb") as file:
            for number, block in enumerate(_decompressed(path, file)):
                yield _checked(path, block) if number == 0 else block
    except (OSError, EOFError, zlib.error) as error:
        raise SourceError(f"{path} is damaged or cut short: {error}; export it again") from error


def lines(path: Path) -> Iterator[bytes]:
    """The lines without their ends. A line of more than 64 MiB comes as its first 64 MiB."""
    rest: list[bytes] = []
    held = 0
    for block in blocks(path):
        first, *others = block.split(b"\n")
        if held < LONGEST_LINE:
            rest.append(first)
            held += len(first)
        if others:
            yield b"".join(rest)
            yield from others[:-1]
            rest, held = [others[-1]], len(others[-1])
    if rest:
        yield b"".join(rest)


def _decompressed(path: Path, file: BinaryIO) -> Iterator[bytes]:
    suffix = path.suffix.lower()
    if suffix == ".zst":
        yield from _unzstd(path, file)
        return
    read: Callable[[int], bytes] = gzip.GzipFile(fileobj=file).read1 if suffix == ".gz" else file.read
    while block := read(BLOCK):
        yield block


def _unzstd(path: Path, file: BinaryIO) -> Iterator[bytes]:
    import zstandard

    frame = zstandard.ZstdDecompressor().decompressobj()
    started = False
    try:
        while block := file.read(ZST_BLOCK):
            while block:
                if plain := frame.decompress(block):
                    yield plain
                block, started = b"", True
                if frame.eof:  # a file may hold several frames
                    block, started = frame.unused_data, False
                    frame = zstandard.ZstdDecompressor().decompressobj()
    except zstandard.ZstdError as error:
        raise SourceError(f"{path} is damaged: {error}; export it again") from error
    if started:
        raise SourceError(f"{path} is cut short: its last frame has no end; export it again")


def _checked(path: Path, block: bytes) -> bytes:
    for magic, what in FOREIGN.items():
        if block.startswith(magic):
            raise SourceError(f"{path} is {what}")
    return block.removeprefix(BOM)
