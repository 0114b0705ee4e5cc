"""A dump that loads without an error and holds something else than the database did.

`parameter`: SQL, run by psql. A statement that psql's `\\gexec` builds finds its table by itself, so that the
rows fit any database: the largest table with one column as key that no other table refers to.
"""

from __future__ import annotations

from harness.kinds.contracts import FaultBench, FaultRow
from harness.kinds.faults._scratch_database import scratch_database

_LEAVES = """SELECT c.oid::regclass AS leaf, k.attname AS key, (SELECT min(a.attname) FROM pg_attribute a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND a.atttypid IN ('text'::regtype, 'varchar'::regtype)) AS text
    FROM pg_class c JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary AND i.indnkeyatts = 1
    JOIN pg_attribute k ON k.attrelid = c.oid AND k.attnum = i.indkey[0]
    WHERE c.relkind = 'r' AND NOT EXISTS (SELECT FROM pg_constraint f WHERE f.confrelid = c.oid)
    AND c.relnamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema')"""
_CHANGE = f"""SELECT format('UPDATE %1$s SET %2$I = substr(%2$I, 2) WHERE %3$I =
        (SELECT %3$I FROM %1$s WHERE %2$I <> '''' ORDER BY %3$I LIMIT 1)', leaf, text, key)
    FROM ({_LEAVES}) AS l WHERE text IS NOT NULL ORDER BY pg_table_size(leaf) DESC, leaf::text LIMIT 1 \\gexec"""
_DELETE = f"""SELECT format('DELETE FROM %1$s WHERE %2$I = (SELECT %2$I FROM %1$s ORDER BY %2$I LIMIT 1)', leaf, key)
    FROM ({_LEAVES}) AS l ORDER BY pg_table_size(leaf) DESC, leaf::text LIMIT 1 \\gexec"""
_SET_BACK = """SELECT format('SELECT setval(%L, 1)', s.seqrelid::regclass) FROM pg_sequence s
    ORDER BY coalesce(pg_sequence_last_value(s.seqrelid), 0) DESC, s.seqrelid LIMIT 1 \\gexec"""
_REVOKE = """SELECT DISTINCT format('REVOKE ALL ON %s FROM %I', t.oid::regclass, r.rolname)
    FROM pg_class t CROSS JOIN LATERAL aclexplode(t.relacl) AS g JOIN pg_roles r ON r.oid = g.grantee
    WHERE t.relkind = 'r' AND g.grantee <> t.relowner AND t.relnamespace::regnamespace::text <> 'pg_catalog'
    AND t.relnamespace::regnamespace::text <> 'information_schema' \\gexec"""

_FOREIGN_KEY = """SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) FROM pg_constraint
    WHERE contype = 'f' ORDER BY conrelid::regclass::text, conname LIMIT 1 \\gexec"""
# As a client with an encoding of three bytes stores them (GEN-D6).
_MANGLED = r"regexp_replace({}, E'[\U00010000-\U0010FFFF]', '?', 'g')"
_TITLE, _BODY = _MANGLED.format("title"), _MANGLED.format("body")
_CANARIES = "(SELECT id FROM wagtailcore_page WHERE slug LIKE 'portal-drill-canary-%')"
# One user of Jackrabbit's workspace `security`, whose parent still lists it.
_PERSON = """DO $$ BEGIN
    DELETE FROM security_bundle
    WHERE position('internalUser'::bytea in bundle_data) > 0 AND position('olga'::bytea in bundle_data) > 0;
    IF NOT FOUND THEN RAISE EXCEPTION 'there is no such user'; END IF; END $$"""
_USER = "DELETE FROM _user WHERE _username = 'reader'"
# What the archiving job does to one of the two databases; the other one was captured before it, or after it.
_COPIED = "_title, _description, _revision, _status, _changed, _activity, _creation, _actor, _creator, __retired__"
_ARRIVED = f"""INSERT INTO _release (id, _key, {_COPIED}) SELECT 900001, 'Release000001', {_COPIED}
    FROM _release WHERE id = (SELECT min(id) FROM _release)"""
