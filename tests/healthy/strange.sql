-- Whatever a PostgreSQL database may legally hold, and is easily lost or misread.
CREATE SCHEMA "odd Schema/with.dots";
SET search_path = "odd Schema/with.dots", public;
CREATE TABLE "a/b.c#d" ("select" text PRIMARY KEY, "per cent %s %" text, "quo""te" text);
INSERT INTO "a/b.c#d" VALUES (E'back\\slash\\000', E'tab\t newline\n return\r escape\e[31m', ''),
  ('😀🐘👩‍👩‍👧', E'\u202eright to left שלום مرحبا', E'\u0001\u001f\u007f'), ('NULL', NULL, '\N'), ('', ' ', '  '),
  ('%s', '%(x)s', '{{x}}'), ('é', 'e' || U&'\0301', 'ﬁ'), ('row/x', '#1', '/'), (repeat('k', 2000), 'long key', 'x');
CREATE TABLE number (id serial PRIMARY KEY, n numeric, r real, d double precision, m money, i interval, b bit varying);
INSERT INTO number (n, r, d, m, i, b) VALUES ('NaN', 'NaN', 'NaN', 0, '0', ''), ('Infinity', 'Infinity', '-Infinity',
  '-92233720368547758.08', '-178000000 years', '101'), (1e-1000, 1.1754944e-38, 5e-324, 1, '1 mon -1 day +1 us', '0'),
  (10::numeric ^ 2000, 0.1, 0.1 + 0.2, 2, '24:00:00', '1'), (1.00, '-0', '-0', 1, '1 day', '11'), (1.0, 0, 0, 1, '1 day', NULL);
CREATE TABLE moment (at timestamptz, plain timestamp, day date, "time" timetz, span tstzrange, days datemultirange);
INSERT INTO moment VALUES ('infinity', '-infinity', 'infinity', '24:00:00+14', '[-infinity,infinity]', '{}'),
  ('4713-01-01 BC', '294276-12-31 23:59:59.999999', '5874897-12-31', '00:00-12', 'empty', '{[2026-01-01,2026-01-02)}'),
  ('2026-10-25 02:30 Europe/Berlin', '2026-03-29 02:30', '2024-02-29', '12:00', '[,)', '{[,)}'), (NULL, NULL, NULL, NULL, NULL, NULL);
CREATE TABLE piece (id int GENERATED ALWAYS AS IDENTITY, bytes bytea, words text[], grid int[][], j json, b jsonb, x xml,
  v tsvector, host inet, mac macaddr8, u uuid, p point, twice int GENERATED ALWAYS AS (2 * 7) STORED, PRIMARY KEY (id));
INSERT INTO piece (bytes, words, grid, j, b, x, v, host, mac, u, p) VALUES
  (decode(repeat('00ff5c27', 1000000), 'hex'), ARRAY['', NULL, 'a,b', '{}', '"'], '[2:3][-1:0]={{1,2},{3,4}}',
   '{"b": 1, "a": 1.10, "b": 2}', '{"b": 1, "a": 1.10, "b": 2}', '<a><![CDATA[]]></a>', 'a:1A b', '::1/128',
   '08:00:2b:01:02:03:04:05', gen_random_uuid(), '(NaN,Infinity)'), ('', '{}', '{}', '[]', 'null', '', '', '0.0.0.0/0', NULL, NULL, NULL);
CREATE TABLE empty (a int); CREATE TABLE no_columns (); INSERT INTO no_columns DEFAULT VALUES; INSERT INTO no_columns DEFAULT VALUES;
CREATE UNLOGGED TABLE quick (a int); INSERT INTO quick SELECT generate_series(1, 50);
CREATE TABLE part (k int, at date) PARTITION BY LIST (k); CREATE TABLE part_1 PARTITION OF part FOR VALUES IN (1) PARTITION BY
  RANGE (at); CREATE TABLE part_1_x PARTITION OF part_1 DEFAULT; CREATE TABLE part_n PARTITION OF part FOR VALUES IN (NULL);
INSERT INTO part VALUES (1, '2026-01-01'), (1, NULL), (NULL, '2026-01-01');
CREATE TABLE child (extra text) INHERITS (number); INSERT INTO child (id, n, extra) VALUES (1, 1, 'with an id of its parent');
CREATE MATERIALIZED VIEW many AS SELECT k, count(*) FROM part GROUP BY k; CREATE MATERIALIZED VIEW unfilled AS SELECT 1 WITH NO DATA;
CREATE MATERIALIZED VIEW stale AS SELECT k, count(*) FROM part GROUP BY k; CREATE MATERIALIZED VIEW of_stale AS SELECT max(count) FROM stale;
INSERT INTO part VALUES (NULL, NULL), (NULL, NULL);
CREATE TYPE pair AS (a int, b text); CREATE TABLE composed (p pair, l pair[]); INSERT INTO composed VALUES ((1, 'x,"y)'),
  ARRAY[(1, NULL)::pair, (NULL, '')::pair]);
CREATE SEQUENCE down INCREMENT -3 CYCLE MINVALUE -10 MAXVALUE -1; SELECT nextval('down') FROM generate_series(1, 6);
CREATE SEQUENCE never; CREATE COLLATION german (locale = 'C'); CREATE TABLE sorted (t text COLLATE german);
CREATE INDEX ON number USING brin (d); CREATE STATISTICS related (dependencies) ON n, r FROM number;
CREATE RULE quiet AS ON DELETE TO empty DO INSTEAD NOTHING; COMMENT ON TABLE empty IS E'it''s\n“empty”';
SELECT lo_from_bytea(0, decode(repeat('0badf00d', 300000), 'hex'));
CREATE TABLE behind (id serial PRIMARY KEY, t text); INSERT INTO behind VALUES (1000, 'of another system');
CREATE TABLE counted (id serial PRIMARY KEY, t text); INSERT INTO counted (t) SELECT 'x' FROM generate_series(1, 6);
CREATE TABLE busy (id serial PRIMARY KEY, t text); INSERT INTO busy (t) SELECT 'x' FROM generate_series(1, 10);
ALTER DATABASE shop SET timezone = 'America/St_Johns'; ALTER DATABASE shop SET datestyle = 'German, DMY';
ALTER DATABASE shop SET extra_float_digits = -5; ALTER DATABASE shop SET bytea_output = 'escape';
ALTER DATABASE shop SET intervalstyle = 'sql_standard'; ALTER DATABASE shop SET default_transaction_isolation = 'repeatable read';
ALTER DATABASE shop SET search_path = "odd Schema/with.dots", public;
