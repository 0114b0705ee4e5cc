"""Every fault on a real restore point: the drill turns red by the check that must catch it, with the right name."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from restore_points import Json, RestorePoints, check_of, run_drill

from harness.kinds import registry
from harness.kinds.contracts import FaultRow, Injects, Spoils
from harness.model.drill import Drill
from harness.model.plan import Action, Plan
from harness.pipeline import altered, damaged

pytestmark = pytest.mark.engine

ROWS = {f"{fault}/{row.name}": (fault, row) for fault in registry.names("faults") for row in registry.fault(fault).ROWS}
INJECTED = [name for name, (fault, _) in ROWS.items() if isinstance(registry.fault(fault), Injects)]
SPOILT = [name for name, (fault, _) in ROWS.items() if isinstance(registry.fault(fault), Spoils)]
ALTERED = [name for name in ROWS if name not in {*INJECTED, *SPOILT}]  # the plan, or the target

# One fault for each check and outcome; the others are proofs.
IN_CI = {
    "silent_backup/database",
    "after_sealing/byte_flipped",
    "truncated/dump",
    "file_missing/portal_properties",
    "file_emptied/document",
    "not_rewired/everything",
    "sql/row_changed",
    "index_older/missing_and_stale",
    "stale/everything",
    "mode_lost/folder_read_only",
    "image_broken/search_server",
}

# What the check must name first; `found` and the items, one a line, are searched.
NAMED = {
    "after_sealing/byte_flipped": r"^database/database\.dump has another digest",
    "after_sealing/file_added": r"^document_library/tree\.tar\.old is not in the manifest",
    "after_sealing/file_removed": r"^search/repository/.* is missing",
    "file_changed/document": r"^document_library: changed documents/.+ \(content\)$",
    "file_changed/module": r"^liferay_home: changed osgi/modules/word-list-2\.3\.0\.zip \(content\)$",
    "file_emptied/document": r"^size differs: document_library: documents/.+ \(\d+ bytes in portal_\w+/\d+, 0 on",
    "file_missing/document": r"^document_library: missing documents/",
    "file_missing/driver": r"^start_portal: web does not run: .*org\.postgresql\.Driver",
    "file_missing/key": r"^keystore: expected readable, found absent",
    "file_missing/licence": r"^licence.state: expected valid, found missing",
    "file_missing/module": r"^module\.word-list: expected 2\.3\.0 .*, found nothing",
    "file_missing/module_settings": r"^search\.backend: expected opensearch, found database",
    "file_missing/newest_documents": r"^row without file: document_library: documents/.+ \(named by portal_librarydoc",
    "file_missing/portal_properties": r"^database\.engine: expected postgresql, found sqlite",
    "file_missing/system_properties": r"^timezone: expected .*, found UTC",
    "file_orphaned/document": r"^file without row: document_library: documents/minutes-of-1999\.txt$",
    "image_broken/database_server": r"preflight: portal-drill/postgresql:15 does not start with empty data",
    "image_broken/search_server": r"preflight: portal-drill/opensearch:2\.19\.6 does not start with empty data",
    "index_empty/derived": r"^missing: (page|document):\d+",
    "index_empty/primary": r"^search_tuning: missing document/liferay-20101-search-tuning-synonyms/",
    "index_newer/ghosts": r"^ghost: page:000000900000 ",
    "index_older/missing_and_stale": r"(?s)(?=.*^missing: page:\d+)(?=.*^stale: page:\d+ .* has revision)",
    "index_older/stale": r"^stale: page:\d+ .* has revision",
    "mode_lost/execute_bit": r"^start_portal: .*startup\.sh",
    "mode_lost/folder_read_only": r"document_library",
    "mode_lost/owner_of_a_folder": r"^document_library: changed documents \(owner 1000:1000 → 0:0\)$",
    "not_rewired/cluster_peer": r"^198\.51\.100\.20 in /opt/liferay/portal-ext\.properties:\d+: cluster\.link",
    "not_rewired/everything": r"(?s)(?=.*^hooks\.production)(?=.*^mail\.production)(?=.*^198\.51)(?=.*^portal\.prod)",
    "not_rewired/mail_server": r"^mail\.production\.example in /opt/liferay/portal-ext\.properties:\d+: mail\.session",
    "not_rewired/own_name": r"^portal\.production\.example in /opt/liferay/portal-setup-wizard\.properties:1: admin",
    "not_rewired/reporting_database": r"^reports\.production\.example in .*:\d+: reporting\.jdbc\.url=jdbc:postgresql",
    "not_rewired/webhook": r"^hooks\.production\.example in .*:\d+: webhook\.published\.url=http://hooks",
    "order_reversed/documents_first": r"^row without file: document_library: documents/portal-drill-canary-",
    "silent_backup/database": r"^back_up:database: command said that database was backed up, but wrote nothing",
    "silent_backup/documents": r"^back_up:document_library: .* wrote nothing",
    "silent_backup/index": r"^back_up:search: .* wrote nothing",
    "sql/grants_lost": r"^database: changed table/public\.",
    "sql/row_changed": r"^database: changed row/public\.\w+/\S+ \(content\)$",
    "sql/row_deleted": r"^database: missing row/public\.\w+/\S+$",
    "sql/sequence_set_back": r"^database: changed sequence/public\.\w+ \(set back from \d+ to 1\)$",
    "stale/database_only": r"the newest nonce is nonce\w+: the backup of another moment",
    "stale/documents_only": r"^lost though acknowledged before its capture: canary \d+ in document_library",
    "stale/everything": r"the newest nonce is nonce\w+: the backup of another moment",
    "stale/index_only": r"^ghost: (page|document):\d+ “portal-drill canary",
    "truncated/bundle": r"^restore:source_code: git ",
    "truncated/documents": r"^restore:document_library: tree\.tar ",
    "truncated/documents_at_a_member": r"^document_library: missing documents/",
    "truncated/dump": r"^restore:database: pg_restore ",
    "truncated/home": r"^restore:liferay_home: tree\.tar ",
    "truncated/roles": r"^restore:database: ",
    "truncated/server": r"^restore:application_server: tree\.tar ",
}

# The damage is one thing, and one thing is what the check may find.
EXACTLY_ONE = {
    "file_emptied/document",
    "file_orphaned/document",
    "sql/row_changed",
    "sql/row_deleted",
    "sql/sequence_set_back",
    "file_changed/document",
}


def cases(names: list[str]) -> list[object]:
    return [pytest.param(name, marks=[] if name in IN_CI else [pytest.mark.prove]) for name in names]


def assert_caught(name: str, row: FaultRow, verdict: Json, folder: Path) -> None:
    """The outcome, the check that must name it, what it names, and the note that it was done on purpose."""
    outcomes = {check["name"]: f"{check['outcome']}: {check['found']}" for check in verdict["checks"]}
    caught = check_of(verdict, row.caught_by)
    assert verdict["outcome"] == row.outcome, (folder, outcomes)
    assert caught["outcome"] == row.outcome, (folder, outcomes)
    said = "\n".join([*caught["items"]["first"], caught["found"]])
    assert re.search(NAMED[name], said, re.MULTILINE), (folder, said)
    if name in EXACTLY_ONE:
        assert caught["items"]["count"] == 1, (folder, said)
    assert (verdict["faults"]["fault"], verdict["faults"]["row"]) == tuple(name.split("/"))
    assert verdict["recovered"] is False
    assert folder.parent.name == "proofs"


@pytest.mark.parametrize("name", cases(INJECTED))
def test_damaged_restore_point_is_caught(
    name: str, points: RestorePoints, drill: Drill, plan: Plan, recover: Callable[[Path], tuple[Json, Path]]
) -> None:
    fault, row = ROWS[name]
    copy = damaged(points.today, fault, row.name, drill, plan, root=points.root, other=points.earlier)
    verdict, folder = recover(copy)
    shutil.rmtree(copy)
    assert_caught(name, row, verdict, folder)


@pytest.mark.parametrize("name", cases(ALTERED))
def test_fault_of_procedure_is_caught(name: str, points: RestorePoints, drill: Drill, plan: Plan) -> None:
    """What breaks the recovery is tried on a sound restore point, what breaks the backup on a source."""
    fault, row = ROWS[name]
    changed, note = altered(plan, fault, row.name)
    point = None if row.caught_by == "capture" or changed.capture != plan.capture else points.today
    verdict, folder = run_drill(drill, changed, points.root, point, note)
    assert_caught(name, row, verdict, folder)
    if row.caught_by == "capture":
        assert_no_disaster(folder)


@pytest.mark.parametrize("name", cases(SPOILT))
def test_fault_of_the_source_is_caught(name: str, points: RestorePoints, drill: Drill, plan: Plan) -> None:
    """What lies in the source is seen before its backup, so that nothing need be recovered."""
    fault, row = ROWS[name]
    unaltered, note = altered(plan, fault, row.name)
    only_the_end = tuple(step for step in unaltered.recover if step.action is Action.TEAR_DOWN)
    verdict, folder = run_drill(drill, unaltered.model_copy(update={"recover": only_the_end}), points.root, None, note)
    assert_caught(name, row, verdict, folder)
    assert_no_disaster(folder)


def assert_no_disaster(folder: Path) -> None:
    """A source whose backup failed lives on to the teardown, and answers until then."""
    evidence = (folder / "evidence.jsonl").read_text(encoding="utf-8")
    assert '"name":"source_removed"' in evidence
    assert '"name":"probing_ended"' in evidence
    assert '"name":"disaster"' not in evidence
    assert '"name":"probe_failed"' not in evidence


def test_every_row_says_what_must_be_named() -> None:
    assert sorted(NAMED) == sorted(ROWS)


def test_rows_of_continuous_integration_exist() -> None:
    assert set(ROWS) >= IN_CI | EXACTLY_ONE
