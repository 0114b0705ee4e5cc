"""Every fault on a real restore point: the drill turns red by the check that must catch it, with the right name."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from restore_points import Json, RestorePoints, captured_only, check_of, not_passed, run_drill

from harness.kinds import registry
from harness.kinds.contracts import FaultRow, Injects, Spoils, When
from harness.model.drill import Drill, Waiver
from harness.model.plan import Plan
from harness.pipeline import altered, damaged

pytestmark = pytest.mark.engine

ROWS = {
    f"{fault}/{row.name}": (fault, row)
    for fault in registry.names("faults")
    for row in registry.fault(fault).ROWS
    if not row.product  # those of one product alone have a test of their own
}
INJECTED = [name for name, (fault, _) in ROWS.items() if isinstance(registry.fault(fault), Injects)]
OF_SOURCE = [name for name, (fault, _) in ROWS.items() if isinstance(registry.fault(fault), Spoils)]
SPOILT = [name for name in OF_SOURCE if registry.check(ROWS[name][1].caught_by).WHEN is When.AT_SOURCE]
LATER = [name for name in OF_SOURCE if name not in SPOILT]  # well at the source, and not in its copy
ALTERED = [name for name in ROWS if name not in {*INJECTED, *OF_SOURCE}]  # the plan, or the target

# One fault for each check and outcome; the others are proofs.
IN_CI = {
    "silent_backup/database",
    "after_sealing/byte_flipped",
    "truncated/dump",
    "calls_out/mail",
    "file_missing/licence",
    "file_emptied/document",
    "not_rewired/everything",
    "not_rewired/scheduler",
    "sql/row_changed",
    "index_older/missing_and_stale",
    "stale/everything",
    "mode_lost/folder_read_only",
    "mode_lost/script",
    "capture_points/newer_than_it_claims",
    "volume_shrunk/tenth",
    "image_broken/search_server",
    "undeclared/database",
    "expired/certificate",
    "source_unwell/index_of_the_database_invalid",
    "step_skipped/source_code",
    "target_not_empty/document",
}

# What the check must name first; `found` and the items, one a line, are searched.
NAMED = {
    "after_sealing/byte_flipped": r"^database/database\.dump has another digest",
    "after_sealing/file_added": r"^document_library/tree\.tar\.old is not in the manifest",
    "after_sealing/file_removed": r"^search/repository/.* is missing",
    "calls_out/cluster_by_multicast": r"^web tried to connect to 228\.10\.10\.1:45566 \(UDP\)$",
    "calls_out/database_by_address": r"^web tried to connect to 198\.51\.100\.20:5432 \(TCP\)$",
    "calls_out/database_by_name": r"^web tried to connect to db\.production\.example:5432 \(TCP\)$",
    "calls_out/host_by_gateway": r"^a container asked \d times for services of the machine",
    "calls_out/mail": r"^web sent a mail to mail\.production\.example:25: from portal@.* to editor@.*: published",
    "calls_out/webhook": r"^web called hooks\.production\.example:80: POST /published",
    "capture_points/files_before_database": r"^portal_state: document_library was captured before database, by ",
    "capture_points/newer_than_it_claims": r"^database: holds write \d+, made \d+\.\d s after the end of its capture",
    "capture_points/ten_minutes_apart": r"^portal_state: .* and document_library lie 6\d\d\.\d s apart, allowed",
    "expired/certificate": r"^liferay_home:data/portal\.pem, 1: CN=portal\.example expired on .* valid at the source$",
    "expired/store_of_unknown_password": r"^liferay_home:data/portal\.p12: its certificates are encrypted, and no",
    "expired/token": r"^liferay_home:data/gateway\.token, 1: sub portal\.example expired on .* valid at the source$",
    "file_changed/document": r"^document_library: changed documents/.+ \(content\)$",
    "file_changed/module": r"^liferay_home: changed osgi/modules/word-list-2\.3\.0\.zip \(content\)$",
    "file_emptied/document": r"^size differs: document_library: documents/.+ \(\d+ bytes in portal_\w+/\d+, 0 on",
    "another_capture/artefact": r"^database is paired with \S+, not with ",
    "another_capture/artefact_of_another_drill": r"^document_library: missing documents/",
    "another_capture/drill": r"^the restore point is of the drill intranet, not of liferay-dxp$",
    "another_capture/portal": r"^the restore point is of the portal sql, not of wagtail$",
    "another_capture/product": r"^the restore point is of the product plain, not of liferay-dxp-7\.4$",
    "another_capture/record": r"^the capture's evidence is of \S+, not 20260101T000000Z-0000$",
    "changed_meanwhile/documents": r"^document_library: 5 items changed meanwhile and came back as neither",
    "changed_meanwhile/repository_of_another_year": r"^restore:source_code: .*the bundle has other refs than when",
    "dump_by_older_client/major_version": r"^restore:database: .* by pg_dump 13\.\d+ .* a server 15\..*\(GEN-D1\)",
    "dump_incomplete/roles": r"^restore:database: roles\.sql of database was cut short",
    "dump_incomplete/tables": r"^database: missing constraint/public\.",
    "dump_of_another_database/of_the_same_name": r"^database: missing constraint/public\.auth_group\.",
    "dump_of_another_database/of_the_server": r"^restore:database: database\.dump is of the database postgres, not",
    "excluded/data_that_is_called_log": r"^liferay_home: missing data/journal/data\.log$",
    "excluded/empty_folders": r"^liferay_home: missing data/inbox$",
    "excluded/logs": r"^liferay_home: missing logs/",
    "file_extra/deployment": r"^application_server: extra webapps/old\.war$",
    "file_extra/document": r"^document_library: extra documents/deleted-last-year\.txt$",
    "file_missing/document": r"^document_library: missing documents/",
    "file_missing/driver": r"^start_portal: web does not run: .*org\.postgresql\.Driver",
    "file_missing/key": r"^keystore: expected readable, found absent",
    "file_missing/licence": r"^licence.state: expected valid, found missing",
    "file_missing/module": r"^module\.word-list: expected 2\.3\.0 .*, found nothing",
    "file_missing/module_settings": r"^search\.backend: expected opensearch, found database",
    "file_missing/newest_documents": r"^row without file: document_library: documents/.+ \(named by portal_librarydoc",
    "file_missing/portal_properties": r"^rewire: .*portal-ext\.properties",
    "file_missing/system_properties": r"^timezone: expected .*, found UTC",
    "file_orphaned/document": r"^file without row: document_library: documents/minutes-of-1999\.txt$",
    "file_replaced/web_xml": r"^display_name: expected Example Works Handbook, found Portal$",
    "forged/inventories": r"^liferay_home: not compared: .* is not the one that was recorded at capture$",
    "forged/manifest": r"^liferay_home: missing data/journal/data\.log$",
    "forged/record": r"^inventories/liferay_home\.before\.jsonl\.gz is not recorded as the capture's evidence has it$",
    "host_bound/licence": r"^licence\.state: expected valid, found bound to web, this is web-restored$",
    "hostile_member/absolute": r"^restore:document_library: tree\.tar holds '/etc/portal-drill-was-here', which leaves",
    "hostile_member/through_a_link": r"^restore:document_library: tree\.tar holds '\S+-was-here' below a symbolic link",
    "hostile_member/upwards": r"^restore:document_library: tree\.tar holds '\./documents/\.\./\S+', which leaves",
    "image_broken/database_server": r"preflight: portal-drill/postgresql:15 does not start with empty data",
    "image_broken/search_server": r"preflight: portal-drill/opensearch:2\.19\.6-2 does not start with empty data",
    "index_empty/derived": r"^missing: (page|document):\d+",
    "index_empty/primary": r"^search_tuning: missing document/liferay-20101-search-tuning-synonyms/",
    "index_newer/ghosts": r"^ghost: page:000000900000 ",
    "index_older/missing_and_stale": r"(?s)(?=.*^missing: page:\d+)(?=.*^stale: page:\d+ .* has revision)",
    "index_older/stale": r"^stale: page:\d+ .* has revision",
    "mode_lost/everything_of_root": r"^document_library: \. \(owner 1000:1000 → 0:0\)$",
    "index_rebuilt/synonyms": r"^search_tuning: missing document/liferay-20101-search-tuning-synonyms/",
    "index_stale_text/edited_pages": r"^search: changed document/liferay-20101-wagtailcore_page/\S+ \(content\)$",
    "link_changed/dangling": r"^liferay_home: changed data/current \(link releases/2026-10 → releases/2026-09\)$",
    "link_changed/data_stored_as_a_link": r"^restore:liferay_home: tar .*data",
    "link_changed/flattened": r"^liferay_home: changed data/current \(.*type l → d\)$",
    "link_changed/folder_stored_as_a_link": r"^liferay_home: changed data/journal \(.*type d → l\)$",
    "link_changed/hard_link_broken": r"^liferay_home: changed data/journal/notes\.txt \(hard links 2 → none\)$",
    "link_changed/out_of_the_tree": r"^liferay_home: changed data/current \(link \S+ → \.\./\.\./outside\)$",
    "link_changed/to_a_file_of_the_host": r"^liferay_home: changed data/current \(link \S+ → /etc/passwd\)$",
    "mode_lost/execute_bit": r"^start_portal: .*startup\.sh",
    "mode_lost/extended_attribute": r"^liferay_home: scripts/list-new-documents\.sh \(user\.reviewed 0x\w+ → none\)$",
    "mode_lost/folder_open_to_all": r"^liferay_home: license \(mode 0750 → 0755\)$",
    "mode_lost/folder_read_only": r"^document_library: not acknowledged; .*HTTP 500",
    "mode_lost/mode_and_content": r"^liferay_home: scripts/.* \(mode 0750 → 0644, owner 1000:1000 → 0:0, user",
    "mode_lost/mode_of_the_root": r"^application_server: \. \(mode 0755 → 0700\)$",
    "mode_lost/owner_of_a_folder": r"^document_library: changed documents \(owner 1000:1000 → 0:0\)$",
    "not_rewired/cluster_peer": r"^198\.51\.100\.20 in /opt/liferay/portal-ext\.properties:\d+: cluster\.link",
    "not_rewired/everything": r"(?s)(?=.*^hooks\.production)(?=.*^mail\.production)(?=.*^198\.51)(?=.*^portal\.prod)",
    "not_rewired/mail_server": r"^mail\.production\.example in /opt/liferay/portal-ext\.properties:\d+: mail\.session",
    "not_rewired/own_name": r"^portal\.production\.example in /opt/liferay/portal-setup-wizard\.properties:1: admin",
    "not_rewired/reporting_database": r"^reports\.production\.example in .*:\d+: reporting\.jdbc\.url=jdbc:postgresql",
    "not_rewired/webhook": r"^hooks\.production\.example in .*:\d+: webhook\.published\.url=http://hooks",
    "not_rewired/scheduler": r"^test_scheduler_of_the_copy_is_off: assert False \(test_liferay_dxp\.py:\d+\)$",
    "order_reversed/documents_first": r"^row without file: document_library: documents/portal-drill-canary-",
    "mode_lost/owner_of_the_root": r"(?s)(?=.*^document_library: \. \(owner 1000:1000 → 0:0\)$)"
    r"(?=.*^document_library: the service can no longer write into)",
    "mode_lost/script": r"(?s)(?=.*^liferay_home: scripts/list-new-documents\.sh \(mode 0750 → 0640\)$)"
    r"(?=.*/list-new-documents\.sh does not run: cannot be executed)",
    "mode_lost/set_group_id": r"^liferay_home: data/inbox \(mode 2770 → 0770\)$",
    "runs_as/root": r"^web runs as root \(0:0\), at the source as liferay \(1000:1000\)$",
    "silent_backup/database": r"^back_up:database: command said that database was backed up, but wrote nothing",
    "silent_backup/documents": r"^back_up:document_library: .* wrote nothing",
    "silent_backup/index": r"^back_up:search: .* wrote nothing",
    "source_unwell/documents_not_indexed": r"^missing in the index: document:\d+",
    "source_unwell/error_in_the_log": r"^portal log: expected no error, found 1 lines, such as Traceback",
    "source_unwell/git_object_lost": r"^source_code fsck: expected every object there .*(missing|broken)",
    "source_unwell/index_closed": r"^search open: expected every index open, found liferay-20101-wagtaildocs_document",
    "source_unwell/index_of_the_database_invalid": r"^database indexes: .* found report_titles_trigram$",
    "source_unwell/index_red": r"^search_tuning health: expected not red, found liferay-20101-search-tuning-rankings",
    "restore_by_hand/overlay": r"^document_library: extra documents/left-over\.txt$",
    "restore_by_hand/went_on_after_errors": r"^database: missing role/",
    "role_missing/with_rights": r'^restore:database: (?s:.*)role "reporting" does not exist',
    "role_missing/without_rights": r"^database: missing role/analyst$",
    "role_missing/setting_of_all": r"^database: missing setting/every role idle_in_transaction_session_timeout, which",
    "snapshot_damaged/blob_flipped": r"^restore:search: the server answered 200, but of its shards .*'failed': 1",
    "snapshot_damaged/blob_missing": r"^restore:search: the server answered 200, but of its shards .*'failed': 1",
    "snapshot_damaged/metadata_flipped": r"^restore:search: the server answered 200, but of its shards .*'failed': 1",
    "snapshot_damaged/metadata_of_the_whole": r"^restore:search: HTTP ",
    "snapshot_damaged/tuning_blob_missing": r"^restore:search_tuning: the server answered 200, but of its shards",
    "snapshot_of_other_indexes/aliases_lost": r"^search: missing document/liferay-20101-",
    "snapshot_of_other_indexes/mapping_lost": r"^search: changed index/liferay-20101-",
    "snapshot_of_other_indexes/partial": r"^restore:search: the snapshot is PARTIAL",
    "snapshot_of_other_indexes/renamed": r"^restore:search: the snapshot was of liferay-20101-.*which it does not hold",
    "sql/case_of_a_table": r"^database: missing row/public\.report_notes/1$",
    "sql/extension_lost": r"^database: missing extension/unaccent$",
    "sql/foreign_key_lost": r"^database: missing constraint/public\.\S+_fk_",
    "sql/four_byte_characters": r"^database: changed row/public\.(portal_content|wagtailcore_)page/\d+ \(content\)$",
    "sql/four_bytes_of_canaries": r"^lost though acknowledged before its capture: canary \d+ in database",
    "sql/function_lost": r"^database: missing function/public\.report_note_changed\(\)$",
    "sql/grants_lost": r"^database: changed table/public\.",
    "sql/index_lost": r"^database: missing index/public\.report_titles_trigram$",
    "sql/large_object_lost": r"^database: missing largeobject/\d+$",
    "sql/row_changed": r"^database: changed row/public\.\w+/\S+ \(content\)$",
    "sql/row_deleted": r"^database: missing row/public\.\w+/\S+$",
    "sql/sequence_set_back": r"^database: changed sequence/public\.\w+ \(set back from \d+ to 1\)$",
    "sql/trigger_lost": r"^database: missing trigger/public\.report_notes\.report_note_changed$",
    "sql/unique_constraint_lost": r"^database: missing constraint/public\.report_notes\.report_notes_note_key$",
    "sql/view_lost": r"^database: missing view/public\.report_pages$",
    "stale/database_only": r"the newest nonce is nonce\w+: the backup of another moment",
    "stale/documents_only": r"^lost though acknowledged before its capture: canary \d+ in document_library",
    "stale/everything": r"the newest nonce is nonce\w+: the backup of another moment",
    "stale/index_only": r"^ghost: (page|document):\d+ “portal-drill canary",
    "step_skipped/document_library": r"^document_library: no step restores it$",
    "step_skipped/search_tuning": r"^search_tuning: no step restores it$",
    "step_skipped/source_code": r"^source_code: no step restores it$",
    "swapped/after_sealing": r"^liferay_home/tree\.tar has \d+ bytes, not \d+$",
    "swapped/before_sealing": r"^restore:search_tuning: the snapshot was of \S+, which it does not hold",
    "swapped/trees_before_sealing": r"^liferay_home: missing ",
    "target_not_empty/database": r"^create_target: the target is not empty: .*PG_VERSION",
    "target_not_empty/document": r"^create_target: the target is not empty: .*documents",
    "truncated/bundle": r"^restore:source_code: .*fatal: early EOF",
    "truncated/documents": r"^restore:document_library: tree\.tar ",
    "truncated/documents_at_a_member": r"^document_library: missing documents/",
    "truncated/dump": r"^restore:database: pg_restore ",
    "truncated/home": r"^restore:liferay_home: tree\.tar ",
    "truncated/roles": r"^restore:database: roles\.sql of database was cut short",
    "truncated/settings": r"^restore:database: settings\.sql of database was cut short",
    "truncated/server": r"^restore:application_server: tree\.tar ",
    "undeclared/access_rule": r"^undeclared rule db:host reports all 10\.0\.0\.0 255\.0\.0\.0 scram-sha-256: a line",
    "undeclared/beside_a_tree": r"^undeclared files web:/srv/git/plugins\.git: 1 file beside",
    "undeclared/cluster_setting": r"^undeclared setting search:action\.auto_create_index: a persistent setting",
    "undeclared/database": r"^undeclared database forgotten: no component dumps it$",
    "undeclared/file_held_open": r"^undeclared file web:/srv/forgotten\.db: .*held open by a process$",
    "undeclared/file_of_the_image": r"^undeclared file web:/etc/portal-mail\.conf: added or changed against the image$",
    "undeclared/folder_is_a_link": r"^undeclared link \S+/data/journal: it leads to /srv/journal: .*files$",
    "undeclared/foreign_server": r"^undeclared host warehouse\.production\.example: the foreign server warehouse reads",
    "undeclared/git_hook": r"^undeclared git source_code:hooks/post-receive: a hook",
    "undeclared/host_of_a_service": r"^undeclared host ratings\.production\.example: named in .*portal-ext\.properties",
    "undeclared/index": r"^undeclared index notes: no component's patterns fit it$",
    "undeclared/index_template": r"^undeclared template portal: ",
    "undeclared/library_relocated": r"^undeclared files web:/srv/library: the portal keeps document_lib.*\d files$",
    "undeclared/replication_slot": r"^undeclared slot standby: a physical slot",
    "undeclared/server_setting": r"^undeclared setting db:work_mem: set by ALTER SYSTEM",
    "volume_shrunk/tenth": r"^document_library: \d+ items, 0\.(09|1)\d* times as many as the [\d,]+ of 20",
    "wrong_archiver/tar_by_a_user": r"^liferay_home: changed data/inbox \(mode 2770 → ",
    "wrong_archiver/tar_without_owners": r"^document_library: changed documents \(owner 1000:1000 → 0:0\)",
    "wrong_archiver/zip_of_the_home": r"^liferay_home: changed data/current \(.*type l → d\)$",
    "wrong_archiver/zip_of_the_server": r"^start_portal: .*startup\.sh",
}

# The damage is one thing, and one thing is what the check may find.
EXACTLY_ONE = {
    "expired/certificate",
    "expired/store_of_unknown_password",
    "expired/token",
    "excluded/data_that_is_called_log",
    "file_emptied/document",
    "file_extra/document",
    "file_orphaned/document",
    "link_changed/dangling",
    "sql/row_changed",
    "sql/row_deleted",
    "sql/sequence_set_back",
    "file_changed/document",
}
# No damage to a backup is seen by these: where one of them fails as well, it is wrong.
OF_SOURCE_AND_SANDBOX = {"capture", "coverage", "source_health", "inventory_volume", "isolation"}
# But a copy that was not rewired asks for what production asks for, Roundup mails what breaks under it to its
# administrator, and where the library was there are fewer files than before.
BLAMED_AS_WELL = {
    "not_rewired/": "isolation",
    "restored_while_running/": "isolation",
    "undeclared/library_relocated": "inventory_volume",
}

EXACTLY_ONE |= {name for name in ROWS if name.startswith("undeclared/")}


def cases(names: list[str]) -> list[object]:
    return [pytest.param(name, marks=[] if name in IN_CI else [pytest.mark.prove]) for name in names]


def assert_caught(
    name: str, row: FaultRow, verdict: Json, folder: Path, named: str = "", *, exactly_one: bool = False
) -> None:
    """The outcome, the check that must name it, what it names, and the note that it was done on purpose."""
    outcomes = {check["name"]: f"{check['outcome']}: {check['found']}" for check in verdict["checks"]}
    caught = check_of(verdict, row.caught_by)
    assert verdict["outcome"] == row.outcome, (folder, outcomes)
    assert caught["outcome"] == row.outcome, (folder, outcomes)
    said = "\n".join([*caught["items"]["first"], caught["found"]])
    assert re.search(named or NAMED[name], said, re.MULTILINE), (folder, said)
    if exactly_one or name in EXACTLY_ONE:
        assert caught["items"]["count"] == 1, (folder, said)
    blamed = {c["name"] for c in verdict["checks"] if c["outcome"] == "FAIL"} & OF_SOURCE_AND_SANDBOX
    as_well = {check for beginning, check in BLAMED_AS_WELL.items() if name.startswith(beginning)}
    assert blamed <= {row.caught_by} | as_well, (folder, outcomes)
    noted = verdict["faults"]
    assert (noted["fault"], noted["row"], noted["caught_by"]) == (*name.split("/"), row.caught_by)
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
    verdict, folder = run_drill(drill, captured_only(unaltered), points.root, None, note)
    assert_caught(name, row, verdict, folder)
    assert '"name":"disaster"' not in (folder / "evidence.jsonl").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", cases(LATER))
def test_fault_of_the_source_is_caught_in_its_copy(name: str, points: RestorePoints, drill: Drill, plan: Plan) -> None:
    """The source is well with it, and its backup sound: nothing else fails (GEN-D23, GEN-D25)."""
    fault, row = ROWS[name]
    unaltered, note = altered(plan, fault, row.name)
    verdict, folder = run_drill(drill, unaltered, points.root, None, note)
    assert_caught(name, row, verdict, folder)
    not_passed = {check["name"] for check in verdict["checks"] if check["outcome"] != "PASS"}
    assert not_passed == {row.caught_by}, folder


@pytest.mark.prove
def test_licence_of_the_source_holds_where_its_host_name_is_kept(
    points: RestorePoints, drill: Drill, plan: Plan
) -> None:
    """The licence that `host_bound/licence` binds to the source's host."""
    kept = drill.model_copy(update={"keep_host_names": "the new machine gets the old one's name"})
    unaltered, note = altered(plan, "host_bound", "licence")
    verdict, folder = run_drill(kept, unaltered, points.root, None, note)
    assert verdict["outcome"] == "PASS", (folder, not_passed(verdict))
    said = check_of(verdict, "configuration")["found"]
    assert said.endswith("the copy has the source's own host names: the new machine gets the old one's name")


