"""What every worker imports, imported before there are any: once, and in pages of memory that they go on to share.

Importing must leave nothing that a fork would break or divide: no thread, no connection, no event loop, nothing that
FAISS has worked out. So neither FAISS nor a model is among it, and of a store only the driver.
"""

import gc
from importlib import import_module

_MODULES = (
    "service.app",
    "uvicorn.lifespan.on",
    "uvicorn.loops.auto",  # and what it finds: uvloop, httptools
    "uvicorn.loops.uvloop",
    "uvicorn.protocols.http.auto",
    "numpy.ma",  # by the first quantile
)


def preload(store: str | None) -> None:
    """Import them and the driver of the store at this URL; Python's search for cycles leaves aside what is there then.

    It would else write into all of it, page by page, in every worker.
    """
    gc.disable()  # nearly all of it stays: looking again and again for what does not takes a tenth of the time
    try:
        for name in _MODULES:
            import_module(name)
        if store is not None:
            from recsys.database import load_driver  # SQLAlchemy

            load_driver(store)
        gc.freeze()
    finally:
        gc.enable()
