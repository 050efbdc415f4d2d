"""Which machine a run was made on, and with what."""

import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_LIBRARIES = (
    "numpy", "scipy", "faiss-cpu", "torch", "sentence-transformers", "sqlalchemy", "fastapi", "starlette", "uvicorn",
    "uvloop", "httptools", "msgspec", "granian", "hypercorn",
    "usearch", "hnswlib", "lancedb", "qdrant-edge-py", "tantivy", "psycopg",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Machine:
    """Facts of the machine.

    Attributes:
        cpu: its model, as the system names it.
        cores: that this process may use.
        memory_gib: in all.
        load: how many processes wanted a core on average in the minute before; others' work spoils ours.
        system, python: names with versions.
        libraries: name to version, of those that are installed.
        commit: of the repository that was run; "" where it is not known, with "+" where files differ from it.
    """

    cpu: str
    cores: int
    memory_gib: float
    load: float
    system: str
    python: str
    libraries: dict[str, str]
    commit: str

    def line(self) -> str:
        """The machine in one line."""
        return (
            f"{self.cpu}, {self.cores} cores, {self.memory_gib:.0f} GiB, {self.system}, Python {self.python},"
            f" commit {self.commit or 'unknown'}, load before the run {self.load:.1f}"
        )


def this_machine() -> Machine:
    """The facts now."""
    import psutil

    return Machine(
        cpu=_cpu(),
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        memory_gib=round(psutil.virtual_memory().total / 2**30, 1),
        load=round(psutil.getloadavg()[0], 2),
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        python=platform.python_version(),
        libraries={name: found for name in _LIBRARIES if (found := _version(name))},
        commit=_commit(),
    )


def _cpu() -> str:
    facts = Path("/proc/cpuinfo")
    lines = facts.read_text(encoding="utf-8").splitlines() if facts.is_file() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or "unknown CPU"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _commit() -> str:
    here = Path(sys.modules[__name__].__file__ or ".").parent
    commit, changed = _git(here, "rev-parse", "--short=12", "HEAD"), _git(here, "status", "--porcelain")
    return f"{commit}+" if commit and changed else commit


def _git(folder: Path, *arguments: str) -> str:
    """What git says, "" where it says nothing."""
    try:
        command = ["git", "-C", str(folder), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return ""
