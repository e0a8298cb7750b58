"""A resident-ID reader at the far end of a wire: `SerialIdReader`.

The SAM answers one command at a time and in order, and frames bear no numbers. So an answer that nobody waits for any
more (its waiter was cancelled) is still owed, and it is taken off the wire before the next command goes out.
"""

import asyncio
import contextlib
from dataclasses import replace

from drivers.api import DeviceError, Garbled, Health, IdCard, MediaRemoved, Offline, Status, TooLate
from drivers.idcard import frames
from drivers.idcard.card import format_sam_id, is_simulated, parse_address, parse_read
from drivers.idcard.frames import NAME, Answer, Damaged, Decoder, Frame, parse_answer, refusal
from drivers.wire import Opener, Wire, check, open_wire

POLL_S = 0.3
"""The SAM wants at least this long from one find to the next."""
ANSWER_S = 2.0
READ_S = 5.0
"""A SAM needs about a second to read a card; at 9600 baud its answer takes 2.4 s more."""
TRIES = 3
"""How often a card may wobble away while it is read before the person is told."""
MOVABLE = ("resident", "hmt")
"""Kinds whose newest address stands apart from the printed one."""

_POWER = "check the reader's power and cable"


class _Line:
    """Commands and answers on one open wire."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._decoder = Decoder()
        self._owed = b""

    async def ask(self, command: bytes) -> Answer:
        """The answer to `command`. Raises Offline when none comes, Garbled when it cannot be read."""
        self._owed, self._decoder = command, Decoder()
        try:
            async with asyncio.timeout(ANSWER_S):
                await self._wire.write(Frame(command).pack())
        except TimeoutError as why:
            raise Offline(NAME, "the reader takes no bytes", _POWER) from why
        return await self._answer(command)

    async def settle(self) -> None:
        """Take the answer that is owed to a command whose waiter was cancelled. Offline when it never comes."""
        if self._owed:
            with contextlib.suppress(Garbled):
                await self._answer(self._owed)

    async def close(self) -> None:
        await self._wire.close()

    async def _answer(self, command: bytes) -> Answer:
        """Wait for the answer; only a cancelled wait leaves it owed."""
        try:
            answer = await self._hear(command)
        except DeviceError:
            self._owed = b""
            raise
        self._owed = b""
        return answer

    async def _hear(self, command: bytes) -> Answer:
        patience = READ_S if command in (frames.READ, frames.READ_WITH_FINGERPRINT) else ANSWER_S
        heard = 0
        try:
            async with asyncio.timeout(patience):
                while True:
                    data = await self._wire.read()
                    heard += len(data)
                    if (answer := _pick(command, self._decoder.feed(data))) is not None:
                        return answer
        except TimeoutError as why:
            if (answer := _pick(command, self._decoder.flush())) is not None:
                return answer
            if heard:
                raise Garbled(NAME, f"{heard} bytes came, and no answer to {command.hex()}", _POWER) from why
            raise Offline(NAME, f"no answer to {command.hex()} within {patience:g} s", _POWER) from why


def _pick(command: bytes, found: list[Frame | Damaged]) -> Answer | None:
    """The answer to `command` among what was found; one of another shape belongs to an older command."""
    for one in found:
        if isinstance(one, Frame):
            answer = parse_answer(one.body)
            if answer.sw not in (frames.OK, frames.FOUND) or len(answer.data) in frames.GOOD_LENGTHS[command]:
                return answer
    for one in found:
        if isinstance(one, Damaged):
            raise Garbled(NAME, f"an answer with {one.what}", _POWER)
    return None


class SerialIdReader:
    """A resident-ID reader behind a URL of `drivers.wire`. Opens at first use, and again after it went offline."""

    def __init__(self, url: str, *, opener: Opener | None = None) -> None:
        """`opener` opens the wire instead of `url`: what tests lay a `MemoryWire` with. ValueError for no URL."""
        if opener is None:
            check(url)
        self._opener: Opener = opener or (lambda: open_wire(url))
        self._line: _Line | None = None
        self._lock = asyncio.Lock()
        self._next_find = 0.0
        self._half_read = False

    async def status(self) -> Status:
        identity, simulated = "", False
        try:
            async with self._lock:
                raw = (await self._ask(frames.SAM_ID)).data
                identity, simulated = format_sam_id(raw), is_simulated(raw)
                await self._ask(frames.STATUS)
        except DeviceError as why:
            health = Health.OFFLINE if isinstance(why, Offline) else Health.DEGRADED
            return Status(NAME, health, identity, simulated, detail=why.what, why=why)
        return Status(NAME, Health.OK, identity, simulated)

    async def read_card(self, patience: float, *, fingerprint: bool = False) -> IdCard:
        """Wait up to `patience` seconds for a card and read it; a reading once begun is finished.

        Raises TooLate, Offline, Garbled, Faulty, MediaRefused, and MediaRemoved when the card moved away three times.
        """
        loop = asyncio.get_running_loop()
        deadline, tries = loop.time() + patience, 0
        while True:
            try:
                if (card := await self._attempt(fingerprint=fingerprint)) is not None:
                    return card
            except MediaRemoved:
                tries += 1
                if tries == TRIES:
                    raise
            if loop.time() + POLL_S > deadline:
                await asyncio.sleep(max(0.0, deadline - loop.time()))
                raise TooLate(NAME, f"no card within {patience:g} s", "lay the card flat on the reader")

    async def card_present(self) -> bool:
        async with self._lock:
            await self._reset()
            return await self._found()

    async def close(self) -> None:
        async with self._lock:
            await self._drop()

    async def _attempt(self, *, fingerprint: bool) -> IdCard | None:
        """One round of find, select, read, newest address; None when no card is found."""
        async with self._lock:
            if self._half_read:
                await self._reset()
            if not await self._found():
                return None
            await self._ask(frames.SELECT)
            self._half_read = True
            command = frames.READ_WITH_FINGERPRINT if fingerprint else frames.READ
            card = parse_read((await self._ask(command)).data, fingerprint=fingerprint)
            newest = await self._newest_address() if card.kind in MOVABLE else ""
            self._half_read = False
            return replace(card, address=newest) if newest else card

    async def _reset(self) -> None:
        """Let the SAM forget the card, so that one that stays may be read again."""
        await self._ask(frames.RESET)
        self._half_read = False

    async def _found(self) -> bool:
        """Ask for a card, not before the SAM may be asked again."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(min(POLL_S, max(0.0, self._next_find - loop.time())))
        self._next_find = loop.time() + POLL_S
        return (await self._ask(frames.FIND, frames.FOUND, frames.FIND_FAILED)).sw == frames.FOUND

    async def _newest_address(self) -> str:
        """The address noted after printing; "" where the card has none, or the reader is too old to ask."""
        good = (frames.OK, frames.NO_SUCH_ITEM, frames.BAD_COMMAND)
        answer = await self._ask(frames.READ_ADDRESS, *good)
        return parse_address(answer.data) if answer.sw == frames.OK else ""

    async def _ask(self, command: bytes, *good: int) -> Answer:
        """The answer to `command` if its status is among `good` (90 when none is named); else the error it means."""
        try:
            answer = await (await self._settled()).ask(command)
        except Offline:
            await self._drop()
            raise
        if answer.sw not in (good or (frames.OK,)):
            raise refusal(answer.sw)
        return answer

    async def _settled(self) -> _Line:
        """An open wire with no answer owed on it."""
        if self._line is not None:
            try:
                await self._line.settle()
            except Offline:
                await self._drop()
        if self._line is None:
            self._line = _Line(await self._opener())
        return self._line

    async def _drop(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            await line.close()
