"""What a PostgreSQL database holds besides rows: one query per kind of object (GEN-D4, GEN-D5), and sequences."""

from __future__ import annotations

from collections.abc import Iterator

from harness.kinds.contracts import Sql
from harness.model.inventory import Item, ItemClass

# A dump writes a rule's text with other brackets and casts than the server first stored, and the server keeps
# what it is given: `ANY ((ARRAY['a'::varchar])::text[])` comes back as `ANY (ARRAY[('a'::varchar)::text])`.
# Casts between texts do not count, nor brackets around one name, one literal or one array; all others do.
_CASTS = r"regexp_replace({text}, '::(text|character varying|bpchar|name)(\[\])?', '', 'g')"
_ATOMS = r"regexp_replace({text}, '\((''[^'']*''|[a-z_][a-z0-9_]*)\)', '\1', 'g')"
_ARRAYS = r"regexp_replace({text}, '\(\((ARRAY\[[^]]*\])\)\)', '(\1)', 'g')"
_SPELLING = _ARRAYS.format(text=_ATOMS.format(text=_CASTS))
_SYSTEM = "n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'"
_NOT_OF_EXTENSION = "NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = {oid} AND d.deptype = 'e')"


def _acl(kind: str, acl: str, owner: str) -> str:
    """Privileges in one order: a dump may grant them in another one, and leaves out what is the default."""
    items = f"unnest(coalesce({acl}, acldefault('{kind}', {owner})))"
    return f"(SELECT string_agg(x::text, ',' ORDER BY x::text) FROM {items} AS x)"


