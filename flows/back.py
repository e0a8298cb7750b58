"""Going back in any flow, by replaying what was answered and read so far.

The tape keeps each question beside its answer; when a replayed flow asks something else, the rest is dropped. PIN entry
is never put on the tape, and the first effect closes it.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from flows.ports import Back

STEPS = 500
"""More "back" than this in one flow is our own mistake."""


class _Missing:
    """Nothing on the tape."""


MISSING = _Missing()


@dataclass
class _Entry:
    question: object
    answer: Any
    asked: bool


@dataclass
class Tape:
    """What one run of a flow has been told so far."""

    entries: list[_Entry] = field(default_factory=list)
    at: int = 0
    closed: bool = False

    def replay(self, question: object) -> Any:
        """The kept answer to the next question, or MISSING."""
        if self.at >= len(self.entries):
            return MISSING
        if self.entries[self.at].question != question:
            del self.entries[self.at :]
            return MISSING
        self.at += 1
        return self.entries[self.at - 1].answer

    def keep(self, question: object, answer: object, *, asked: bool) -> None:
        """Put an answer on the tape; `asked` when a person gave it."""
        self.entries.append(_Entry(question, answer, asked))
        self.at = len(self.entries)

    def forget(self, at: int = 0) -> None:
        """Drop what was kept from that place on: it will not be asked again, nor does "back" lead there."""
        del self.entries[at:]
        self.at = min(self.at, at)

    def rewind(self) -> bool:
        """Forget the last thing a person answered and all that followed; False when there is none."""
        self.at = 0
        while self.entries:
            if self.entries.pop().asked:
                return True
        return False


async def rewindable(tape: Tape, flow: Callable[[], Awaitable[None]]) -> None:
    """Run a flow; at "back", run it again up to the question before."""
    for _ in range(STEPS):
        tape.at = 0
        try:
            return await flow()
        except Back:
            if tape.closed or not tape.rewind():
                return None
    raise AssertionError("a flow went back without end")
