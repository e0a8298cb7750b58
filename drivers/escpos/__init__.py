"""Receipt printers that speak ESC/POS: a slip as bytes, the printer's answers as values, and the driver between."""

from drivers.escpos.printer import SerialPrinter
from drivers.escpos.text import text_slip

__all__ = ["SerialPrinter", "text_slip"]
