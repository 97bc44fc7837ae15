"""The host's accent color, moved just as far as it must be to stay readable on light and on dark paper. Pure."""

import colorsys
import re
from dataclasses import dataclass

DEFAULT = "#2f5d50"
LIGHT_PAPER = "#ffffff"
DARK_PAPER = "#1b1c1f"
DARK_INK = "#101113"
READABLE = 5.5
"""More than the 4.5 of WCAG 2.2 AA, since the accent also stands on a tint of itself."""
STEP = 0.01

_HEX = re.compile(r"^#[0-9a-fA-F]{6}$")
_LINEAR_BELOW = 0.04045


@dataclass(frozen=True)
class Accent:
    """One color on two papers, each with what is written on it."""

    light: str
    on_light: str
    dark: str
    on_dark: str


def accent(color: str | None) -> Accent:
    """Make an accent of the host's color; anything that is no `#rrggbb` gives ours."""
    wanted = color if color and _HEX.match(color) else DEFAULT
    light = _moved(wanted, LIGHT_PAPER, -STEP)
    dark = _moved(wanted, DARK_PAPER, STEP)
    return Accent(light=light, on_light="#ffffff", dark=dark, on_dark=DARK_INK)


def contrast(one: str, other: str) -> float:
    """Give the WCAG contrast ratio of two colors, 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _moved(color: str, paper: str, step: float) -> str:
    hue, lightness, saturation = colorsys.rgb_to_hls(*_channels(color))
    while contrast(color, paper) < READABLE and 0 <= lightness <= 1:
        lightness += step
        red, green, blue = colorsys.hls_to_rgb(hue, min(1, max(0, lightness)), saturation)
        color = f"#{round(red * 255):02x}{round(green * 255):02x}{round(blue * 255):02x}"
    return color


def _luminance(color: str) -> float:
    red, green, blue = (
        channel / 12.92 if channel <= _LINEAR_BELOW else ((channel + 0.055) / 1.055) ** 2.4
        for channel in _channels(color)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _channels(color: str) -> tuple[float, float, float]:
    return int(color[1:3], 16) / 255, int(color[3:5], 16) / 255, int(color[5:7], 16) / 255


@dataclass(frozen=True)
class Check:
    """What becomes of a color that a host chose."""

    color: str
    on_light: float
    on_dark: float
    accent: Accent

    @property
    def kept(self) -> bool:
        """Whether it can be read on both papers as it is."""
        return self.accent.light == self.color and self.accent.dark == self.color


def checked(color: str | None) -> Check:
    """Measure a color against both papers, and say what the pages make of it."""
    wanted = color.lower() if color and _HEX.match(color) else DEFAULT
    return Check(
        wanted, round(contrast(wanted, LIGHT_PAPER), 1), round(contrast(wanted, DARK_PAPER), 1), accent(wanted)
    )
