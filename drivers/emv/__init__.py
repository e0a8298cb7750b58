"""Bank cards: TLV and APDU codecs, the EMV kernel, and the reader over PC/SC."""

from drivers.emv.reader import PcscCardReader
from drivers.emv.slot import CardSlot, PcscSlot, Power

__all__ = ["CardSlot", "PcscCardReader", "PcscSlot", "Power"]
