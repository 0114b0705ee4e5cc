"""`portal-drill status` from the command line to its exit code, on drill files and verdicts that lie there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from harness import cli
from harness.model.verdict import Verdict
from harness.report.files import write_verdict

ROOT = Path(__file__).parents[2]
VERDICTS = ROOT / "tests" / "golden" / "verdicts"
STACK = "fixtures/stacks/postgresql/compose.yaml"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root whose one drill, `postgresql`, runs every 24 h and never has."""
    for name in (STACK, "drills/postgresql.drill.yaml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    (tmp_path / "reports").mkdir()
    return tmp_path


def run(root: Path, name: str, hours_ago: float, drill: str = "postgresql") -> None:
    verdict = Verdict.model_validate_json((VERDICTS / f"{name}.json").read_bytes())
    started = datetime.now(UTC) - timedelta(hours=hours_ago)
    folder = root / "reports" / drill / f"{started:%Y%m%dT%H%M%SZ}-4f3a"
    folder.mkdir(parents=True)
    write_verdict(folder, verdict.model_copy(update={"run": folder.name, "started_utc": started, "drill": drill}))
    (folder / "drill.json").write_text('{"schedule_s": 86400}', encoding="utf-8")


def status(root: Path, *words: str) -> int:
    return cli.main(["--root", str(root), "status", *words])


def second_drill(root: Path, name: str, *, instead: str, of: str) -> None:
    text = (ROOT / "drills" / "postgresql.drill.yaml").read_text(encoding="utf-8")
    assert of in text
    text = text.replace("drill: postgresql\n", f"drill: {name}\n").replace(of, instead)
    (root / "drills" / "second.drill.yaml").write_text(text, encoding="utf-8")


def test_a_fresh_pass_is_0(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(root, "recovered", 3)
    assert status(root) == 0
    assert "All drills are green." in capsys.readouterr().out


def test_an_old_pass_is_1_by_the_schedule_or_the_age_that_is_asked_for(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(root, "recovered", 37)
    assert status(root) == 1
    assert "its last PASS is 37 h old, at most 36 h is allowed" in capsys.readouterr().out
    assert status(root, "--max-age", "40h") == 0
    assert status(root, "--max-age", "2h") == 1
    assert "at most 2 h is allowed" in capsys.readouterr().out


def test_a_last_run_that_failed_is_1_though_an_earlier_one_passed(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(root, "recovered", 5)
    run(root, "not_recovered", 3)
    assert status(root) == 1
    said = capsys.readouterr().out
    assert "postgresql is not green: its last run ended with FAIL\n" in said
    assert "  NOT recovered: data_parity: " in said


def test_a_drill_that_has_a_file_and_never_ran_is_1(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(root, "recovered", 3, drill="elsewhere")
    assert status(root) == 1
    assert "postgresql is not green: it has never run\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("of", "instead", "said"),
    [
        ("every 24 h", "daily", "second.drill.yaml:7:11: found daily; expected"),
        (
            "canary_every",
            "waivers: [{check: freshness, reason: later, until: 2026-01-31}]\ncanary_every",
            "second.drill.yaml:11:52: found 2026-01-31; expected a day that is not over",
        ),
    ],
)
def test_a_wrong_file_is_a_drill_that_is_not_green_and_hides_no_other(
    of: str, instead: str, said: str, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(root, "recovered", 3)
    run(root, "recovered", 2, drill="second-one")
    second_drill(root, "second-one", of=of, instead=instead)
    assert status(root) == 1
    out = capsys.readouterr().out
    assert "second-one is not green: its file is wrong: " in out
    assert said in out
    assert "postgresql is not green" not in out
    assert "its file is wrong: second.drill.yaml:" in (root / "reports" / "index.html").read_text(encoding="utf-8")


def test_two_files_of_one_name_are_a_mistake_that_hides_none_of_theirs(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(root, "recovered", 3)
    second_drill(root, "postgresql", of="every 24 h", instead="daily")
    assert status(root) == 1
    first = root / "drills" / "postgresql.drill.yaml"
    same = f"second.drill.yaml:3:8: found the name postgresql, which {first}:3:8 has; expected a name of its own"
    out = capsys.readouterr().out
    assert "second.drill.yaml:7:11: found daily" in out
    assert same in out
    first.write_text(first.read_text(encoding="utf-8").replace("every 24 h", "weekly"), encoding="utf-8")
    assert status(root) == 1
    out = capsys.readouterr().out
    assert [words in out for words in ("found weekly", "found daily", same)] == [True, True, True]


@pytest.mark.parametrize("text", ["drill: [", "", "drill: {a: b}\n", "\udcff"])
def test_a_file_that_says_no_name_goes_by_its_own(text: str, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(root, "recovered", 3)
    (root / "drills" / "shop.drill.yaml").write_bytes(text.encode(errors="surrogateescape"))
    assert status(root) == 1
    assert "shop is not green: its file is wrong: shop.drill.yaml:1:" in capsys.readouterr().out


def test_the_page_of_all_drills_is_made_anew(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = root / "reports" / "index.html"
    page.write_text("1 of 1 drills is green", encoding="utf-8")
    run(root, "recovered", 37)
    assert status(root) == 1
    assert "<h1>0 of 1 drills are green</h1>" in page.read_text(encoding="utf-8")


def test_where_nothing_ran_nothing_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status(tmp_path) == 1
    said = capsys.readouterr()
    assert "No drill has run here, and drills/ holds none." in said.out
    assert said.err.endswith("/reports is not there. portal-drill --root DIR looks in another folder\n")
    assert not list(tmp_path.iterdir())


def test_a_root_that_is_not_there_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status(tmp_path / "none") == 2
    assert capsys.readouterr().err == f"portal-drill: the folder {tmp_path}/none of --root is not there\n"
