"""The resident-ID reader: `frames` and `card` are the codec, `reader` is the device."""

from drivers.idcard.card import as_json, parse_card, parse_read
from drivers.idcard.frames import Damaged, Decoder, Frame
from drivers.idcard.reader import SerialIdReader

__all__ = ["Damaged", "Decoder", "Frame", "SerialIdReader", "as_json", "parse_card", "parse_read"]
