"""The whole verdict where the source changed during the capture: a change excuses its own value and no other."""

from __future__ import annotations

from pathlib import Path

import pytest
from written_run import DRILL, LINES, PLAN, POINT, at, mark, step

from harness.judge.judge import judge
from harness.model.drill import Component
from harness.model.evidence import Evidence, Observation
from harness.model.inventory import Item, ItemClass
from harness.model.plan import Action, Step
from harness.model.verdict import Outcome, Verdict
from harness.run.inventory import compare_inventories
from harness.run.inventory_lines import write_inventory

GIT = Component(name="source_code", kind="git", service="web", engine="git_bundle")


def repository(main: str, objects: int) -> list[Item]:
    held = {"HEAD": "refs/heads/main", "fsck": "clean", "objects": f"of {main}", "refs/heads/main": main}
    counts = {"objects": {"count": str(objects)}}
    return [Item(key, ItemClass.STATE, digest, counts.get(key, {})) for key, digest in held.items()]


def verdict(folder: Path, before: list[Item], after: list[Item], restored: list[Item]) -> Verdict:
    """Of a run in which everything went well, with a repository beside the database."""
    paths = [folder / name for name in ("before", "after", "restored")]
    for path, items in zip(paths, (before, after, restored), strict=True):
        write_inventory(items, (), path)
    data = compare_inventories(GIT, *paths).model_dump(mode="json")
    lines = (
        *LINES,
        step("back_up:source_code"),
        mark("component_restored", 20, "source_code"),
        step("restore:source_code"),
        Observation(name="difference", subject="source_code", data=data, at=at(21)),
    )
    back_up, restore = (
        Step(id=f"{action}:source_code", action=action, subject="source_code", deadline_s=9)
        for action in (Action.BACK_UP, Action.RESTORE)
    )
    components = (*DRILL.components, GIT)
    artefact = POINT.artefacts[0].model_copy(update={"component": "source_code", "engine": "git_bundle"})
    return judge(
        DRILL.model_copy(update={"components": components}),
        PLAN.model_copy(
            update={
                "components": components,
                "capture": (*PLAN.capture, back_up),
                "recover": (*PLAN.recover, restore),
            }
        ),
        POINT.model_copy(update={"artefacts": (*POINT.artefacts, artefact)}),
        Evidence(lines=lines, complete=True, sha256="1" * 64),
    )


BEFORE, AFTER, OLD = repository("c1", 5000), repository("c2", 5003), repository("c0-of-2019", 3)


@pytest.mark.parametrize(
    ("after", "restored", "outcome", "found"),
    [
        (BEFORE, OLD, Outcome.FAIL, "changed objects (content, count 5000 → 3)"),
        (AFTER, OLD, Outcome.UNKNOWN, "2 items changed meanwhile and came back as neither reading has them"),
        (AFTER, BEFORE, Outcome.PASS, "2 changed meanwhile and are as before or after"),
        (AFTER, AFTER, Outcome.PASS, "2 changed meanwhile and are as before or after"),
    ],
)
def test_repository_of_another_year_is_no_recovery_whatever_was_pushed_meanwhile(
    tmp_path: Path, after: list[Item], restored: list[Item], outcome: Outcome, found: str
) -> None:
    made = verdict(tmp_path, BEFORE, after, restored)
    assert (made.outcome, made.recovered) == (outcome, outcome is Outcome.PASS)
    assert found in next(check.found for check in made.checks if check.name == "data_parity")
