"""The bank-card reader: `CardReader` over any slot that takes a chip card."""

import asyncio
import itertools
import secrets
import threading
from collections.abc import Callable, Sequence
from datetime import date
from typing import TypeVar

from drivers.api import Application, CardDialogue, DeviceError, Health, MediaRemoved, Offline, Status, TooLate
from drivers.emv import apdu, kernel, terminal
from drivers.emv.hand import Hand
from drivers.emv.slot import DEVICE, VIRTUAL, CardSlot, PcscSlot, Power, historical
from protocol.mask import Pan

T = TypeVar("T")

STEP = 0.25
"""Seconds of one look for a card: how long a cancelled wait may still hold the thread."""
SETTLE = 2.0
"""Seconds that a cancelled dialogue gets to end before the reader counts as offline."""


class PcscCardReader:
    """A dip reader for EMV contact cards, at `pcsc:READER NAME` or `sim:card-reader`.

    `today` dates transactions and decides what has expired, `random` makes unpredictable numbers, `patience` (seconds)
    bounds one whole step, however slow the chip. With a `slot` of your own that does not block, no thread is used.
    """

    can_retain = False

    def __init__(
        self,
        url: str,
        *,
        today: Callable[[], date],
        random: Callable[[int], bytes] = secrets.token_bytes,
        aids: Sequence[str] = terminal.AIDS,
        serial: str = "KIOSK001",
        slot: CardSlot | None = None,
        patience: float = 20.0,
    ) -> None:
        self._slot: CardSlot = slot or PcscSlot(url)
        self._today, self._random, self._patience = today, random, patience
        self._aids, self._terminal = tuple(aids), terminal.Terminal(serial)
        self._count = itertools.count(1)
        self._thread = Hand("card-reader") if self._slot.blocking else None
        self._stuck: asyncio.Future[object] | None = None
        self._power: Power | None = None
        self._open: kernel.Transaction | None = None

    async def wait_card(self, patience: float) -> tuple[Application, ...]:
        loop = asyncio.get_running_loop()
        end = loop.time() + patience
        while not await self._look(min(STEP, max(0.0, end - loop.time()))):
            if loop.time() >= end:
                raise TooLate(DEVICE, "no card was put in", "put the card in, chip first")
        self._power = self._open = None
        return await self._talk(lambda chip: kernel.candidates(chip, self._aids))

    async def begin(self, aid: str, amount: int) -> CardDialogue:
        ask = terminal.Ask(amount, self._today(), self._random(4), next(self._count))
        self._open = None
        done = await self._talk(lambda chip: kernel.begin(chip, aid, self._terminal, ask))
        dialogue = CardDialogue(
            application=done.application,
            pan=Pan(done.number),
            sequence=done.sequence,
            expiry=done.expiry,
            expired=done.expiry < ask.today,
            cryptogram_type=kernel.KINDS[done.kind],
            cryptogram=done.known["9F26"],
            field55=done.field55(),
            language=done.known.get("5F2D", b"").decode("ascii", "replace"),
        )
        self._open = done
        return dialogue

    async def finish(self, issuer_data: bytes, scripts: tuple[bytes, ...] = ()) -> tuple[bool, bytes]:
        """See `CardReader.finish`. `issuer_data` is the value of tag 91; empty when no issuer answered: then an AAC."""
        done, self._open = self._open, None
        if done is None:
            raise MediaRemoved(DEVICE, "no dialogue with a card is open", "begin again")
        approved = await self._talk(lambda chip: kernel.finish(chip, done, issuer_data, scripts), again=False)
        return approved, done.field55()

    async def card_present(self) -> bool:
        return await self._run(lambda: self._slot.present(0))

    async def retain(self) -> bool:
        return False

    def forget(self) -> None:
        self._open = None

    async def status(self) -> Status:
        try:
            present = await self._run(lambda: self._slot.present(0))
        except DeviceError as why:
            return Status(DEVICE, Health.OFFLINE, detail=why.what, why=why)
        name, atr = self._slot.identity()
        return Status(
            DEVICE,
            Health.OK,
            identity=f"{name} ATR {atr.hex().upper()}" if atr else name,
            simulated=b"SIM" in historical(atr) or name.startswith(VIRTUAL),
            media="present" if present else "absent",
        )

    async def close(self) -> None:
        self._open = self._power = None
        if self._thread is None:
            self._slot.close()
            return
        try:
            await self._run(self._slot.close)
        except (DeviceError, RuntimeError):  # a stuck or already ended thread holds nothing that we could still free
            return
        finally:
            self._thread.close()

    # --- the thread

    async def _look(self, seconds: float) -> bool:
        """Is a card in, within `seconds`? A slot that does not block is asked once, then left alone that long."""
        present = await self._run(lambda: self._slot.present(seconds))
        if not present and not self._slot.blocking:
            await asyncio.sleep(seconds)
        return present

    async def _talk(self, act: Callable[[apdu.Chip], T], *, again: bool = True) -> T:
        """A whole step with the chip in one hop; switches the card on first if it is not (and `again` allows it)."""
        stop = threading.Event()

        def transmit(command: bytes) -> bytes:
            if stop.is_set():
                raise Offline(DEVICE, "the dialogue was broken off", "begin again")
            return self._slot.transmit(command)

        def job() -> T:
            if self._power is None:
                if not again:
                    raise MediaRemoved(DEVICE, "the card is gone", "put the card in again")
                self._power = self._slot.connect()
            try:
                return act(apdu.Chip(transmit, self._power.t0))
            except (MediaRemoved, Offline):
                self._power = None
                self._slot.disconnect()
                raise

        return await self._run(job, stop)

    async def _run(self, act: Callable[[], T], stop: threading.Event | None = None) -> T:
        """Run `act` on the reader's thread, bounded.

        Cancelling a dialogue sets `stop` and waits `SETTLE` for its end. A mere look ends by itself, soon: it is not
        waited for here but by whoever asks next.
        """
        if self._thread is None:
            return act()
        if self._stuck is not None and not self._stuck.done():
            await asyncio.wait({self._stuck}, timeout=SETTLE)
            if not self._stuck.done():
                raise Offline(
                    DEVICE, "the reader has not come back from the last card", "take the card out; restart pcscd"
                )
        job = asyncio.wrap_future(self._thread.submit(act))
        job.add_done_callback(_heard)
        try:
            done, _ = await asyncio.wait({job}, timeout=self._patience)
        except asyncio.CancelledError:
            await self._abort(job, stop, SETTLE if stop is not None else 0)
            raise
        if not done:
            await self._abort(job, stop, 0)
            raise Offline(DEVICE, f"no answer within {self._patience:g} s", "take the card out and put it in again")
        return job.result()

    async def _abort(self, job: asyncio.Future[T], stop: threading.Event | None, seconds: float) -> None:
        self._open = None
        if stop is not None:
            stop.set()
        self._stuck = job  # type: ignore[assignment]  # only its end matters, not its value
        await asyncio.wait({job}, timeout=seconds)


def _heard(job: asyncio.Future[T]) -> None:
    """An outcome that nobody waits for any more is no surprise."""
    if not job.cancelled():
        job.exception()
