"""An open loop: requests are sent when they are due, however long the answers to earlier ones take.

A closed loop, which waits for an answer before it asks again, asks less of a server that stalls, and so hides the stall
(Gil Tene: coordinated omission). Here the time of a request counts from when it was due.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import perf_counter


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of a schedule.

    Attributes:
        seconds: of each request that succeeded, from when it was due to its answer.
        errors: what went wrong, one text a request that failed.
        late: the longest, in seconds, that a request was begun after it was due: large where the client had no time.
    """

    seconds: tuple[float, ...]
    errors: tuple[str, ...]
    late: float


async def at_rate(rate: float, seconds: float, send: Callable[[int], Awaitable[str]]) -> Sent:
    """Call `send(0)`, `send(1)`, … `rate` times a second; it answers "" or what went wrong, or raises OSError."""
    begin = perf_counter() + 0.05
    took, errors, late = list[float](), list[str](), [0.0]

    async def one(number: int) -> None:
        due = begin + number / rate
        late[0] = max(late[0], perf_counter() - due)
        try:
            wrong = await send(number)
        except OSError as error:
            wrong = repr(error)
        if wrong:
            errors.append(wrong)
        else:
            took.append(perf_counter() - due)

    tasks = []
    for number in range(round(rate * seconds)):
        await asyncio.sleep(max(0.0, begin + number / rate - perf_counter()))
        tasks.append(asyncio.create_task(one(number)))
    await asyncio.gather(*tasks)
    return Sent(tuple(took), tuple(errors), late[0])
