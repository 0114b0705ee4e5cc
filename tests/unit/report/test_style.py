"""Contrast by the formulas of WCAG 2.1: text 4.5 to 1, what is drawn 3 to 1, in light and in dark."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import harness.report

FOLDER = Path(harness.report.__file__).parent
STYLE = (FOLDER / "style.css.j2").read_text(encoding="utf-8")
ALL = STYLE + "".join((FOLDER / name).read_text(encoding="utf-8") for name in ("report.css.j2", "index.html.j2"))
COLOR = re.compile(r"--([\w]+): #([0-9a-f]{6})")
LIGHT, DARK = (dict(COLOR.findall(part)) for part in STYLE.split("@media screen and (prefers-color-scheme: dark)"))

TEXTS = ("text", "dim", "PASS", "FAIL", "UNKNOWN", "link")
DRAWN = ("capture", "restore", "start", "stage", "stage2", "edge", "PASS", "FAIL", "UNKNOWN", "text")
DECORATION = {"line", "paper", "soft", "loss", "skew"}  # nothing is read from these alone: marks and words stand beside


def luminance(color: str) -> float:
    channels = [int(color[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def ratio(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_formula_gives_the_known_extremes() -> None:
    assert round(ratio("000000", "ffffff"), 2) == 21
    assert round(ratio("777777", "ffffff"), 2) == 4.48  # the well-known grey that just fails


@pytest.mark.parametrize("colors", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("name", TEXTS)
def test_text_can_be_read(name: str, colors: dict[str, str]) -> None:
    for ground in ("paper", "soft"):
        assert ratio(colors[name], colors[ground]) >= 4.5


@pytest.mark.parametrize("colors", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("name", DRAWN)
def test_what_is_drawn_can_be_seen(name: str, colors: dict[str, str]) -> None:
    assert ratio(colors[name], colors["paper"]) >= 3


@pytest.mark.parametrize("colors", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("mark", ["PASS", "FAIL", "edge", "capture"])
def test_marks_can_be_seen_on_the_bands_behind_them(mark: str, colors: dict[str, str]) -> None:
    for band in ("loss", "skew"):
        assert ratio(colors[mark], colors[band]) >= 3


def test_stages_side_by_side_can_be_told_apart() -> None:
    assert ratio(LIGHT["stage"], LIGHT["stage2"]) >= 1.5
    assert ratio(DARK["stage"], DARK["stage2"]) >= 1.5


def test_every_color_has_both_forms_and_none_stands_outside_the_list() -> None:
    assert LIGHT.keys() == DARK.keys() == {*TEXTS, *DRAWN, *DECORATION}
    assert len(re.findall(r"#[0-9a-f]{3,8}\b", ALL)) == len(LIGHT) + len(DARK)
    assert set(re.findall(r"var\(--(\w+)\)", ALL)) <= LIGHT.keys()
