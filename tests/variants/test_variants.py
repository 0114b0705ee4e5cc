"""Other ways to drill the Liferay stack: an index that is built anew, a portal that is stopped for its backup.

Their files are not named `*.drill.yaml`, or pytest would perform each of them twice.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.cli import main
from harness.run.journal import read_evidence

pytestmark = [pytest.mark.engine, pytest.mark.prove]
HERE = Path(__file__).parent


def performed(name: str, root: Path) -> tuple[dict[str, Any], Path]:
    """Runs the variant in a root of its own; the verdict as it was written, and the run's folder."""
    code = main(["--root", str(root), "run", str(HERE / f"{name}.yaml")])
    folder = (root / "reports" / name / "latest").resolve()
    verdict = json.loads((folder / "verdict.json").read_text(encoding="utf-8"))
    said = {check["name"]: (check["outcome"], check["found"]) for check in verdict["checks"]}
    assert (code, verdict["outcome"], verdict["recovered"]) == (0, "PASS", True), said
    return verdict, folder


def test_rebuilt_index_is_a_stage_of_its_own_and_agrees(tmp_path: Path) -> None:
    verdict, folder = performed("liferay-rebuild", tmp_path)
    stages = [stage["name"] for stage in verdict["objectives"]["rto"]["stages"]]
    assert "component_restored search" not in stages
    assert stages[-3:] == ["index_rebuilt search", "index_consistent search", "first_correct_search"]
    check = next(check for check in verdict["checks"] if check["name"] == "index_consistency")
    assert check["when"] == "after_rebuild"
    assert "skew" not in check["found"]  # built from the restored database: nothing is excused
    # What exists nowhere else was restored, not rebuilt (LR-D1).
    assert "component_restored search_tuning" in stages
    assert read_evidence(folder / "evidence.jsonl").observation("difference", "search") is None


def test_offline_backup_sees_nothing_change_and_measures_its_downtime(tmp_path: Path) -> None:
    verdict, folder = performed("liferay-offline", tmp_path)
    assert verdict["objectives"]["downtime"]["measured_s"] > 1
    evidence = read_evidence(folder / "evidence.jsonl")
    library = evidence.observation("difference", "document_library")
    assert library is not None and isinstance(library.data, dict)
    assert library.data["transient"] == {"count": 0, "first": []}
    # The rewired values stand in the restored portal, and are what it is expected to say.
    rewired = [seen.data for seen in evidence.observations("rewired")]
    assert {"from": "mail.production.example", "to": "mail.sandbox.invalid", "count": 1} in rewired


@pytest.mark.parametrize("name", ["xl-release-rebuild", "xl-release-embedded-rebuild"])
def test_indexes_that_the_start_builds_anew_are_emptied_before_it(name: str, tmp_path: Path) -> None:
    verdict, folder = performed(name, tmp_path)
    stages = [stage["name"].split()[0] for stage in verdict["objectives"]["rto"]["stages"]]
    built = ["index_purged", "rewired", "product_started", "index_rebuilt", "product_healthy", "index_consistent"]
    assert [stage for stage in stages if stage in built] == built
    evidence = read_evidence(folder / "evidence.jsonl")
    purged = evidence.observation("purged", "search_index")
    assert purged is not None and purged.data == [
        *("repository/index", "workspaces/default/index", "workspaces/security/index"),
    ]
    rest = evidence.observation("at_rest")
    assert rest is not None and isinstance(rest.data, dict)
    assert (rest.data["wrong"], rest.data["changed"]) == ([], []) and int(str(rest.data["looks"])) >= 3
