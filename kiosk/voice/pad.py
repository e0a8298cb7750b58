"""One pad for two: the clear mode of the speaking mode gives way to whatever a flow wants of the pad."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from drivers.api import Abandoned, PinPad, Status
from protocol.mask import Pan, PinBlock

PATIENCE = 60.0
"""Seconds that the pad stays open for one key; it is opened anew after them."""
SAY_FIRST = 20.0
"""Seconds in which "the next keys are secret" must have been said; the pad is opened after them in any case."""


class GaveWay(Abandoned):
    """The clear mode was ended for a PIN."""


class YieldingPad:
    """A `drivers.api.PinPad` whose clear mode ends before a PIN is asked for, and is never open beside it."""

    def __init__(self, pad: PinPad) -> None:
        self._pad = pad
        self._clear: asyncio.Task[str] | None = None
        self._taken = asyncio.Lock()
        self.before_pin: Callable[[], Awaitable[None]] | None = None
        """Awaited, for a while, before the pad is opened for a PIN."""
        self.on_count: Callable[[int], None] | None = None
        """Hears how many PIN digits stand there, beside the flow."""

    # --- what a flow may ask

    async def status(self) -> Status:
        return await self._pad.status()

    async def close(self) -> None:
        await self._pad.close()

    async def import_key(self, name: str, cryptogram: bytes, kcv: bytes, wrapping: str = "ecb") -> None:
        """See `drivers.api.PinPad`."""
        await self._pad.import_key(name, cryptogram, kcv, wrapping)

    async def mac(self, data: bytes) -> bytes:
        """See `drivers.api.PinPad`."""
        return await self._pad.mac(data)

    async def enter_pin(self, number: Pan, format: str, on_count: Callable[[int], None], patience: float) -> PinBlock:
        """See `drivers.api.PinPad`."""

        def counted(digits: int) -> None:
            on_count(digits)
            if self.on_count:
                self.on_count(digits)

        if self.before_pin:
            said = asyncio.ensure_future(self.before_pin())
            await asyncio.wait((said,), timeout=SAY_FIRST)
            said.cancel()
        async with self._for_pin():
            return await self._pad.enter_pin(number, format, counted, patience)

    async def enter_digits(
        self, on_digits: Callable[[str], None], patience: float, on_function: Callable[[str], None] | None = None
    ) -> str:
        """See `drivers.api.PinPad`. Abandoned when a PIN is asked for meanwhile."""
        async with self._taken:
            self._clear = asyncio.ensure_future(self._pad.enter_digits(on_digits, patience, on_function))
            try:
                return await self._clear
            except asyncio.CancelledError:
                if self._clear.cancelled() and not _being_cancelled():
                    raise GaveWay("pin-pad", "the pad was wanted for a PIN", "begin again") from None
                raise
            finally:
                self._clear.cancel()
                await asyncio.gather(self._clear, return_exceptions=True)
                self._clear = None

    async def key(self, patience: float = PATIENCE) -> str:
        """One key in clear: a digit, `enter`, `cancel`, `clear` or `backspace`. Raises TooLate."""
        pressed: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def heard(name: str) -> None:
            if name and not pressed.done():
                pressed.set_result(name[-1] if name.isdigit() else name)

        entry = asyncio.ensure_future(self.enter_digits(heard, patience, heard))
        try:
            await asyncio.wait((entry, pressed), return_when=asyncio.FIRST_COMPLETED)
            if pressed.done():
                return pressed.result()
            try:
                entry.result()
            except GaveWay:
                raise
            except Abandoned:
                return "cancel"
            return "enter"
        finally:
            entry.cancel()
            await asyncio.gather(entry, return_exceptions=True)

    @asynccontextmanager
    async def _for_pin(self) -> AsyncIterator[None]:
        """The pad for a flow alone: an open clear mode ends first."""
        if self._clear is not None:
            self._clear.cancel()
        async with self._taken:
            yield


def _being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