@pytest.mark.prove
def test_what_is_declared_may_be_asked_for(points: RestorePoints, drill: Drill, plan: Plan) -> None:
    """The mail server that `calls_out/mail` makes the copy ask for; it is still named."""
    rule = {"host": "mail.production.example", "port": 25, "reason": "a relay of the test network answers to it"}
    options = {"isolation": {"allowed": [rule]}}
    checks = tuple(use.model_copy(update={"options": options.get(use.name, use.options)}) for use in drill.checks)
    wider = drill.model_copy(update={"checks": checks})
    changed, note = altered(plan, "calls_out", "mail")
    verdict, folder = run_drill(wider, changed, points.root, points.today, note)
    seen = check_of(verdict, "isolation")
    assert seen["outcome"] == "PASS", (folder, seen)
    assert re.search(r"it asked for \d allowed things: .*mail\.production\.example:25", seen["found"])


@pytest.mark.prove
def test_what_is_waived_at_the_source_is_no_failure(points: RestorePoints, drill: Drill, plan: Plan) -> None:
    """The database that `undeclared/database` makes: it is counted, and the run is no proof of recovery."""
    waiver = Waiver(what="undeclared database forgotten", reason="a trial of a report", until="2099-12-31")
    waived = drill.model_copy(update={"waivers": (*drill.waivers, waiver)})
    unaltered, note = altered(plan, "undeclared", "database")
    verdict, folder = run_drill(waived, captured_only(unaltered), points.root, None, note)
    seen = check_of(verdict, "coverage")
    assert seen["outcome"] == "PASS", (folder, seen)
    assert "1 waived" in seen["found"]
    assert any("undeclared database forgotten" in part for part in verdict["partial"])


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
