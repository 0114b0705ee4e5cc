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
_NOT_OF_EXTENSION = "NOT EXISTS (SELECT FROM pg_depend dep WHERE dep.objid = {oid} AND dep.deptype = 'e')"


def _sorted(array: str) -> str:
    """Privileges or options of an array in one order; NULL of none."""
    return f"""(SELECT string_agg(x::text, ',' ORDER BY x::text COLLATE "C") FROM unnest({array}) AS x)"""


def _acl(kind: str, acl: str, owner: str) -> str:
    """Privileges in one order: a dump may grant them in another one, and leaves out what is the default. `kind`: the
    letter of `acldefault`, or an expression that gives it."""
    return _sorted(f"coalesce({acl}, acldefault({kind if len(kind) > 1 else repr(kind)}, {owner}))")


def _granted(table: str, kind: str, acl: str, owner: str) -> str:
    """Of the server's own objects and of those of extensions: privileges that are not as they came with them."""
    now, came = _acl(kind, f"o.{acl}", f"o.{owner}"), _acl(kind, "i.initprivs", f"o.{owner}")
    return f"""SELECT pg_describe_object('{table}'::regclass, o.oid, 0), {now} FROM {table} o
        LEFT JOIN pg_init_privs i ON (i.classoid, i.objoid, i.objsubid) = ('{table}'::regclass, o.oid, 0)
        WHERE coalesce(o.{acl}, i.initprivs) IS NOT NULL AND {now} IS DISTINCT FROM {came}
        AND (o.oid < 16384 OR EXISTS (SELECT FROM pg_depend d WHERE d.objid = o.oid
        AND d.classid = '{table}'::regclass AND d.deptype = 'e'))"""


# Those that people set; the server keeps one of its own there as well (pg_attver), new in every copy.
_ATTRIBUTE_OPTIONS = "ARRAY(SELECT x FROM unnest(a.attoptions) AS x WHERE x ~ '^n_distinct')"

