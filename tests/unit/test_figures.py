"""The arithmetic of `make bench`: ratios pair by pair, the table, its place in the README."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "bench"))

import figures
import make_figures
import measure
import whole_drills


def test_ratio_is_the_median_of_the_pairs_and_not_of_their_medians() -> None:
    figure = figures.of_pairs("x", [(1, 1), (20, 10), (3, 1)], beside="y", limit=2)
    assert (figure.ours, figure.theirs, figure.value, figure.held) == (3, 1, 2, True)
    assert not figures.of_pairs("x", [(3, 1), (30, 10), (2, 1)], beside="y", limit=2).held


def test_warm_up_is_not_counted_and_both_take_turns() -> None:
    said: list[str] = []
    figure = figures.paired("x", lambda: said.append("A"), lambda: said.append("B"), beside="y", limit=9, rounds=2)
    assert "".join(said) == "ABABAB"
    assert figure.theirs is not None


def test_agreement_counts_both_directions() -> None:
    figure = whole_drills.agreement("x", [(20, 10), (9, 10), (10, 11)], beside="y", limit=1.1)
    assert figure.value == pytest.approx(10 / 9) and not figure.held
    assert (figure.ours, figure.theirs) == (10, 10)


def test_table_says_what_is_not_held() -> None:
    held = figures.Figure("a", 1.0, 2.0, 0.5, 2, "s", "`rsync`")
    alone = figures.Figure("b", 4.0, None, 4.0, 3, "s", "")
    lines = figures.table([held, alone], "2 processors").splitlines()
    assert lines[2] == "| a | 1.00 s | 2.00 s `rsync` | 0.50 times | 2 times | held |"
    assert lines[3] == "| b | 4.00 s |  | 4.00 s | 3 s | **not held** |"
    assert lines[-1] == "2 processors"


def test_table_is_pasted_between_its_markers() -> None:
    readme = "a\n<!-- figures -->\nold\n<!-- figures end -->\nb\n"
    assert make_figures.pasted(readme, "new") == "a\n<!-- figures -->\nnew\n<!-- figures end -->\nb\n"
    with pytest.raises(ValueError, match="0 pairs"):
        make_figures.pasted("no place", "new")
    assert make_figures.BLOCK.search(make_figures.README.read_text()), "the README has a place for the table"


def test_machine_is_named_with_its_date() -> None:
    assert "processors" in make_figures.machine()


def test_figures_are_kept_by_group_and_not_mixed_with_those_of_other_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(make_figures, "KEPT", tmp_path / "bench" / "figures.json")
    rows, files = (figures.Figure(name, 1.0, 2.0, 0.5, 2, "s", "y") for name in ("rows", "files"))
    assert make_figures.kept("one") == {}
    make_figures.keep("one", {"rows": [rows]})
    make_figures.keep("one", make_figures.kept("one") | {"files": [files]})
    assert list(make_figures.kept("one").items()) == [("files", [files]), ("rows", [rows])]
    assert make_figures.kept("another") == {}
    assert make_figures.measured_on() == make_figures.measured_on()


def test_inventories_are_measured_as_a_drill_makes_them() -> None:
    assert set(measure.ALL) == {"files", "rows", "commands", "memory", "script", "two"}
