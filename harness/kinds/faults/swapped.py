"""Artefacts are exchanged: a component is restored from another one's backup (LR-D5).

`parameter`: the other component; both hold the same kind of archive. Where it happened before sealing, the manifests
agree, and the content has to say it.
"""

from __future__ import annotations

from harness.kinds.contracts import FaultBench, FaultRow

ROWS = (
    FaultRow("before_sealing", "search_tuning", "search", ("LR-D5", "LR-D1"), "restore"),
    FaultRow("trees_before_sealing", "liferay_home", "document_library", ("LR-D5", "LR-8"), "data_parity"),
    FaultRow(
        "after_sealing", "liferay_home", "application_server", ("LR-D5", "GEN-D2"), "restore_point", after_sealing=True
    ),
)


def inject(row: FaultRow, bench: FaultBench) -> None:
    one, other = bench.artefact(row.component), bench.artefact(row.parameter)
    aside = one.with_name("aside")
    one.rename(aside)
    other.rename(one)
    aside.rename(other)