# Each query yields (key, text); all text is hashed by the server's sha256.
OBJECTS = {
    "cast": f"""SELECT pg_describe_object('pg_cast'::regclass, c.oid, 0), concat_ws(' ', castcontext, castmethod,
        castfunc::regprocedure) FROM pg_cast c WHERE c.oid >= 16384 AND {_NOT_OF_EXTENSION.format(oid="c.oid")}""",
    "collation": f"""SELECT n.nspname || '.' || c.collname, concat_ws(' ', pg_get_userbyid(c.collowner), c.collprovider,
        c.collisdeterministic, c.collcollate, c.collctype, c.collversion,
        to_jsonb(c) ->> 'colliculocale', to_jsonb(c) ->> 'colllocale')
        FROM pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace WHERE {_SYSTEM}
        AND {_NOT_OF_EXTENSION.format(oid="c.oid")}""",
    "comment": """SELECT pg_describe_object(classoid, objoid, objsubid), description FROM pg_description
        WHERE objoid >= 16384 OR (classoid = 'pg_namespace'::regclass AND description <> 'standard public schema')
        UNION ALL SELECT pg_describe_object(classoid, objoid, 0), description FROM pg_shdescription
        WHERE objoid >= 16384 AND classoid = 'pg_authid'::regclass
        OR objoid = (SELECT oid FROM pg_database WHERE datname = current_database())""",
    "constraint": f"""SELECT n.nspname || '.' || r.relname || '.' || c.conname,
        {_SPELLING.format(text="pg_get_constraintdef(c.oid)")}
        || c.convalidated FROM pg_constraint c JOIN pg_class r ON r.oid = c.conrelid
        JOIN pg_namespace n ON n.oid = r.relnamespace WHERE {_SYSTEM}""",
    "database": f"""SELECT datname, concat_ws(' ', pg_get_userbyid(datdba), pg_encoding_to_char(encoding),
        datcollate, datctype, datcollversion, datlocprovider, datconnlimit, datistemplate,
        {_acl("d", "datacl", "datdba")}) FROM pg_database WHERE datname = current_database()""",
    "default_privilege": f"""SELECT concat_ws(' ', pg_get_userbyid(defaclrole), defaclnamespace::regnamespace::text,
        defaclobjtype::text), {_sorted("defaclacl")} FROM pg_default_acl""",
    "domain_constraint": f"""SELECT n.nspname || '.' || t.typname || '.' || c.conname,
        {_SPELLING.format(text="pg_get_constraintdef(c.oid)")} || c.convalidated FROM pg_constraint c
        JOIN pg_type t ON t.oid = c.contypid JOIN pg_namespace n ON n.oid = t.typnamespace WHERE {_SYSTEM}""",
    "event_trigger": f"""SELECT evtname, concat_ws(' ', pg_get_userbyid(evtowner), evtevent, evtfoid::regproc::text,
        evtenabled::text, evttags::text) FROM pg_event_trigger e WHERE {_NOT_OF_EXTENSION.format(oid="e.oid")}""",
    "extension": "SELECT extname, extversion FROM pg_extension",
    "foreign": f"""SELECT 'wrapper ' || fdwname, concat_ws(' ', pg_get_userbyid(fdwowner), fdwhandler::regproc,
        fdwvalidator::regproc, {_sorted("fdwoptions")}, {_acl("F", "fdwacl", "fdwowner")})
        FROM pg_foreign_data_wrapper w WHERE {_NOT_OF_EXTENSION.format(oid="w.oid")}
        UNION ALL SELECT 'server ' || srvname, concat_ws(' ', pg_get_userbyid(srvowner), fdwname, srvtype, srvversion,
        {_sorted("srvoptions")}, {_acl("S", "srvacl", "srvowner")}) FROM pg_foreign_server s
        JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw WHERE {_NOT_OF_EXTENSION.format(oid="s.oid")}
        UNION ALL SELECT concat_ws(' ', 'user mapping', coalesce(nullif(umuser, 0)::regrole::text, 'public'), srvname),
        {_sorted("umoptions")} FROM pg_user_mapping m JOIN pg_foreign_server s ON s.oid = m.umserver""",
    "function": f"""SELECT n.nspname || '.' || p.oid::regprocedure, concat_ws(' ', pg_get_userbyid(p.proowner),
        {_acl("f", "p.proacl", "p.proowner")}, CASE p.prokind WHEN 'a' THEN concat_ws(' ', aggkind, aggtransfn,
        aggfinalfn, aggcombinefn, aggserialfn, aggdeserialfn, aggmtransfn, aggminvtransfn, aggmfinalfn,
        aggsortop::regoper, aggtranstype::regtype, agginitval, aggminitval, proparallel)
        ELSE pg_get_functiondef(p.oid) END)
        FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace LEFT JOIN pg_aggregate a ON a.aggfnoid = p.oid
        WHERE {_SYSTEM} AND {_NOT_OF_EXTENSION.format(oid="p.oid")}""",
    "index": f"""SELECT n.nspname || '.' || c.relname, {_SPELLING.format(text="pg_get_indexdef(i.indexrelid)")}
        || concat_ws(' ', i.indisvalid, i.indisclustered, i.indisreplident)
        FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
        JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {_SYSTEM}""",
    "language": f"""SELECT lanname, concat_ws(' ', pg_get_userbyid(lanowner), lanpltrusted, lanplcallfoid::regprocedure)
        FROM pg_language l WHERE l.oid >= 16384 AND {_NOT_OF_EXTENSION.format(oid="l.oid")}""",
    "largeobject": f"""SELECT m.oid::text, concat_ws(' ', pg_get_userbyid(m.lomowner),
        {_acl("L", "m.lomacl", "m.lomowner")}, encode(sha256(lo_get(m.oid)), 'hex')) FROM pg_largeobject_metadata m""",
    "object": """SELECT DISTINCT i.type || ' ' || i.identity, NULL FROM pg_depend d,
        LATERAL pg_identify_object(d.classid, d.objid, d.objsubid) AS i WHERE d.objid >= 16384
        AND i.identity !~ 'pg_toast|RI_ConstraintTrigger|pg_temp' AND i.type <> 'large object'""",
    "operator": f"""SELECT o.oid::regoperator, concat_ws(' ', pg_get_userbyid(oprowner), oprcode, oprrest, oprjoin,
        oprcom::regoperator, oprnegate::regoperator, oprcanmerge, oprcanhash) FROM pg_operator o
        JOIN pg_namespace n ON n.oid = o.oprnamespace WHERE {_SYSTEM} AND {_NOT_OF_EXTENSION.format(oid="o.oid")}""",
    "policy": f"""SELECT schemaname || '.' || tablename || '.' || policyname, concat_ws(' ', permissive, roles::text,
        cmd, {_SPELLING.format(text="qual")}, {_SPELLING.format(text="with_check")}) FROM pg_policies""",
    "privilege": " UNION ALL ".join(
        _granted(*of)
        for of in (
            ("pg_class", "CASE relkind WHEN 'S' THEN 's'::\"char\" ELSE 'r'::\"char\" END", "relacl", "relowner"),
            ("pg_foreign_data_wrapper", "'F'", "fdwacl", "fdwowner"),
            ("pg_language", "'l'", "lanacl", "lanowner"),
            ("pg_namespace", "'n'", "nspacl", "nspowner"),
            ("pg_proc", "'f'", "proacl", "proowner"),
            ("pg_type", "'T'", "typacl", "typowner"),
        )
    )
    + f" UNION ALL SELECT 'parameter ' || parname, {_sorted('paracl')} FROM pg_parameter_acl",
    "publication": f"""SELECT p.pubname, concat_ws(' ', pg_get_userbyid(p.pubowner), puballtables, pubinsert, pubupdate,
        pubdelete, pubtruncate, pubviaroot, (SELECT string_agg(concat_ws(' ', n.nspname, c.relname, (SELECT
        string_agg(attname, ',' ORDER BY attname) FROM pg_attribute WHERE attrelid = c.oid AND attnum = ANY (prattrs)),
        {_SPELLING.format(text="pg_get_expr(prqual, prrelid)")}), ';' ORDER BY n.nspname, c.relname)
        FROM pg_publication_rel JOIN pg_class c ON c.oid = prrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE prpubid = p.oid), (SELECT string_agg(n.nspname, ',' ORDER BY n.nspname)
        FROM pg_publication_namespace JOIN pg_namespace n ON n.oid = pnnspid WHERE pnpubid = p.oid))
        FROM pg_publication p""",
    # initdb names its superuser, and gives it a password, by what the target's environment says.
    "role": """SELECT CASE oid WHEN 10 THEN 'superuser of initdb' ELSE rolname END, concat_ws(' ', rolsuper, rolinherit,
        rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls, rolconnlimit, rolvaliduntil,
        CASE WHEN oid <> 10 THEN rolpassword END, (SELECT string_agg(g.rolname || m.admin_option, ','
        ORDER BY g.rolname) FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid WHERE m.member = r.oid),
        (SELECT s.setconfig::text FROM pg_db_role_setting s WHERE s.setrole = r.oid AND s.setdatabase = 0))
        FROM pg_authid r WHERE r.rolname !~ '^pg_'""",
    "rule": f"""SELECT n.nspname || '.' || r.relname || '.' || w.rulename,
        {_SPELLING.format(text="pg_get_ruledef(w.oid)")} || w.ev_enabled::text FROM pg_rewrite w
        JOIN pg_class r ON r.oid = w.ev_class JOIN pg_namespace n ON n.oid = r.relnamespace
        WHERE w.rulename <> '_RETURN' AND {_SYSTEM}""",
    "schema": f"""SELECT n.nspname, concat_ws(' ', pg_get_userbyid(n.nspowner), {_acl("n", "n.nspacl", "n.nspowner")})
        FROM pg_namespace n WHERE {_SYSTEM}""",
    "sequence_definition": f"""SELECT n.nspname || '.' || c.relname, concat_ws(' ', pg_get_userbyid(c.relowner),
        {_acl("s", "c.relacl", "c.relowner")}, format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement, s.seqmin,
        s.seqmax, s.seqcache, s.seqcycle, c.relpersistence,
        (SELECT pg_describe_object(refclassid, refobjid, refobjsubid) FROM pg_depend
        WHERE objid = c.oid AND classid = 'pg_class'::regclass AND deptype IN ('a', 'i')
        AND refclassid = 'pg_class'::regclass))
        FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid
        JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {_SYSTEM}""",
    "setting": """SELECT concat_ws(' ', 'database', coalesce(nullif(setrole, 0)::regrole::text, 'every role')),
        array_to_string(setconfig, ', ') FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase
        WHERE d.datname = current_database()
        UNION ALL SELECT format('every role %s, which pg_dumpall leaves out', split_part(x, '=', 1)), x
        FROM pg_db_role_setting, unnest(setconfig) AS x WHERE setrole = 0 AND setdatabase = 0""",
    "statistics": f"""SELECT n.nspname || '.' || x.stxname, concat_ws(' ', pg_get_userbyid(x.stxowner),
        nullif(to_jsonb(x) ->> 'stxstattarget', '-1'),
        {_SPELLING.format(text="pg_get_statisticsobjdef(x.oid)")})
        FROM pg_statistic_ext x JOIN pg_namespace n ON n.oid = x.stxnamespace WHERE {_SYSTEM}""",
    # Not whether it is enabled: a dump leaves that to whoever restores it.
    "subscription": f"""SELECT subname, concat_ws(' ', pg_get_userbyid(subowner), subconninfo, subslotname,
        subsynccommit, {_sorted("subpublications")}) FROM pg_subscription
        WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())""",
    "table": f"""SELECT n.nspname || '.' || c.relname, concat_ws(' ', c.relkind, c.relpersistence,
        pg_get_userbyid(c.relowner), {_acl("r", "c.relacl", "c.relowner")},
        c.relrowsecurity, c.relforcerowsecurity, c.reloptions::text, c.relreplident,
        (SELECT t.reloptions::text FROM pg_class t WHERE t.oid = c.reltoastrelid),
        (SELECT amname FROM pg_am m WHERE m.oid = c.relam), (SELECT spcname FROM pg_tablespace t
        WHERE t.oid = c.reltablespace), (SELECT string_agg(pn.nspname || '.' || p.relname, ',' ORDER BY h.inhseqno)
        FROM pg_inherits h JOIN pg_class p ON p.oid = h.inhparent JOIN pg_namespace pn ON pn.oid = p.relnamespace
        WHERE h.inhrelid = c.oid), (SELECT concat_ws(' ', srvname, {_sorted("ftoptions")}) FROM pg_foreign_table f
        JOIN pg_foreign_server v ON v.oid = f.ftserver WHERE f.ftrelid = c.oid),
        pg_get_partkeydef(c.oid), pg_get_expr(c.relpartbound, c.oid), (SELECT string_agg(concat_ws(' ', a.attname,
        format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated,
        {_sorted("a.attacl")}, {_sorted(_ATTRIBUTE_OPTIONS)}, {_sorted("a.attfdwoptions")},
        nullif(to_jsonb(a) ->> 'attcompression', ''), nullif(to_jsonb(a) ->> 'attstattarget', '-1'),
        (SELECT collname FROM pg_collation l WHERE l.oid = a.attcollation), a.attstorage::text,
        (SELECT pg_get_expr(x.adbin, x.adrelid) FROM pg_attrdef x WHERE x.adrelid = c.oid AND x.adnum = a.attnum)),
        ', ' ORDER BY (SELECT a.attname WHERE EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = c.oid)), a.attnum)
        FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT attisdropped))
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p', 'f') AND {_SYSTEM}""",
    "text_search": f"""SELECT 'configuration ' || n.nspname || '.' || c.cfgname, concat_ws(' ',
        pg_get_userbyid(c.cfgowner), (SELECT prsname FROM pg_ts_parser p WHERE p.oid = c.cfgparser),
        (SELECT string_agg(concat_ws(' ', m.maptokentype, d.dictname), ',' ORDER BY m.maptokentype, m.mapseqno)
        FROM pg_ts_config_map m JOIN pg_ts_dict d ON d.oid = m.mapdict WHERE m.mapcfg = c.oid))
        FROM pg_ts_config c JOIN pg_namespace n ON n.oid = c.cfgnamespace WHERE {_SYSTEM}
        AND {_NOT_OF_EXTENSION.format(oid="c.oid")}
        UNION ALL SELECT 'dictionary ' || n.nspname || '.' || d.dictname, concat_ws(' ', pg_get_userbyid(d.dictowner),
        (SELECT tmplname FROM pg_ts_template t WHERE t.oid = d.dicttemplate), d.dictinitoption)
        FROM pg_ts_dict d JOIN pg_namespace n ON n.oid = d.dictnamespace WHERE {_SYSTEM}
        AND {_NOT_OF_EXTENSION.format(oid="d.oid")}""",
    "trigger": f"""SELECT n.nspname || '.' || r.relname || '.' || t.tgname,
        {_SPELLING.format(text="pg_get_triggerdef(t.oid)")} || t.tgenabled::text
        FROM pg_trigger t JOIN pg_class r ON r.oid = t.tgrelid JOIN pg_namespace n ON n.oid = r.relnamespace
        WHERE NOT t.tgisinternal AND {_SYSTEM}""",
    "type": f"""SELECT n.nspname || '.' || t.typname, concat_ws(' ', t.typtype, format_type(t.typbasetype, t.typtypmod),
        pg_get_userbyid(t.typowner), {_acl("T", "t.typacl", "t.typowner")}, t.typnotnull, t.typdefault,
        (SELECT format_type(r.rngsubtype, NULL) FROM pg_range r WHERE r.rngtypid = t.oid),
        (SELECT string_agg(a.attname || format_type(a.atttypid, a.atttypmod), ',' ORDER BY a.attnum)
        FROM pg_attribute a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped),
        (SELECT string_agg(e.enumlabel, ',' ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid))
        FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
        LEFT JOIN pg_class k ON k.oid = t.typrelid
        WHERE (t.typtype IN ('d', 'e', 'r') OR k.relkind = 'c') AND {_SYSTEM}
        AND {_NOT_OF_EXTENSION.format(oid="t.oid")}""",
    "view": f"""SELECT n.nspname || '.' || c.relname, concat_ws(' ', pg_get_userbyid(c.relowner), c.relispopulated,
        {_acl("r", "c.relacl", "c.relowner")},
        c.reloptions::text, (SELECT string_agg(concat_ws(' ', a.attname, {_sorted("a.attacl")}, (SELECT
        pg_get_expr(x.adbin, x.adrelid) FROM pg_attrdef x WHERE x.adrelid = c.oid AND x.adnum = a.attnum)), ', '
        ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0),
        {_SPELLING.format(text="pg_get_viewdef(c.oid)")})
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
