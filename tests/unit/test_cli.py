"""The command line on hand-written verdicts; its stages are handed in."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness import __version__, cli
from harness.containers.labels import RUN
from harness.errors import DrillFileWrong, HarnessBroken, Mistake
from harness.kinds import registry
from harness.model.verdict import Outcome, Verdict
from harness.report import files
from harness.stages import Stages

ROOT = Path(__file__).parents[2]
VERDICTS = ROOT / "tests" / "golden" / "verdicts"


def verdict_of(name: str) -> Verdict:
    return Verdict.model_validate_json((VERDICTS / f"{name}.json").read_bytes())


class Fake(Stages):
    """Every run and judgement comes to the verdict `name`, or to `error`."""

    def __init__(self, name: str = "recovered", error: BaseException | None = None) -> None:
        self.name, self.error = name, error
        self.said: list[str] = []

    def read_drill(self, path: Path) -> Any:
        if isinstance(self.error, DrillFileWrong):
            raise self.error
        return SimpleNamespace(name="liferay-nightly")

    def make_plan(self, drill: Any, only: tuple[str, ...] = (), components: tuple[str, ...] = ()) -> Any:
        return SimpleNamespace(only=only, model_dump_json=lambda **_: '{"drill": "liferay-nightly"}')

    def explain(self, drill: Any, plan: Any) -> str:
        return "1. back up the database\n"

    def json_schema(self) -> dict[str, object]:
        return {"title": "drill"}

    @contextmanager
    def drill_run(self, drill: Any, plan: Any, **given: Any) -> Iterator[Any]:
        self.said.append(f"only={plan.only} keep={given['keep']} point={given['restore_point']}")
        run = SimpleNamespace(run_id="one", folder=Path("reports/x/one"), verdict=None, tests=None)
        try:
            yield run
            if self.error:
                raise self.error
        finally:
            self.said.append("torn down")
        run.verdict = verdict_of(self.name) if self.name else None

    def judge_saved(self, folder: Path) -> Verdict:
        return verdict_of(self.name)

    def collect_garbage(self, root: Path) -> list[str]:
        return self.said


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "x.drill.yaml"
    path.write_text("drill: x\n")
    return str(path)


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("recovered", 0, "Recovered in 41 s; nothing lost; 4 of 4 checks"),
        ("not_recovered", 1, "NOT recovered: data_parity: 12 rows missing"),
        ("unknown", 2, "Could not tell whether it recovers: isolation"),
        ("partial", 0, "Partial run: what was exercised passed"),
    ],
)
def test_run_ends_with_the_verdict_as_sentence_and_exit_code(
    name: str, code: int, said: str, file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["run", file], Fake(name)) == code
    assert said in capsys.readouterr().out


def test_run_hands_its_options_on(file: str, tmp_path: Path) -> None:
    fake = Fake()
    cli.main(["run", file, "--only", "data_parity", "rto", "--keep", "--restore-point", str(tmp_path)], fake)
    assert fake.said[0] == f"only=('data_parity', 'rto') keep=True point={tmp_path}"


def test_a_sandbox_that_is_kept_is_found_by_its_label(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    said = f"kept: docker ps --filter label={RUN}=one lists it; remove it with portal-drill gc\n"
    cli.main(["run", file, "--keep"], Fake())
    assert capsys.readouterr().out.endswith(said)
    cli.main(["run", file], Fake())
    assert said not in capsys.readouterr().out


def test_a_run_without_a_verdict_is_unknown(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["run", file], Fake("")) == 2
    assert "ended without a verdict" in capsys.readouterr().err


def test_an_error_of_ours_is_one_sentence(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["run", file], Fake(error=HarnessBroken("no space is left"))) == 2
    assert capsys.readouterr().err == "portal-drill: no space is left\n"


def test_a_crash_is_unknown_and_never_pythons_exit_code_one(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["run", file], Fake(error=TypeError("ours"))) == 2
    assert "this says nothing about the backup" in capsys.readouterr().err


def test_an_interrupt_ends_with_130_after_teardown(file: str) -> None:
    fake = Fake(error=KeyboardInterrupt())
    assert cli.main(["run", file], fake) == 130
    assert fake.said[-1] == "torn down"


@pytest.mark.parametrize("command", ["run", "plan"])
def test_a_wrong_drill_file_shows_all_its_mistakes(command: str, file: str, capsys: pytest.CaptureFixture[str]) -> None:
    mistakes = (Mistake("x", 9, 1, "portl", "a key"), Mistake("x", 3, 7, "900", "a span"))
    assert cli.main([command, file], Fake(error=DrillFileWrong(mistakes))) == 3
    assert capsys.readouterr().err.splitlines() == [
        "x:3:7: found 900; expected a span",
        "x:9:1: found portl; expected a key",
    ]


def test_a_missing_drill_file_is_a_wrong_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["plan", str(tmp_path / "none.drill.yaml")]) == 3
    assert "no such file" in capsys.readouterr().err


def test_plan_explains_or_prints_json(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["plan", file], Fake()) == 0
    assert cli.main(["plan", file, "--json"], Fake()) == 0
    assert capsys.readouterr().out.splitlines() == ["1. back up the database", '{"drill": "liferay-nightly"}']


@pytest.mark.parametrize(
    ("saved", "said"),
    [
        ("not_recovered", "The same bytes as the saved verdict.json."),
        ("recovered", "This verdict DIFFERS from the saved verdict.json."),
        (None, "There was no verdict.json to compare with."),
    ],
)
def test_judge_says_whether_the_saved_verdict_differs(
    saved: str | None, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if saved:
        shutil.copy(VERDICTS / f"{saved}.json", tmp_path / "verdict.json")
    assert cli.main(["judge", str(tmp_path)], Fake("not_recovered")) == 1
    assert capsys.readouterr().out.splitlines()[-1] == said


RUNS = ("20261121T075100Z-4f3a", "20261122T075100Z-4f3a")


def test_judge_of_another_folder_names_the_newest_run_in_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in (*RUNS, "proofs"):
        (tmp_path / "good" / name).mkdir(parents=True)
    assert [cli.main(["judge", str(tmp_path / name)]) for name in ("good", f"good/{RUNS[0]}", "bad")] == [2, 2, 2]
    assert capsys.readouterr().err.replace(f"{tmp_path}/", "").splitlines() == [
        f"portal-drill: good is no run's folder: the newest run in it is good/{RUNS[1]}",
        f"portal-drill: good/{RUNS[0]} is no run's folder: drill.json is not in it",
        "portal-drill: bad is no run's folder: it is not there",
    ]


def test_a_restore_point_that_is_none_names_the_known_ones(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--root", str(tmp_path), "run", str(ROOT / "drills" / "postgresql.drill.yaml"), "--restore-point"]
    vault = tmp_path / ".portal-drill" / "vault" / "postgresql"
    assert cli.main([*words, str(tmp_path / "nope")]) == 2
    assert capsys.readouterr().err == f"portal-drill: {tmp_path}/nope is no restore point; there is none in {vault}\n"
    for name in RUNS:
        (vault / name).mkdir(parents=True)
        (vault / name / "record.json").write_text("{}")
    assert cli.main([*words, str(vault)]) == 2
    assert capsys.readouterr().err.endswith(f"known are, newest first: {vault / RUNS[1]}, {vault / RUNS[0]}\n")


def test_the_gate_knows_no_drill_without_reports(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def said(root: Path, drill: str) -> str:
        assert cli.main(["--root", str(root), "gate", "--drill", drill, "--max-age", "24h"]) == 2
        return capsys.readouterr().err.replace(str(tmp_path), "DIR")

    (tmp_path / "a" / "reports" / "liferay-dxp").mkdir(parents=True)
    assert said(tmp_path / "a", "liferay") == (
        "portal-drill: no drill called liferay has reports in DIR/a/reports; did you mean liferay-dxp?\n"
    )
    assert said(tmp_path / "a", "xyz").endswith("; liferay-dxp has\n")
    assert said(tmp_path, "xyz").endswith("DIR/reports is not there. portal-drill --root DIR looks in another folder\n")
    assert said(tmp_path / "b", "xyz") == "portal-drill: the folder DIR/b of --root is not there\n"


def test_run_says_that_its_file_comes_first(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["run", "--only", "data_parity", "mine.drill.yaml"])
    assert ended.value.code == 2
    assert "required: file\n    hint: FILE comes first, before --only and" in capsys.readouterr().err


def test_gc_names_what_it_removed(capsys: pytest.CaptureFixture[str]) -> None:
    fake = Fake()
    assert cli.main(["gc"], fake) == 0
    fake.said = ["container one", "volume two"]
    assert cli.main(["gc"], fake) == 0
    assert capsys.readouterr().out.splitlines() == [
        "Nothing was left over.",
        "removed container one",
        "removed volume two",
    ]


def test_kinds_shows_every_name_and_its_sentences_whole(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "70")
    assert cli.main(["kinds"]) == 0
    said = capsys.readouterr().out
    for family in registry.FAMILIES:
        _, _, *rows = said.split(f"\n{family} ")[-1].split("\n\n")[0].splitlines()
        column = len(rows[0]) - len(rows[0].partition(" ")[2].lstrip())
        names = [row[:column].strip() for row in rows]
        assert tuple(name for name in names if name) == registry.names(family)
        words = " ".join(row[column:].strip() for row in rows)
        assert words == " ".join(registry.says(registry.kind(family, name)) for name in registry.names(family))


@pytest.mark.parametrize("family", registry.FAMILIES)
def test_kinds_cites_no_document_that_is_not_here(family: str) -> None:
    said = [registry.says(registry.kind(family, name)) for name in registry.names(family)]
    assert [text for text in said if re.search(r"DESIGN|facts? \d|\b[A-Z]+-D?\d", text) or text[-1] not in ".:"] == []


def test_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["schema"], Fake()) == 0
    assert '"title": "drill"' in capsys.readouterr().out


@pytest.fixture
def recovered_root(tmp_path: Path) -> Path:
    """A root with a drill file and one recovered run; its capture is of 2026-11-21."""
    (tmp_path / "drills").mkdir()
    drill_file = tmp_path / "drills" / "liferay-nightly.drill.yaml"
    drill_file.write_text("drill: liferay-nightly\n")
    empty = hashlib.sha256(b"").hexdigest()
    verdict = verdict_of("recovered").model_copy(
        update={
            "harness_version": __version__,
            "drill_sha256": hashlib.sha256(drill_file.read_bytes()).hexdigest(),
            "evidence_sha256": empty,
        }
    )
    folder = tmp_path / "reports" / verdict.drill / verdict.run
    folder.mkdir(parents=True)
    (folder / "evidence.jsonl").write_text(f'{{"line":"end","count":0,"sha256":"{empty}"}}\n')
    files.write_verdict(folder, verdict)
    files.point_latest(folder)
    return tmp_path


class JudgedAgain(Fake):
    """The saved run, judged again, gives the saved verdict with `changed`."""

    def __init__(self, **changed: Any) -> None:
        super().__init__()
        self.changed = changed
        self.since: tuple[str, ...] = ()

    def judge_saved(self, folder: Path) -> Verdict:
        self.said.append(folder.name)
        return files.read_verdict(folder).model_copy(update=self.changed)

    def changed_since(self, folder: Path, file: Path) -> tuple[str, ...]:
        return self.since


def gate(root: Path, max_age: str, stages: Stages | None = None) -> int:
    wanted = ["--root", str(root), "gate", "--drill", "liferay-nightly", "--max-age", max_age]
    return cli.main(wanted, stages or JudgedAgain())


def test_the_gate_opens_for_a_recovered_run(recovered_root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stages = JudgedAgain()
    assert gate(recovered_root, "90000 d", stages) == 0
    assert stages.said == ["20261121T075100Z-4f3a"]
    assert capsys.readouterr().out.startswith(
        "Gate open. liferay-nightly, run 20261121T075100Z-4f3a: Recovered in 41 s"
    )


@pytest.mark.parametrize("changed", [{"outcome": Outcome.FAIL}, {"recovered": False}, {"checks": ()}])
def test_the_gate_keeps_closed_if_the_evidence_does_not_bear_the_verdict_out(
    changed: dict[str, Any], recovered_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert gate(recovered_root, "90000 d", JudgedAgain(**changed)) == 1
    assert capsys.readouterr().out.splitlines()[1:] == [
        "  - the saved evidence, judged again, does not give the saved verdict"
    ]


def test_the_gate_keeps_closed_if_something_has_changed_since(
    recovered_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stages = JudgedAgain()
    stages.since = ("the Compose file compose.yaml has changed",)
    assert gate(recovered_root, "90000 d", stages) == 1
    assert capsys.readouterr().out.splitlines()[1:] == ["  - the Compose file compose.yaml has changed"]


def test_the_gate_says_unknown_if_the_run_cannot_be_judged_again(
    recovered_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert gate(recovered_root, "90000 d", Stages()) == 2  # there is no drill.json
    assert "is no run's folder: drill.json is not in it" in capsys.readouterr().err


def test_the_gate_prints_every_reason(recovered_root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (recovered_root / "drills" / "liferay-nightly.drill.yaml").write_text("changed\n")
    (recovered_root / "reports" / "liferay-nightly" / "20991121T075100Z-4f3a").mkdir()
    assert gate(recovered_root, "90000 d") == 1
    said = capsys.readouterr().out
    assert said.count("\n  - ") == 2
    assert "has changed since the latest run" in said
    assert "a newer run 20991121T075100Z-4f3a" in said


def test_the_gate_keeps_closed_for_a_name_that_two_drill_files_have(
    recovered_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (recovered_root / "drills" / "a.drill.yml").write_text("drill: liferay-nightly\n")
    assert gate(recovered_root, "90000 d") == 3
    first, file = (recovered_root / "drills" / name for name in ("a.drill.yml", "liferay-nightly.drill.yaml"))
    said = capsys.readouterr().err
    assert said.startswith(f"{file}:1:8: found the name liferay-nightly, which {first}:1:8 has; expected ")


def test_the_gate_says_unknown_without_a_readable_verdict(recovered_root: Path) -> None:
    (recovered_root / "reports" / "liferay-nightly" / "latest" / "verdict.json").write_text("{")
    assert gate(recovered_root, "24h") == 2
    shutil.rmtree(recovered_root / "reports")
    assert gate(recovered_root, "24h") == 2


@pytest.mark.parametrize(("text", "seconds"), [("24h", 86400), ("90 min", 5400), ("2d", 172800), ("1.5 h", 5400)])
def test_spans_have_units(text: str, seconds: float) -> None:
    assert cli.seconds(text) == seconds


@pytest.mark.parametrize("text", ["900", "h", "-1h", "1 week"])
def test_a_span_without_a_unit_is_refused(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["gate", "--drill", "x", f"--max-age={text}"])
    assert ended.value.code == 2
    assert "expected a span with a unit" in capsys.readouterr().err


def test_help_is_fast_and_loads_nothing_heavy() -> None:
    code = "import sys; from harness import cli; cli.parser().format_help(); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"pydantic", "rich", "jinja2", "yaml", "docker", "pytest"} & set(loaded)
    began_s = os.times().children_user + os.times().children_system
    subprocess.run(
        [sys.executable, "-c", "from harness.cli import main; main(['--help'])"], capture_output=True, check=True
    )
    assert os.times().children_user + os.times().children_system - began_s < 0.3


def test_a_missing_command_is_no_verdict() -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main([])
    assert ended.value.code == 2