# Each query yields (key, text); all text is hashed by the server's sha256.
OBJECTS = {
    "comment": """SELECT pg_describe_object(classoid, objoid, objsubid), description FROM pg_description
        WHERE objoid >= 16384 OR (classoid = 'pg_namespace'::regclass AND description <> 'standard public schema')
        UNION ALL SELECT pg_describe_object(classoid, objoid, 0), description FROM pg_shdescription
        WHERE objoid >= 16384 OR objoid = (SELECT oid FROM pg_database WHERE datname = current_database())""",
    "constraint": f"""SELECT n.nspname || '.' || r.relname || '.' || c.conname,
        {_SPELLING.format(text="pg_get_constraintdef(c.oid)")}
        || c.convalidated FROM pg_constraint c JOIN pg_class r ON r.oid = c.conrelid
        JOIN pg_namespace n ON n.oid = r.relnamespace WHERE {_SYSTEM}""",
    "database": f"""SELECT datname, concat_ws(' ', pg_get_userbyid(datdba), pg_encoding_to_char(encoding),
        datcollate, datctype, datcollversion,
        {_acl("d", "datacl", "datdba")}) FROM pg_database WHERE datname = current_database()""",
    "default_privilege": """SELECT concat_ws(' ', pg_get_userbyid(defaclrole), defaclnamespace::regnamespace::text,
        defaclobjtype::text), (SELECT string_agg(x::text, ',' ORDER BY x::text) FROM unnest(defaclacl) AS x)
        FROM pg_default_acl""",
    "domain_constraint": f"""SELECT n.nspname || '.' || t.typname || '.' || c.conname,
        {_SPELLING.format(text="pg_get_constraintdef(c.oid)")} || c.convalidated FROM pg_constraint c
        JOIN pg_type t ON t.oid = c.contypid JOIN pg_namespace n ON n.oid = t.typnamespace WHERE {_SYSTEM}""",
    "event_trigger": """SELECT evtname, concat_ws(' ', evtevent, evtfoid::regproc::text, evtenabled::text,
        evttags::text) FROM pg_event_trigger""",
    "extension": "SELECT extname, extversion FROM pg_extension",
    "function": f"""SELECT n.nspname || '.' || p.oid::regprocedure, concat_ws(' ', pg_get_userbyid(p.proowner),
        {_acl("f", "p.proacl", "p.proowner")}, CASE p.prokind WHEN 'a' THEN p.prosrc ELSE pg_get_functiondef(p.oid) END)
        FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE {_SYSTEM} AND {_NOT_OF_EXTENSION.format(oid="p.oid")}""",
    "index": f"""SELECT n.nspname || '.' || c.relname, {_SPELLING.format(text="pg_get_indexdef(i.indexrelid)")}
        || i.indisvalid
        FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
        JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {_SYSTEM}""",
    "largeobject": """SELECT m.oid::text, pg_get_userbyid(m.lomowner) || ' ' || encode(sha256(lo_get(m.oid)), 'hex')
        FROM pg_largeobject_metadata m""",
    "object": """SELECT DISTINCT i.type || ' ' || i.identity, NULL FROM pg_depend d,
        LATERAL pg_identify_object(d.classid, d.objid, d.objsubid) AS i WHERE d.objid >= 16384
        AND i.identity !~ 'pg_toast|RI_ConstraintTrigger|pg_temp' AND i.type <> 'large object'""",
    "policy": f"""SELECT schemaname || '.' || tablename || '.' || policyname, concat_ws(' ', permissive, roles::text,
        cmd, {_SPELLING.format(text="qual")}, {_SPELLING.format(text="with_check")}) FROM pg_policies""",
    "publication": """SELECT p.pubname, concat_ws(' ', pg_get_userbyid(p.pubowner), puballtables, pubinsert, pubupdate,
        pubdelete, pubtruncate, (SELECT string_agg(schemaname || '.' || tablename, ',' ORDER BY 1)
        FROM pg_publication_tables t WHERE t.pubname = p.pubname)) FROM pg_publication p""",
    "role": """SELECT r.rolname, concat_ws(' ', rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin,
        rolreplication, rolbypassrls, rolconnlimit, rolvaliduntil, rolpassword, (SELECT string_agg(g.rolname
        || m.admin_option, ',' ORDER BY g.rolname) FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid
        WHERE m.member = r.oid), (SELECT string_agg(s.setconfig::text, ',' ORDER BY s.setdatabase)
        FROM pg_db_role_setting s WHERE s.setrole = r.oid))
        FROM pg_authid r WHERE r.rolname !~ '^pg_' AND r.oid <> 10""",
    "rule": f"""SELECT schemaname || '.' || tablename || '.' || rulename,
        {_SPELLING.format(text="definition")} FROM pg_rules
        WHERE schemaname NOT IN ('pg_catalog', 'information_schema')""",
    "schema": f"""SELECT n.nspname, concat_ws(' ', pg_get_userbyid(n.nspowner), {_acl("n", "n.nspacl", "n.nspowner")})
        FROM pg_namespace n WHERE {_SYSTEM}""",
    "sequence_definition": f"""SELECT n.nspname || '.' || c.relname, concat_ws(' ', pg_get_userbyid(c.relowner),
        {_acl("s", "c.relacl", "c.relowner")}, format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement, s.seqmin,
        s.seqmax, s.seqcache, s.seqcycle) FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid
        JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {_SYSTEM}""",
    "setting": """SELECT concat_ws(' ', 'database', coalesce(nullif(setrole, 0)::regrole::text, 'every role')),
        array_to_string(setconfig, ', ') FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase
        WHERE d.datname = current_database()""",
    "statistics": f"""SELECT n.nspname || '.' || x.stxname, {_SPELLING.format(text="pg_get_statisticsobjdef(x.oid)")}
        FROM pg_statistic_ext x JOIN pg_namespace n ON n.oid = x.stxnamespace WHERE {_SYSTEM}""",
    "table": f"""SELECT n.nspname || '.' || c.relname, concat_ws(' ', c.relkind, c.relpersistence,
        pg_get_userbyid(c.relowner), {_acl("r", "c.relacl", "c.relowner")},
        c.relrowsecurity, c.relforcerowsecurity, c.reloptions::text,
        pg_get_partkeydef(c.oid), pg_get_expr(c.relpartbound, c.oid), (SELECT string_agg(concat_ws(' ', a.attname,
        format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated,
        (SELECT string_agg(x::text, ',' ORDER BY x::text) FROM unnest(a.attacl) AS x),
        (SELECT collname FROM pg_collation l WHERE l.oid = a.attcollation), a.attstorage::text,
        (SELECT pg_get_expr(x.adbin, x.adrelid) FROM pg_attrdef x WHERE x.adrelid = c.oid AND x.adnum = a.attnum)),
        ', ' ORDER BY (SELECT a.attname WHERE EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = c.oid)), a.attnum)
        FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT attisdropped))
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p', 'f') AND {_SYSTEM}""",
    "trigger": f"""SELECT n.nspname || '.' || r.relname || '.' || t.tgname,
        {_SPELLING.format(text="pg_get_triggerdef(t.oid)")} || t.tgenabled::text
        FROM pg_trigger t JOIN pg_class r ON r.oid = t.tgrelid JOIN pg_namespace n ON n.oid = r.relnamespace
        WHERE NOT t.tgisinternal AND {_SYSTEM}""",
    "type": f"""SELECT n.nspname || '.' || t.typname, concat_ws(' ', t.typtype, format_type(t.typbasetype, t.typtypmod),
        pg_get_userbyid(t.typowner), {_acl("T", "t.typacl", "t.typowner")}, t.typnotnull, t.typdefault,
        (SELECT format_type(r.rngsubtype, NULL) FROM pg_range r WHERE r.rngtypid = t.oid),
        (SELECT string_agg(a.attname || format_type(a.atttypid, a.atttypmod),
        ',' ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = t.typrelid AND a.attnum > 0),
        (SELECT string_agg(e.enumlabel, ',' ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid))
        FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
        LEFT JOIN pg_class k ON k.oid = t.typrelid
        WHERE (t.typtype IN ('d', 'e', 'r') OR k.relkind = 'c') AND {_SYSTEM}
        AND {_NOT_OF_EXTENSION.format(oid="t.oid")}""",
    "view": f"""SELECT n.nspname || '.' || c.relname, concat_ws(' ', pg_get_userbyid(c.relowner), c.relispopulated,
        {_acl("r", "c.relacl", "c.relowner")},
        c.reloptions::text, {_SPELLING.format(text="pg_get_viewdef(c.oid)")})
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('v', 'm') AND {_SYSTEM} AND {_NOT_OF_EXTENSION.format(oid="c.oid")}""",
}


