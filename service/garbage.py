"""Python's search for unreachable cycles, kept from stopping a worker while somebody waits.

By its defaults it goes through all objects again and again as remembered answers come and go: 20 to 80 ms each time,
which every request then waits for.
"""

import gc

_OFTEN = (2_000, 10, 500)  # new objects, looks at these, looks at the older ones: short looks, and rarely at all


def settle() -> None:
    """From now on leave aside what is there already, which stays for as long as the process, and look less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_OFTEN)


def tidy_up() -> None:
    """Let go of a release that is no longer served, wherever it is part of a cycle; for a moment when that has come."""
    gc.collect()
