"""Colours as hexadecimal numbers, and how far two of them stand apart."""

Rgba = tuple[float, float, float, float]


def rgba(colour: str) -> Rgba:
    """A colour as OpenGL wants it: four numbers from 0 to 1."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in range(1, len(colour), 2)]
    red, green, blue = parts[:3]
    return red, green, blue, parts[3] if len(parts) == 4 else 1.0


def contrast(ink: str, ground: str) -> float:
    """How far apart two colours are in lightness, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    light, dark = sorted((_luminance(ink), _luminance(ground)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue, _ = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgba(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
