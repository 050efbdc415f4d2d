"""How much of the machine others used meanwhile: their work is in our times."""

import resource
import time

import psutil

DISTURBED = 0.25  # cores; above this a run says that its figures are worth little


class Meter:
    """Counts from when it is made."""

    def __init__(self) -> None:
        self._began, self._busy, self._own = time.monotonic(), _busy(), _own()

    def others(self) -> float:
        """Cores that programs used that are neither this one nor one it has started and seen end."""
        passed = max(1e-3, time.monotonic() - self._began)
        return round(max(0.0, (_busy() - self._busy) - (_own() - self._own)) / passed, 2)


def _busy() -> float:
    """Seconds that all cores together have worked, or were taken by the host's other guests."""
    times = psutil.cpu_times()
    return float(
        times.user + times.system + sum(getattr(times, name, 0.0) for name in ("nice", "irq", "softirq", "steal"))
    )


def _own() -> float:
    """The same of this process and of those that it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)
