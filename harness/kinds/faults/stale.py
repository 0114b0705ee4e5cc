"""Artefacts of an earlier restore point lie among today's, sealed as if written now: a job that failed for a
day, "yesterday's database with today's files" (LR-D5, LR-24, design fact 8).

`parameter`: the components that are old, by name, or `all`.
"""

from __future__ import annotations

import shutil

from harness.kinds.contracts import FaultBench, FaultRow

ROWS = (
    FaultRow("everything", "database", "all", ("LR-24", "LR-33", "GEN-D1"), "freshness"),
    FaultRow("database_only", "database", "database", ("LR-24", "LR-33", "LR-D5"), "freshness"),
    FaultRow("index_only", "search", "search", ("LR-26", "LR-27", "LR-33"), "index_consistency"),
    FaultRow("documents_only", "document_library", "document_library", ("LR-18", "LR-33", "LR-D5"), "freshness"),
    FaultRow(
        "directory_older",
        "repository_directory",
        "repository_directory",
        ("XLR-7", "XLR-12"),
        "index_consistency",
        product="xl-release-7.2",
    ),
    FaultRow(
        "directory_newer", "database", "database", ("XLR-12", "XLR-D8"), "index_consistency", product="xl-release-7.2"
    ),
    FaultRow(
        "built_in_repository",
        "repository_directory",
        "repository_directory",
        ("XLR-7", "XLR-9"),
        "freshness",
        product="xl-release-7.2-embedded",
    ),
    # Of two moments between which the job that archives went on.
    FaultRow(
        "archive_older",
        "archive_database",
        "archive_database",
        ("XLR-D3", "GEN-D2"),
        "archive_parity",
        product="xl-release-7.5",
    ),
    FaultRow("main_older", "database", "database", ("XLR-D3", "GEN-D2"), "archive_parity", product="xl-release-7.5"),
    FaultRow("index_older", "search_index", "search_index", ("XLR-12",), "freshness", product="xl-release-7.5"),
)


def inject(row: FaultRow, bench: FaultBench) -> None:
    everything = [artefact.component for artefact in bench.restore_point.artefacts]
    for component in everything if row.parameter == "all" else [row.parameter]:
        folder = bench.artefact(component)
        shutil.rmtree(folder)
        shutil.copytree(bench.other_artefact(component), folder, symlinks=True)
