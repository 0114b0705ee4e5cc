"""Every component kind on real data: inventories that stand still, and show each change as that one difference."""

from __future__ import annotations

import json
from importlib import import_module

import pytest
from bench import CARRIED_KINDS, Bench, is_the_same_twice, shows_exactly

from harness.kinds import registry
from harness.run.inventory_lines import read_inventory

pytestmark = pytest.mark.engine
KINDS = [kind for kind in registry.names("components") if kind not in CARRIED_KINDS]
SAMPLES = {kind: import_module(f"sample_{kind}") for kind in KINDS}
CHANGES = [
    pytest.param(kind, change, marks=[pytest.mark.prove] if change in getattr(SAMPLES[kind], "PROOFS", ()) else [])
    for kind in KINDS
    for change in SAMPLES[kind].CHANGES
]
VARIANTS = [(kind, variant) for kind in KINDS for variant in SAMPLES[kind].VARIANTS]
# Breaches known today, each with its proof here; who mends one, removes its line.
KNOWN: dict[tuple[str, str], str] = {}

every_kind = pytest.mark.parametrize("kind", KINDS)


def known(request: pytest.FixtureRequest, *case: str) -> None:
    if reason := KNOWN.get((case[0], case[1])):
        request.applymarker(pytest.mark.xfail(reason=reason))


@every_kind
def test_position_is_json(kind: str, bench: Bench) -> None:
    assert bench.target
    assert bench.position and json.loads(json.dumps(bench.position)) == bench.position


@every_kind
def test_source_that_nobody_changed_is_the_same_twice(kind: str, bench: Bench) -> None:
    assert bench.target
    assert list(read_inventory(bench.before)) == list(read_inventory(bench.after)) != []
    is_the_same_twice(bench)


@pytest.mark.parametrize(("kind", "variant"), VARIANTS)
def test_new_target_is_empty_wherever_the_component_lies(
    kind: str, bench: Bench, variant: str, request: pytest.FixtureRequest
) -> None:
    known(request, kind, variant)
    bench.wipe()
    assert bench.kind.proved_empty(bench.access(bench.sample.VARIANTS[variant])) is None


@pytest.mark.parametrize(("kind", "change"), CHANGES)
def test_one_change_is_one_difference(kind: str, bench: Bench, change: str, request: pytest.FixtureRequest) -> None:
    known(request, kind, change)
    assert bench.target
    shows_exactly(bench, bench.sample.CHANGES[change])