_NOT_INDEXED = _ARRIVED.replace("Release000001", "Release900001")
_LEFT = "DELETE FROM _release WHERE _key = 'Release000002'"

ROWS = (
    FaultRow("moved_in_both", "archive_database", _ARRIVED, ("XLR-D3",), "archive_parity", product="xl-release-7.5"),
    FaultRow("moved_in_neither", "database", _LEFT, ("XLR-D3",), "archive_parity", product="xl-release-7.5"),
    FaultRow("not_indexed", "database", _NOT_INDEXED, ("XLR-12",), "index_consistency", product="xl-release-7.5"),
    FaultRow("indexed_and_gone", "database", _LEFT, ("XLR-12",), "index_consistency", product="xl-release-7.5"),
    FaultRow("people_lost", "database", _PERSON, ("XLR-16",), "portal_health", product="xl-release-7.2"),
    FaultRow("reader_lost", "database", _USER, ("XLR-16",), "data_parity", product="xl-release-7.5"),
    FaultRow("row_changed", "database", _CHANGE, ("LR-22", "LR-31"), "data_parity"),
    FaultRow("row_deleted", "database", _DELETE, ("LR-22", "LR-31"), "data_parity"),
    FaultRow("sequence_set_back", "database", _SET_BACK, ("LR-22", "GEN-D7"), "data_parity"),
    FaultRow("grants_lost", "database", _REVOKE, ("LR-22", "GEN-D4"), "data_parity"),
    FaultRow("extension_lost", "database", "DROP EXTENSION unaccent", ("LR-22", "GEN-D4"), "data_parity"),
    FaultRow("index_lost", "database", "DROP INDEX report_titles_trigram", ("LR-22", "GEN-D5"), "data_parity"),
    FaultRow(
        "unique_constraint_lost",
        "database",
        "ALTER TABLE report_notes DROP CONSTRAINT report_notes_note_key",
        ("LR-22", "GEN-D5"),
        "data_parity",
    ),
    FaultRow("foreign_key_lost", "database", _FOREIGN_KEY, ("LR-22", "GEN-D5"), "data_parity"),
    FaultRow(
        "trigger_lost",
        "database",
        "DROP TRIGGER report_note_changed ON report_notes",
        ("LR-22", "GEN-D5"),
        "data_parity",
    ),
    FaultRow(
        "function_lost",
        "database",
        "DROP FUNCTION report_note_changed CASCADE",
        ("LR-22", "GEN-D5"),
        "data_parity",
    ),
    FaultRow("view_lost", "database", "DROP VIEW report_pages", ("LR-22", "GEN-D5"), "data_parity"),
    FaultRow(
        "large_object_lost",
        "database",
        "SELECT lo_unlink(oid) FROM pg_largeobject_metadata",
        ("LR-22", "GEN-D5"),
        "data_parity",
    ),
    FaultRow(
        "case_of_a_table",
        "database",
        'ALTER TABLE report_notes RENAME TO "Report_Notes"',
        ("LR-22", "LR-D6", "GEN-D10"),
        "data_parity",
    ),
    FaultRow(
        "four_byte_characters",
        "database",
        f"UPDATE wagtailcore_page SET title = {_TITLE}; UPDATE portal_contentpage SET body = {_BODY}",
        ("LR-22", "GEN-D6"),
        "data_parity",
    ),
    FaultRow(
        "four_bytes_of_canaries",
        "database",
        f"UPDATE portal_contentpage SET body = {_BODY} WHERE page_ptr_id IN {_CANARIES}",
        ("LR-22", "GEN-D6"),
        "freshness",
    ),
)


def inject(row: FaultRow, bench: FaultBench) -> None:
    """Raises: CommandFailed if the undamaged dump does not load, or the SQL fails."""
    with scratch_database(bench, row.component) as server:
        server.change(row.parameter)
        server.dump()
