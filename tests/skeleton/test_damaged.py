"""What is wrong with a restore point is found by the check that must find it; what is ours is UNKNOWN."""

from __future__ import annotations

from pathlib import Path

import pytest
from drill_bench import Bench

from harness.clock import new_id
from harness.containers.create import folder_mount
from harness.containers.labels import new_owner
from harness.containers.tool import tool_container
from harness.model.restore_point import FaultNote
from harness.prepare import make_plan
from harness.run import vault

pytestmark = pytest.mark.engine

IMAGE = "portal-drill/postgresql:15"

# Restore the dump on a server inside, change it, dump it again.
REDUMP = """set -euo pipefail
cd /tmp; mkdir data; chown postgres data
as() { setpriv --reuid=postgres --regid=postgres --init-groups "$@"; }
as initdb -D data -U postgres --auth=trust --encoding=UTF8 --locale=C.UTF-8 >/dev/null
as pg_ctl -D data -o '-c listen_addresses= -c unix_socket_directories=/tmp -c fsync=off' -w start >/dev/null
export PGHOST=/tmp PGUSER=postgres
sed '/^CREATE ROLE postgres;/d' /artefact/roles.sql | psql -qX -v ON_ERROR_STOP=1 -d postgres
pg_restore --create --exit-on-error -d postgres /artefact/database.dump
psql -qX -v ON_ERROR_STOP=1 -d shop -c "$1"
pg_dump --format=custom --file /artefact/database.dump shop
as pg_ctl -D data -w -m fast stop >/dev/null
"""


def damaged(bench: Bench, point: Path, name: str, script: str, *arguments: str, sealed: bool = True) -> Path:
    """A copy of the restore point after `script` had its artefact at /artefact, sealed anew if `sealed`."""
    record = vault.load_record(point)
    copy = bench.root / "copies" / name / record.id
    vault.copy_point(point, copy)
    folder = copy / record.artefacts[0].folder
    owner = new_owner(new_id(), "skeleton", "tool", bench.root / ".portal-drill")
    with tool_container(bench.engine, IMAGE, owner, [folder_mount(folder.resolve(), writable=True)]) as shell:
        shell.run(["bash", "-c", script, "damage", *arguments], timeout_s=120).ok()
    note = FaultNote(fault="skeleton", row=name, caught_by="data_parity", outcome="FAIL")
    record = record.model_copy(update={"fault": note})
    if sealed:
        vault.reseal(copy, record)
    else:
        vault.save_record(copy, record)
    return copy


@pytest.mark.parametrize(
    ("name", "statement", "named"),
    [
        (
            "changed row",
            "UPDATE stock.product SET price = 1.000 WHERE name = 'Straße'; "
            "UPDATE stock.product SET unpriced = 1.0 WHERE name = 'Straße'",
            "changed row/stock.product/1801",
        ),
        pytest.param(
            "deleted row",
            'DELETE FROM public."Order Line" WHERE "Order" = 9 AND position = 3',
            "missing row/public.Order",
            marks=pytest.mark.prove,
        ),
        pytest.param(
            "row twice",
            "INSERT INTO stock.movement SELECT * FROM stock.movement WHERE product IS NULL",
            "extra row/stock.m",
            marks=pytest.mark.prove,
        ),
        pytest.param(
            "sequence set back",
            "SELECT setval('stock.product_id_seq', 1700)",
            "changed sequence/stock.product_id_seq",
            marks=pytest.mark.prove,
        ),
        pytest.param(
            "view changed",
            "CREATE OR REPLACE VIEW for_sale AS SELECT id, name, price FROM stock.product",
            "view/public.f",
            marks=pytest.mark.prove,
        ),
        pytest.param(
            "right lost",
            "REVOKE SELECT ON stock.product FROM reporting",
            "changed table/stock.product",
            marks=pytest.mark.prove,
        ),
    ],
    ids=["changed", "deleted", "twice", "sequence", "view", "right"],
)
def test_changed_data_fails_by_data_parity_which_names_it(
    bench: Bench, point: Path, name: str, statement: str, named: str
) -> None:
    run = bench.perform(point=damaged(bench, point, name.replace(" ", "-"), REDUMP, statement))
    assert run.verdict["outcome"] == "FAIL"
    assert {check for check, outcome in run.outcomes.items() if outcome != "PASS"} == {"data_parity"}
    items = run.check("data_parity")["items"]
    assert items["count"] == 1
    assert named in items["first"][0]
    assert run.folder.parent.name == "proofs"
    assert run.verdict["faults"]["row"] == name.replace(" ", "-")


def test_dump_cut_short_fails_by_restore(bench: Bench, point: Path) -> None:
    run = bench.perform(point=damaged(bench, point, "cut", "truncate --size=60000 /artefact/database.dump"))
    assert run.verdict["outcome"] == "FAIL"
    assert (run.outcomes["restore"], run.outcomes["restore_point"]) == ("FAIL", "PASS")
    assert run.outcomes["data_parity"] == "UNKNOWN"


def test_artefact_changed_after_sealing_fails_by_restore_point(bench: Bench, point: Path) -> None:
    script = "truncate --size=-1 /artefact/database.dump"
    run = bench.perform(point=damaged(bench, point, "after sealing", script, sealed=False))
    assert run.verdict["outcome"] == "FAIL"
    assert run.outcomes["restore_point"] == "FAIL"
    assert "database/database.dump has" in run.check("restore_point")["found"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"command": ("postgres", "--no-such-option")}, "does not start with empty data"),
        ({"image": "portal-drill/there-is-no-such-image:1"}, "there-is-no-such-image"),
    ],
    ids=["ends at once", "no such image"],
)
def test_image_that_will_not_start_is_unknown(bench: Bench, point: Path, change: dict[str, object], said: str) -> None:
    plan = make_plan(bench.drill)
    services = tuple(s.model_copy(update=change) if s.name == "db" else s for s in plan.services)
    run = bench.perform(plan.model_copy(update={"services": services}), point)
    assert run.verdict["outcome"] == "UNKNOWN"
    assert run.outcomes["restore"] == "UNKNOWN"
    assert said in run.check("restore")["found"]
    assert "FAIL" not in run.outcomes.values()
    assert bench.left_of(run.run) == []


def test_server_that_ends_before_its_capture_is_unknown(bench: Bench) -> None:
    plan = make_plan(bench.drill)
    services = tuple(s.model_copy(update={"command": ("false",)}) if s.name == "db" else s for s in plan.services)
    run = bench.perform(plan.model_copy(update={"services": services}))
    assert run.verdict["outcome"] == "UNKNOWN"
    assert run.verdict["restore_point"] is None
    assert "FAIL" not in run.outcomes.values()
