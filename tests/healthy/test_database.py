"""A database full of strange values, at work while it is dumped, never fails a drill."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from life import Act, Life, Source, live

from harness.prepare import make_plan, read_drill

pytestmark = [pytest.mark.engine, pytest.mark.prove]

DRILL = Path(__file__).parents[2] / "drills" / "postgresql.drill.yaml"
ROOT = Path(__file__).parents[2] / ".portal-drill" / "tests" / "healthy"

STRANGE = (Path(__file__).parent / "strange.sql").read_text(encoding="utf-8")

PATH = 'SET search_path = "odd Schema/with.dots", public;'
MEANWHILE = f"""{PATH} SELECT nextval('number_id_seq'), nextval('down'), nextval('stock.invoice_number');
VACUUM (ANALYZE) number; REINDEX TABLE busy; REFRESH MATERIALIZED VIEW many; CREATE TEMP TABLE mine AS SELECT 1;
UPDATE busy SET t = t || 'y' WHERE id = 1; DELETE FROM busy WHERE id = (SELECT max(id) FROM busy WHERE id > 5);"""
BEFORE_THE_DUMP = f"""{PATH} TRUNCATE counted RESTART IDENTITY; INSERT INTO counted (t) VALUES ('a'), ('b');
INSERT INTO behind VALUES (1001, 'again of another system'); INSERT INTO busy (t) VALUES ('born');"""
LEFT_OPEN = f"""{PATH} BEGIN; INSERT INTO busy (t) VALUES ('never'); UPDATE number SET n = 5; DELETE FROM piece;
SELECT pg_sleep(4); ROLLBACK;"""


def statements(text: str) -> Act:
    def act(source: Source) -> None:
        source.sql(text, "shop")

    return act


def before_the_dump(source: Source) -> None:
    source.sql(BEFORE_THE_DUMP, "shop")
    threading.Thread(target=source.sql, args=(LEFT_OPEN, "shop"), daemon=True).start()
    time.sleep(0.7)


def test_strange_values_and_work_during_the_dump() -> None:
    drill = read_drill(DRILL)
    lived_on = Life(
        {
            "survey": statements(STRANGE),
            "back_up:database": before_the_dump,
            "inventory_after:database": statements(f"{PATH} INSERT INTO busy (t) VALUES ('late');"),
        },
        {"meanwhile": statements(MEANWHILE)},
    )
    lived = live(drill, make_plan(drill), ROOT / "database", lived_on)
    lived.assert_recovered()
    assert lived.life.done["meanwhile"] >= 2
