"""The target is not empty: what was there before would be mixed with what is restored (fact 5, GEN-D17).

`parameter`: path of a file on a volume of the component's service.
"""

from __future__ import annotations

from harness.kinds.contracts import FaultRow, Stack, ToolImage

ROWS = (
    FaultRow(
        "document",
        "document_library",
        "web /opt/liferay/data/document_library/documents/left-over.txt",
        ("LR-9", "LR-31"),
        "restore",
    ),
    FaultRow("database", "database", "db /var/lib/postgresql/data/PG_VERSION", ("LR-22", "LR-31"), "restore"),
)


def litter(row: FaultRow, stack: Stack) -> None:
    service, _, path = row.parameter.partition(" ")
    with stack.tool(service, image=ToolImage.TOOLS, writable=True) as shell:
        script = 'mkdir -p "$(dirname "$1")"; echo 15 >"$1"'
        shell.run(["sh", "-c", script, "litter", path], timeout_s=60).ok()
