"""Questions from the event loop to a thread that owns what they are about."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Generic, TypeVar

Subject = TypeVar("Subject")
T = TypeVar("T")

MOST = 64  # the oldest beyond these are forgotten; whoever asks has a patience of their own


class Questions(Generic[Subject]):
    """Asked in any thread, answered in one: whenever that one has a moment.

    Args:
        wake: tells the thread that there is a question.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._asked = deque[tuple[Callable[[Subject], Any], Future[Any]]](maxlen=MOST)

    def __bool__(self) -> bool:
        return bool(self._asked)

    def ask(self, question: Callable[[Subject], T]) -> Future[T]:
        """What it answers, or raises. To cancel that is to take the question back."""
        answer: Future[T] = Future()
        self._asked.append((question, answer))
        self._wake()
        return answer

    def answer(self, subject: Subject) -> None:
        """Answer those that are asked by now; the thread that owns `subject` calls it."""
        for _ in range(len(self._asked)):
            question, answer = self._asked.popleft()
            if not answer.set_running_or_notify_cancel():
                continue
            try:
                answer.set_result(question(subject))
            except Exception as error:  # it belongs to who asked
                answer.set_exception(error)
