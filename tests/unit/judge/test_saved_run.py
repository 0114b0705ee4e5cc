"""A saved run is judged again from its files, and the gate opens only for what they bear out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from written_run import DIFFERENCE, DRILL, LINES, PLAN, POINT, at

from harness import cli
from harness.model.evidence import EndLine, Line, Observation
from harness.model.inventory import Named
from harness.model.verdict import Outcome, Verdict
from harness.pipeline import judge_saved
from harness.report import RECORD, files
from harness.stages import Stages

RUN = "20261121T075059Z-aaaa"
REASON = "  - the saved evidence, judged again, does not give the saved verdict"


class Saved:
    """The run by hand as files below `root`, with the verdict that its evidence gives."""

    def __init__(self, root: Path) -> None:
        self.root, self.folder = root, root / "reports" / "shop" / RUN
        self.folder.mkdir(parents=True)
        drill_file = root / "drills" / "shop.drill.yaml"
        drill_file.parent.mkdir()
        drill_file.write_text("drill: shop\n")
        drill = DRILL.model_copy(update={"sha256": hashlib.sha256(drill_file.read_bytes()).hexdigest()})
        for name, model in (("drill.json", drill), ("plan.json", PLAN), (RECORD, POINT)):
            (self.folder / name).write_text(model.model_dump_json())
        self.write(LINES)
        files.write_verdict(self.folder, judge_saved(self.folder))
        files.point_latest(self.folder)

    @property
    def verdict(self) -> Verdict:
        return files.read_verdict(self.folder)

    def write(self, lines: tuple[Line, ...]) -> str:
        """The evidence, closed as the journal closes it; returns its digest."""
        text = "".join(line.model_dump_json() + "\n" for line in lines).encode()
        end = EndLine(count=len(lines), sha256=hashlib.sha256(text).hexdigest())
        (self.folder / "evidence.jsonl").write_bytes(text + end.model_dump_json().encode() + b"\n")
        return end.sha256

    def gate(self) -> int:
        return cli.main(["--root", str(self.root), "gate", "--drill", "shop", "--max-age", "90000 d"], AsItWas())


class AsItWas(Stages):
    """The real stages, but for what is not here: a Compose file and images."""

    def changed_since(self, folder: Path, file: Path) -> tuple[str, ...]:
        return ()


@pytest.fixture
def saved(tmp_path: Path) -> Saved:
    return Saved(tmp_path)


def test_saved_run_is_judged_to_the_same_bytes(saved: Saved) -> None:
    assert saved.verdict.recovered
    assert files.verdict_bytes(judge_saved(saved.folder)) == (saved.folder / "verdict.json").read_bytes()


def test_gate_opens_for_a_run_that_its_evidence_bears_out(saved: Saved) -> None:
    assert saved.gate() == 0


def lost(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    broken = DIFFERENCE.model_copy(update={"missing": Named(count=1, first=("row/shop/7",))})
    data = broken.model_dump(mode="json")
    return tuple(
        Observation(name="difference", subject="database", data=data, at=at(21))
        if getattr(line, "name", "") == "difference"
        else line
        for line in lines
    )


def cut(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    return tuple(line for line in lines if getattr(line, "name", "") != "freshness")


@pytest.mark.parametrize("edited", [lost, cut])
def test_gate_keeps_closed_for_evidence_that_was_edited_and_closed_again(
    edited: Callable[[tuple[Line, ...]], tuple[Line, ...]], saved: Saved, capsys: pytest.CaptureFixture[str]
) -> None:
    digest = saved.write(edited(LINES))
    files.write_verdict(saved.folder, saved.verdict.model_copy(update={"evidence_sha256": digest}))
    assert saved.gate() == 1
    assert capsys.readouterr().out.splitlines()[1:] == [REASON]


def test_gate_keeps_closed_for_a_verdict_that_was_edited(saved: Saved, capsys: pytest.CaptureFixture[str]) -> None:
    saved.write(lost(LINES))
    failed = judge_saved(saved.folder)
    assert not failed.recovered
    good = {"outcome": Outcome.PASS, "recovered": True, "partial": ()}
    files.write_verdict(saved.folder, failed.model_copy(update=good))
    assert saved.gate() == 1
    assert capsys.readouterr().out.splitlines()[1:] == [REASON]


@pytest.mark.parametrize("name", ["drill.json", "plan.json"])
def test_gate_says_unknown_for_a_run_that_cannot_be_judged_again(name: str, saved: Saved) -> None:
    (saved.folder / name).unlink()
    assert saved.gate() == 2


def test_gate_keeps_closed_without_the_record_of_the_restore_point(saved: Saved) -> None:
    (saved.folder / RECORD).unlink()
    assert saved.gate() == 1
