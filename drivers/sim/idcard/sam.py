"""The reader's inside: a card on its plate, and a SAM that keeps to its order of commands. It does no IO.

find -> select -> read -> newest address. After a good read the card must be lifted before it is found again, unless the
SAM is reset. Lifting it forgets everything.
"""

import enum

from drivers.idcard import frames
from drivers.idcard.card import SIM_SAM, pack_address, pack_read
from drivers.idcard.frames import Answer, Damaged, Frame
from drivers.sim.idcard.people import SimCard

SAM_ID = SIM_SAM + (20260101).to_bytes(4, "little") + b"SIM\0" + (1).to_bytes(4, "little")
"""Shown 99.99-20260101-0005065043-0000000001; its third number is the letters SIM."""


class Stage(enum.IntEnum):
    """How far the SAM has come with the card."""

    IDLE = 0
    FOUND = 1
    SELECTED = 2
    READ = 3


class Sam:
    """Answers commands as a SAM would."""

    def __init__(self) -> None:
        self.card: SimCard | None = None
        self.stage = Stage.IDLE
        self.broken = False

    def lay(self, card: SimCard) -> None:
        """Put a card on the plate; the one that lay there is taken away."""
        self.card, self.stage = card, Stage.IDLE

    def lift(self) -> None:
        """Take the card off; harmless when none lies there."""
        self.card, self.stage = None, Stage.IDLE

    def power_cycle(self) -> None:
        """Off and on: the card still lies there, and nothing is known of it."""
        self.stage = Stage.IDLE

    def answer(self, heard: Frame | Damaged) -> Answer:
        """What the SAM says to one command."""
        if isinstance(heard, Damaged):
            return Answer(frames.BAD_CHECKSUM)
        command = heard.body[:2]
        if command == frames.SAM_ID:
            return Answer(frames.OK, SAM_ID)
        if self.broken:
            return Answer(frames.SELF_TEST_FAILED)
        if command not in frames.GOOD_LENGTHS:
            return Answer(frames.BAD_COMMAND)
        return Answer(frames.BAD_LENGTH) if heard.body[2:] else self._obey(command)

    def _obey(self, command: bytes) -> Answer:
        if command == frames.FIND:
            return self._find()
        if command == frames.SELECT:
            return self._select()
        if command == frames.READ_ADDRESS:
            return self._read_address()
        if command in (frames.READ, frames.READ_WITH_FINGERPRINT):
            return self._read(fingerprint=command == frames.READ_WITH_FINGERPRINT)
        if command == frames.RESET:
            self.power_cycle()
        return Answer(frames.OK)

    def _find(self) -> Answer:
        if self.card is None or self.stage is Stage.READ:
            return Answer(frames.FIND_FAILED)
        self.stage = Stage.FOUND
        return Answer(frames.FOUND, bytes(4))

    def _select(self) -> Answer:
        if self.stage is not Stage.FOUND:
            return Answer(frames.SELECT_FAILED)
        self.stage = Stage.SELECTED
        return Answer(frames.OK, bytes(8))

    def _read(self, *, fingerprint: bool) -> Answer:
        if self.card is None or self.stage is not Stage.SELECTED:
            return Answer(frames.READ_FAILED)
        self.stage = Stage.READ
        return Answer(frames.OK, pack_read(self.card.card, fingerprint=fingerprint))

    def _read_address(self) -> Answer:
        if self.card is None or self.stage < Stage.SELECTED:
            return Answer(frames.READ_FAILED)
        if not self.card.newest_address:
            return Answer(frames.NO_SUCH_ITEM)
        return Answer(frames.OK, pack_address(self.card.newest_address))
