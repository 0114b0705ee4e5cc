"""The table in harness/kinds/faults/README.md is what the code says.

After a change of a row: `.venv/bin/python tests/unit/kinds/test_faults_table.py` writes it anew.
"""

from __future__ import annotations

from pathlib import Path

from harness.kinds import registry
from harness.kinds.contracts import Alters, Injects, Litters, Spoils

README = Path(__file__).parents[3] / "harness" / "kinds" / "faults" / "README.md"
BEGIN, END = "<!-- table: begin -->\n", "<!-- table: end -->\n"


def table() -> str:
    lines = ["| fault | component | requirements | caught by | outcome |", "| --- | --- | --- | --- | --- |"]
    for name in registry.names("faults"):
        for row in registry.fault(name).ROWS:
            ids = ", ".join(row.requirements)
            lines.append(f"| `{name}/{row.name}` | `{row.component}` | {ids} | `{row.caught_by}` | {row.outcome} |")
    return "\n".join(lines) + "\n"


def with_table(text: str) -> str:
    head, _, rest = text.partition(BEGIN)
    return f"{head}{BEGIN}{table()}{END}{rest.partition(END)[2]}"


def test_readme_holds_the_table_of_the_code() -> None:
    text = README.read_text(encoding="utf-8")
    assert text == with_table(text)


def test_every_fault_damages_one_thing() -> None:
    kinds = {name: registry.fault(name) for name in registry.names("faults")}
    ways = (Injects, Alters, Spoils, Litters)
    assert [name for name, kind in kinds.items() if sum(isinstance(kind, way) for way in ways) != 1] == []
    assert [name for name, kind in kinds.items() if len({row.name for row in kind.ROWS}) != len(kind.ROWS)] == []


if __name__ == "__main__":
    README.write_text(with_table(README.read_text(encoding="utf-8")), encoding="utf-8")
