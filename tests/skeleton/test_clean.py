"""A clean drill passes, and all that it claims stands in the files that it wrote."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from drill_bench import At, Bench, Finished

from harness.kinds import registry
from harness.model.drill import Source
from harness.pipeline import changed_since, judge_saved
from harness.report.files import verdict_bytes
from harness.run import vault

pytestmark = pytest.mark.engine


def test_clean_drill_is_recovered(clean: Finished) -> None:
    verdict = clean.verdict
    assert clean.outcomes == dict.fromkeys(
        ("capture", "restore", "restore_point", *registry.product("plain").DEFAULT_CHECKS, "tests"), "PASS"
    )
    assert {name: objective["outcome"] for name, objective in verdict["objectives"].items()} == dict.fromkeys(
        ("rto", "rpo", "skew", "downtime"), "PASS"
    )
    assert (verdict["outcome"], verdict["recovered"], verdict["partial"]) == ("PASS", True, [])
    assert (verdict["stand_in"], verdict["faults"]) == (None, None)


def test_restore_point_of_a_clean_drill_is_what_the_next_is_compared_with(point: Path) -> None:
    assert [(point / marker).exists() for marker in (vault.MEASURE, vault.RECOVERED)] == [True, True]


def test_data_parity_compared_the_rows(clean: Finished) -> None:
    found = clean.check("data_parity")["found"]
    assert int(found.split()[0].replace(",", "")) > 2000


def test_rpo_is_measured_from_writes_before_and_after_the_capture(clean: Finished) -> None:
    rpo = clean.verdict["objectives"]["rpo"]
    (database,) = rpo["per_tier"]
    assert database["tier"] == "database"
    assert database["kept"] >= 1
    assert len(database["lost"]) >= 2
    assert 0 < rpo["measured_s"] < 60
    assert 86_400 < rpo["worst_case_s"] < 86_460


def test_rto_stages_add_up(clean: Finished) -> None:
    rto = clean.verdict["objectives"]["rto"]
    assert sum(stage["seconds"] for stage in rto["stages"]) == pytest.approx(rto["measured_s"], abs=0.001)
    assert rto["stages"][-1]["name"] == "first_correct_search"


def test_evidence_is_closed_by_count_and_digest(clean: Finished) -> None:
    *lines, end = (clean.folder / "evidence.jsonl").read_bytes().splitlines(keepends=True)
    digest = hashlib.sha256(b"".join(lines)).hexdigest()
    assert json.loads(end) == {"line": "end", "count": len(lines), "sha256": digest}
    assert clean.verdict["evidence_sha256"] == digest


def test_evidence_tells_of_the_teardown(clean: Finished) -> None:
    lines = [json.loads(line) for line in (clean.folder / "evidence.jsonl").read_bytes().splitlines()]
    marks = [line["name"] for line in lines if line["line"] == "mark"]
    assert marks.index("disaster") < marks.index("restore_started") < marks.index("sandbox_removed")
    assert lines[-2]["line"] == "step" and lines[-2]["step"] == "observe:torn_down"


def test_judging_saved_evidence_again_gives_the_same_bytes(clean: Finished) -> None:
    assert verdict_bytes(judge_saved(clean.folder)) == (clean.folder / "verdict.json").read_bytes()


def test_nothing_is_left_on_the_engine(bench: Bench, clean: Finished) -> None:
    assert bench.left_of(clean.run) == []


@pytest.mark.parametrize("secret", ["Postgres-4711", "Owner-4711", "Reader-4711"])
def test_secrets_reach_no_evidence_and_no_report(clean: Finished, secret: str) -> None:
    written = [clean.folder / name for name in ("evidence.jsonl", "verdict.json", "report.html", "junit.xml")]
    assert [path.name for path in written if secret.encode() in path.read_bytes()] == []


def test_restore_point_can_be_recovered_again_and_under_another_host_name(
    bench: Bench, clean: Finished, point: Path
) -> None:
    named: list[str] = []
    ask = At("start_portal", lambda run: named.append(bench.host_name(run, "sandbox")), end=True)
    again = bench.perform(point=point, progress=ask)
    assert named == ["db-restored"]
    assert again.verdict["outcome"] == "PASS"
    assert again.verdict["recovered"] is False  # measured RPO belongs to the run that captured
    assert again.verdict["restore_point"] == clean.verdict["restore_point"]


def test_gate_opens_and_closes_when_compose_file_or_image_is_another(clean: Finished, bench: Bench) -> None:
    """What the drill file names is compared too, as the engine and the Compose file have it now."""
    drill = bench.drill
    assert changed_since(clean.folder, drill) == ()
    stack = drill.source.stack
    services = tuple(s.model_copy(update={"command": ("postgres", "-c", "fsync=off")}) for s in stack.services)
    changed = stack.model_copy(update={"services": services})
    (said,) = changed_since(clean.folder, drill.model_copy(update={"source": Source(stack=changed)}))
    assert said == f"the Compose file {stack.file} has changed"
    other = (*(s.model_copy(update={"image": "portal-drill/tools:3"}) for s in stack.services),)
    changed = stack.model_copy(update={"services": other})
    said = changed_since(clean.folder, drill.model_copy(update={"source": Source(stack=changed)}))[-1]
    assert "the image portal-drill/tools:3" in said
    assert "is not that of the latest run" in said


def test_gate_closes_without_an_engine_to_ask(
    clean: Finished, bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no.sock")
    (said,) = changed_since(clean.folder, bench.drill)
    assert said.startswith("the images cannot be compared")