def objects(sql: Sql, kind: str) -> Iterator[Item]:
    """All of one kind of `OBJECTS`, `<kind>/<name>`."""
    query = f"""SELECT %s || '/' || k::text, encode(sha256(convert_to(coalesce(v, ''), 'UTF8')), 'hex')
        FROM ({OBJECTS[kind].replace("%", "%%")}) AS o (k, v) ORDER BY k::text COLLATE "C" """
    for key, digest in sql.rows(query, (kind,)):
        yield Item(key, ItemClass.STATE, digest, {})


def sequences(sql: Sql) -> Iterator[Item]:
    """`last` and `highest` count in the sequence's own direction, so that greater always means further."""
    listed = list(
        sql.rows("""SELECT n.nspname, c.relname, s.last_value, s.increment_by, r.relname, rn.nspname, a.attname,
            s.cycle FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            LEFT JOIN pg_sequences s ON s.schemaname = n.nspname AND s.sequencename = c.relname
            LEFT JOIN pg_depend d ON d.objid = c.oid AND d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
                AND d.refclassid = 'pg_class'::regclass
            LEFT JOIN pg_class r ON r.oid = d.refobjid LEFT JOIN pg_namespace rn ON rn.oid = r.relnamespace
            LEFT JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum = d.refobjsubid
                AND a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype)
            WHERE c.relkind = 'S' ORDER BY (n.nspname || '.' || c.relname) COLLATE "C" """)
    )
    for schema, name, last, increment, table, table_schema, column, cycles in listed:
        sign = -1 if increment and increment < 0 else 1
        used = None
        if column is not None:
            furthest = "max" if sign > 0 else "min"
            query = f"SELECT {furthest}({quoted(column)}) FROM {quoted(table_schema)}.{quoted(table)}"
            used = next(iter(sql.rows(query)))[0]
        attributes = {"last": "never asked" if last is None else str(sign * last)}
        attributes["highest"] = "none" if used is None else str(sign * used)
        if cycles:
            attributes["cycles"] = "yes"
        yield Item(f"sequence/{schema}.{name}", ItemClass.MONOTONE, "", attributes)


def quoted(name: str) -> str:
    """A name as SQL has it."""
    return '"' + name.replace('"', '""') + '"'
