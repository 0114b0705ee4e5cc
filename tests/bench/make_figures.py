#!/usr/bin/env python3
"""Measures, prints the table, and keeps it in README.md between its `figures` markers.

    .venv/bin/python tests/bench/make_figures.py [--paste] [--pairs 5] [files] [rows] [commands] [memory] [script] [two]

Given:  a container engine with the project's images, and a machine with nothing else to do.
Exit:   0 if every figure is held, else 1.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
from datetime import UTC, datetime
from pathlib import Path

from figures import PAIRS, Figure, table
from measure import ALL

README = Path(__file__).resolve().parents[2] / "README.md"
BLOCK = re.compile(r"(<!-- figures -->\n).*?(<!-- figures end -->)", re.DOTALL)


def machine() -> str:
    models = re.findall(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    load = os.getloadavg()[1]
    busy = f"; load of the last five minutes: {load:.1f}"
    date = datetime.now(UTC).date()
    return (
        f"{os.cpu_count()} processors ({models[0] if models else platform.machine()}), {memory:.0f} GiB, {date}{busy}."
    )


def pasted(readme: str, text: str) -> str:
    """Raises: ValueError if the README has no place for it."""
    found, count = BLOCK.subn(lambda match: f"{match[1]}{text}\n{match[2]}", readme)
    if count != 1:
        raise ValueError(f"{count} pairs of `figures` markers in README.md, expected one")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--paste", action="store_true", help="into README.md")
    parser.add_argument("--pairs", type=int, default=PAIRS, help="of which the middle one counts; 1 is a try")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(ALL)}; none: all")
    asked = parser.parse_args()
    figures: list[Figure] = []
    for name in asked.names or ALL:
        for figure in ALL[name](asked.pairs):
            print(f"{figure.name}: {figure.value:.2f}", flush=True)
            figures.append(figure)
    text = table(figures, machine())
    print(f"\n{text}")
    if asked.paste:
        README.write_text(pasted(README.read_text(), text))
    return 0 if all(figure.held for figure in figures) else 1


if __name__ == "__main__":
    raise SystemExit(main())
