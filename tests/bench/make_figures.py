#!/usr/bin/env python3
"""Measures, prints the table, and keeps it in README.md between its `figures` markers.

    .venv/bin/python tests/bench/make_figures.py [--paste] [--pairs 5] [files] [rows] [commands] [memory] [script] [two]

Given:  a container engine with the project's images, and a machine with nothing else to do.
Shape:  what was measured is kept for the day, by the code it was measured on, so that the table can be made in parts.
Exit:   0 if every figure of the table is held, else 1.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import os
import platform
import re
from datetime import UTC, datetime
from pathlib import Path

from figures import PAIRS, Figure, table
from measure import ALL

ROOT = Path(__file__).resolve().parents[2]
README, KEPT = ROOT / "README.md", ROOT / ".portal-drill" / "bench" / "figures.json"
BLOCK = re.compile(r"(<!-- figures -->\n).*?(<!-- figures end -->)", re.DOTALL)


def machine() -> str:
    models = re.findall(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    model = models[0] if models else platform.machine()
    return f"{os.cpu_count()} processors ({model}), {memory:.0f} GiB, {datetime.now(UTC).date()}."


def measured_on() -> str:
    """The day, and what a figure depends on: it is not mixed with those of other code."""
    digest = hashlib.sha256(str(datetime.now(UTC).date()).encode())
    for folder in ("harness", "fixtures", "drills", "tests/bench"):
        for path in sorted(p for p in (ROOT / folder).rglob("*") if p.suffix in (".py", ".c", ".h", ".sh", ".yaml")):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def kept(version: str) -> dict[str, list[Figure]]:
    """By group, in the order of the table."""
    if not KEPT.exists() or (read := json.loads(KEPT.read_text()))["version"] != version:
        return {}
    return {name: [Figure(**one) for one in read["groups"][name]] for name in ALL if name in read["groups"]}


def keep(version: str, groups: dict[str, list[Figure]]) -> None:
    KEPT.parent.mkdir(parents=True, exist_ok=True)
    written = {name: [dataclasses.asdict(one) for one in figures] for name, figures in groups.items()}
    KEPT.write_text(json.dumps({"version": version, "groups": written}))


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
    version = measured_on()
    groups = kept(version)
    for name in asked.names or ALL:
        measured = []
        for figure in ALL[name](asked.pairs):
            print(f"{figure.name}: {figure.value:.2f} (load {os.getloadavg()[0]:.1f})", flush=True)
            measured.append(figure)
        groups[name] = measured
        if asked.pairs >= PAIRS:  # a try is not kept
            keep(version, kept(version) | {name: measured})
    figures = [figure for name in ALL for figure in groups.get(name, [])]
    text = table(figures, machine())
    print(f"\n{text}")
    if asked.paste:
        README.write_text(pasted(README.read_text(), text))
    return 0 if all(figure.held for figure in figures) else 1


if __name__ == "__main__":
    raise SystemExit(main())
