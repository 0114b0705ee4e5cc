"""A check that nobody has seen fail proves nothing: each is looked for by name."""

from __future__ import annotations

import pytest
import test_faults
import test_xl_release
from test_unknown import CHECKS_SEEN_UNKNOWN

from harness.kinds import registry
from harness.model.verdict import Outcome

CHECKS = registry.names("checks")
ROWS = {**test_faults.ROWS, **test_xl_release.ROWS}
IN_CI = test_faults.IN_CI | test_xl_release.IN_CI


@pytest.mark.parametrize("name", [n for n in CHECKS if Outcome.FAIL in registry.check(n).OUTCOMES])
def test_check_has_a_fault_that_makes_it_fail(name: str) -> None:
    rows = [row for row, (_, fault) in ROWS.items() if (fault.caught_by, fault.outcome) == (name, Outcome.FAIL)]
    assert rows, f"no fault row says caught_by={name!r}"
    assert IN_CI & set(rows), f"none of {rows} runs in continuous integration"


@pytest.mark.parametrize("name", [n for n in CHECKS if Outcome.UNKNOWN in registry.check(n).OUTCOMES])
def test_check_has_a_test_that_makes_it_unknown(name: str) -> None:
    assert name in CHECKS_SEEN_UNKNOWN


@pytest.mark.parametrize("name", sorted(ROWS))
def test_fault_row_names_a_check_that_can_have_its_outcome(name: str) -> None:
    row = ROWS[name][1]
    assert row.outcome in registry.check(row.caught_by).OUTCOMES
    assert row.outcome is not Outcome.PASS
    assert row.requirements
