"""Where a card is put in: the port that a reader has, and PC/SC behind it (PC/SC part 5, pcsc-lite's winscard)."""

from dataclasses import dataclass
from typing import Any, Protocol

from smartcard import scard

from drivers.api import DeviceError, MediaRefused, MediaRemoved, NoMedia, Offline
from drivers.wire import resolve

DEVICE = "card reader"
VIRTUAL = "Virtual PCD"
"""Readers of vsmartcard: whatever is in them is simulated."""


@dataclass(frozen=True)
class Power:
    """A card that has been switched on."""

    atr: bytes
    t0: bool
    """Its protocol is T=0, not T=1."""


class CardSlot(Protocol):
    """A slot that takes one card. Calls may block, but never for long without reason; all errors are DeviceErrors."""

    blocking: bool
    """True: calls belong on the reader's own thread. False: they answer at once."""

    def present(self, seconds: float) -> bool:
        """Is a card in? Waits up to `seconds` for one."""
        ...

    def connect(self) -> Power:
        """Switch the card on, afresh if it was on. Raises NoMedia, MediaRefused (mute), Offline."""
        ...

    def transmit(self, command: bytes) -> bytes:
        """One command, one answer with status word. Raises MediaRemoved, Offline."""
        ...

    def disconnect(self) -> None:
        """Switch the card off; calling twice is harmless."""
        ...

    def close(self) -> None:
        """Let go of everything; the next call begins anew."""
        ...

    def identity(self) -> tuple[str, bytes]:
        """The reader's name, and the ATR of the card seen last."""
        ...


def historical(atr: bytes) -> bytes:
    """The historical bytes of an ATR (ISO/IEC 7816-3 section 8); nothing when it is too short for what it claims."""
    if len(atr) < 2:
        return b""
    count, at, follows = atr[1] & 0x0F, 2, atr[1] >> 4
    while follows:
        at += follows.bit_count()
        follows = atr[at - 1] >> 4 if follows & 0x08 and at <= len(atr) else 0
    return atr[at : at + count]


REMOVED = frozenset({0x80100016, 0x80100069, 0x8010000C, 0x8010002F, 0x80100068})
"""Not transacted, removed card, no smart card, communication data lost, reset by another: this dialogue is over."""
REFUSED = frozenset({0x80100065, 0x80100066, 0x80100067, 0x8010000F, 0x80100015})
"""Unsupported, unresponsive, unpowered card, protocol mismatch, invalid ATR: a mute card, or none at all."""
SERVICE = frozenset({0x8010001D, 0x8010001E, 0x80100003, 0x80100013, 0x80100001, 0x80100014, 0x80100012})
"""No service, service stopped, stale handle, communication or internal error, shut down: a new context is needed."""
TIMEOUT = 0x8010000A
SHARING = 0x8010000B


def failure(code: int) -> DeviceError:
    """The DeviceError that a PC/SC result code means."""
    code &= 0xFFFFFFFF
    if code in REMOVED:
        return MediaRemoved(DEVICE, f"the card is gone (0x{code:08X})", "put the card in again")
    if code in REFUSED:
        return MediaRefused(DEVICE, f"the card does not answer (0x{code:08X})", "turn the card, chip first")
    if code == SHARING:
        return Offline(DEVICE, "another program holds the card", "end that program")
    if code in SERVICE:
        return Offline(DEVICE, f"the card service does not answer (0x{code:08X})", "start pcscd")
    return Offline(DEVICE, f"PC/SC error 0x{code:08X}", "check the reader's cable; restart pcscd")


def _name_in(url: str) -> str:
    scheme, _, name = url.partition(":")
    if scheme not in ("pcsc", "sim") or not name:
        raise ValueError(f"{url}: a card reader is pcsc:READER NAME or sim:card-reader")
    return name


class PcscSlot:
    """A reader of the PC/SC service, known by its name. All calls come from one thread."""

    blocking = True

    def __init__(self, url: str) -> None:
        """ValueError for a URL that is none."""
        _name_in(url)
        self._url = url
        self._context: Any = None
        self._card: Any = None
        self._protocol = 0
        self._name = ""
        self._atr = b""

    def identity(self) -> tuple[str, bytes]:
        return self._name or self._url.removeprefix("pcsc:"), self._atr

    def present(self, seconds: float) -> bool:
        self._open()
        state = self._look(0, scard.SCARD_STATE_UNAWARE)
        if not state & scard.SCARD_STATE_PRESENT and seconds > 0:
            state = self._look(int(seconds * 1000), state)
        return bool(state & scard.SCARD_STATE_PRESENT)

    def connect(self) -> Power:
        self.disconnect()
        if not self.present(0):
            raise NoMedia(DEVICE, "no card is in the reader", "put the card in, chip first")
        result, card, protocol = scard.SCardConnect(
            self._context, self._name, scard.SCARD_SHARE_EXCLUSIVE, scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
        )
        self._check(result)
        self._card, self._protocol = card, protocol
        return Power(self._atr, protocol == scard.SCARD_PROTOCOL_T0)

    def transmit(self, command: bytes) -> bytes:
        if self._card is None:
            raise MediaRemoved(DEVICE, "the card is gone", "put the card in again")
        pci = scard.SCARD_PCI_T0 if self._protocol == scard.SCARD_PROTOCOL_T0 else scard.SCARD_PCI_T1
        result, answer = scard.SCardTransmit(self._card, pci, list(command))
        self._check(result)
        if not answer:  # vpcd's word for a card that left while it was asked
            self.disconnect()
            raise MediaRemoved(DEVICE, "the card left without an answer", "put the card in again")
        return bytes(answer)

    def disconnect(self) -> None:
        if self._card is not None:
            scard.SCardDisconnect(self._card, scard.SCARD_UNPOWER_CARD)
            self._card = None

    def close(self) -> None:
        self.disconnect()
        if self._context is not None:
            scard.SCardReleaseContext(self._context)
            self._context = None

    def _open(self) -> None:
        """Have a context whose service lives, and the reader's full name. A stale context is replaced once."""
        for _ in range(2):
            if self._context is None:
                result, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
                self._check(result)
                self._context = context
            result, names = scard.SCardListReaders(self._context, [])
            if result & 0xFFFFFFFF not in SERVICE:
                self._name = self._choose(list(names or []))
                return
            self.close()
        raise failure(result)

    def _choose(self, names: list[str]) -> str:
        """The reader meant: its full name, or the only one that begins so."""
        wanted = _name_in(resolve(self._url))
        fitting = [name for name in names if name == wanted] or [name for name in names if name.startswith(wanted)]
        if len(fitting) != 1:
            there = ", ".join(names) or "none"
            what = "no reader" if not fitting else "more than one reader"
            raise Offline(DEVICE, f"{what} is called {wanted!r}; connected: {there}", "correct the name, or plug it in")
        return fitting[0]

    def _look(self, milliseconds: int, known: int) -> int:
        result, states = scard.SCardGetStatusChange(self._context, milliseconds, [(self._name, known)])
        if result & 0xFFFFFFFF == TIMEOUT:
            return known
        self._check(result)
        _, state, atr = states[0]
        if atr:
            self._atr = bytes(atr)
        return int(state)

    def _check(self, result: int) -> None:
        """Raise what `result` means; a dead service takes the context with it."""
        if result == scard.SCARD_S_SUCCESS:
            return
        wrong = failure(result)
        if isinstance(wrong, Offline):
            self.close()
        else:
            self.disconnect()
        raise wrong
