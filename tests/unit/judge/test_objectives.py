"""Objectives on hand-written evidence, with literal expected results. Units: seconds."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from written_run import DRILL, POINT, START

from harness.judge.objectives import downtime, recovery_point, recovery_time, skew
from harness.model.drill import CheckUse, Drill, Group, Objectives
from harness.model.evidence import Evidence, Instant, Line, Mark, Observation
from harness.model.plan import Action, Plan, Step
from harness.model.restore_point import RestorePoint
from harness.model.verdict import Outcome

PASS, FAIL, UNKNOWN = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN
DAY = 86_400.0


def at(second: float, boot: str = "one") -> Instant:
    return Instant(monotonic_s=second, utc=START + timedelta(seconds=second), boot_id=boot)


def mark(name: str, second: float, subject: str = "", boot: str = "one", **facts: Any) -> Mark:
    return Mark(name=name, subject=subject, at=at(second, boot), facts=facts)


def evidence(*lines: Line) -> Evidence:
    return Evidence(lines=lines, complete=True, sha256="0" * 64)


def drill(
    *, rto: float | None = None, rpo: float | None = None, downtime_s: float | None = None,
    schedule: float | None = None, groups: tuple[Group, ...] = (), rto_marks: tuple[str, ...] = (),
) -> Drill:  # fmt: skip
    return DRILL.model_copy(
        update={
            "schedule_s": schedule,
            "objectives": Objectives(rto_s=rto, rpo_s=rpo, downtime_s=downtime_s, rto_marks=rto_marks),
            "components": tuple(
                DRILL.components[0].model_copy(update={"name": name}) for name in ("database", "files")
            ),
            "groups": groups,
            "checks": (CheckUse(name="data_parity"),),
        }
    )


def plan(*restored: str, rebuilt: str = "") -> Plan:
    steps = [Step(id=f"restore:{name}", action=Action.RESTORE, subject=name, deadline_s=60) for name in restored]
    if rebuilt:
        steps.append(Step(id=f"rebuild:{rebuilt}", action=Action.REBUILD, subject=rebuilt, deadline_s=60))
    return Plan(drill="shop", components=(), services=(), capture=(), recover=tuple(steps))


def point(*artefacts: tuple[str, float], sealed: float | None = None) -> RestorePoint:
    """`artefacts`: component and second of its capture point."""
    marks: tuple[Line, ...] = () if sealed is None else (mark("restore_point_sealed", sealed),)
    (artefact,) = POINT.artefacts
    return POINT.model_copy(
        update={
            "artefacts": tuple(
                artefact.model_copy(
                    update={
                        "component": name,
                        "started": mark("capture_started", second, name),
                        "finished": mark("capture_finished", second + 1, name),
                        "capture_point": mark("capture_started", second, name),
                    }
                )
                for name, second in artefacts
            ),
            "versions": {},
            "evidence": evidence(*marks),
        }
    )


# ---------------------------------------------------------------- recovery time

RECOVERED = (
    mark("service_ready", 1.0, "db"),  # of the source, before the disaster: no stage
    mark("disaster", 10.0),
    mark("target_created", 12.0),
    mark("component_restored", 15.5, "database"),
    mark("product_started", 16.0),
    mark("product_healthy", 18.0),
    mark("first_correct_search", 18.25),
)


def test_rto_stages_add_up() -> None:
    result = recovery_time(drill(rto=10), plan("database"), evidence(*RECOVERED))
    assert [(stage.name, stage.seconds) for stage in result.stages] == [
        ("target_created", 2.0),
        ("component_restored database", 3.5),
        ("product_started", 0.5),
        ("product_healthy", 2.0),
        ("first_correct_search", 0.25),
    ]
    assert (result.outcome, result.measured_s, result.limit_s) == (PASS, 8.25, 10)


def test_rto_over_its_limit_fails() -> None:
    assert recovery_time(drill(rto=8), plan("database"), evidence(*RECOVERED)).outcome is FAIL


def test_rto_without_a_limit_is_measured_and_not_judged() -> None:
    result = recovery_time(drill(), plan("database"), evidence(*RECOVERED))
    assert (result.outcome, result.measured_s, result.limit_s) == (PASS, 8.25, None)


def test_time_of_observing_is_left_out_of_rto() -> None:
    lines = (
        *RECOVERED[:4],
        mark("observing_started", 15.6, "inventory_restored:database"),
        mark("observing_ended", 15.8, "inventory_restored:database"),
        *RECOVERED[4:6],
        mark("observing_started", 18.0, "first_search"),
        mark("observing_ended", 18.2, "first_search"),
        RECOVERED[6],
    )
    result = recovery_time(drill(), plan("database"), evidence(*lines))
    assert {s.name: s.seconds for s in result.stages}["product_started"] == 0.3
    assert {s.name: s.seconds for s in result.stages}["first_correct_search"] == 0.05
    assert result.measured_s == 7.85


def test_observing_that_overlaps_a_mark_is_taken_from_both_stages_once() -> None:
    lines = (
        mark("disaster", 0.0),
        mark("observing_started", 1.0, "a"),
        mark("observing_started", 1.5, "b"),
        mark("component_restored", 2.0, "database"),
        mark("observing_ended", 2.5, "b"),
        mark("observing_ended", 3.0, "a"),
        mark("product_healthy", 4.0),
        mark("first_correct_search", 5.0),
    )
    result = recovery_time(drill(), plan("database"), evidence(*lines))
    assert [stage.seconds for stage in result.stages] == [1.0, 1.0, 1.0]
    assert result.measured_s == 3.0


def test_rto_ends_with_the_last_mark_whichever_that_is() -> None:
    lines = (*RECOVERED, mark("component_restored", 30.0, "files"))
    result = recovery_time(drill(), plan("database", "files"), evidence(*lines))
    assert result.measured_s == 20.0
    assert result.stages[-1].name == "component_restored files"


def test_rto_of_a_rebuilt_index_ends_when_it_is_consistent() -> None:
    lines = (*RECOVERED, mark("index_rebuilt", 24.0, "search"), mark("index_consistent", 25.0, "search"))
    result = recovery_time(drill(), plan("database", rebuilt="search"), evidence(*lines))
    assert result.measured_s == 15.0
    assert recovery_time(drill(), plan("database", rebuilt="search"), evidence(*lines[:-1])).outcome is UNKNOWN


@pytest.mark.parametrize("lacking", ["disaster", "component_restored", "product_healthy", "first_correct_search"])
def test_missing_mark_makes_rto_unknown(lacking: str) -> None:
    lines = [line for line in RECOVERED if line.name != lacking]
    result = recovery_time(drill(rto=900), plan("database"), evidence(*lines))
    assert (result.outcome, result.measured_s) == (UNKNOWN, None)
    assert lacking in result.reason


def test_restore_of_another_component_does_not_stand_in_for_a_missing_one() -> None:
    result = recovery_time(drill(), plan("database", "files"), evidence(*RECOVERED))
    assert (result.outcome, result.reason) == (UNKNOWN, "no mark component_restored files")


def test_marks_of_two_boots_make_rto_unknown() -> None:
    lines = (*RECOVERED[:-1], mark("first_correct_search", 18.25, boot="two"))
    assert recovery_time(drill(), plan("database"), evidence(*lines)).outcome is UNKNOWN


def test_reboot_in_the_middle_makes_rto_unknown() -> None:
    after = [mark(line.name, line.at.monotonic_s - 9, line.subject, boot="two") for line in RECOVERED[3:]]
    assert recovery_time(drill(), plan("database"), evidence(*RECOVERED[:3], *after)).outcome is UNKNOWN


def test_marks_that_the_drill_names_end_rto() -> None:
    result = recovery_time(drill(rto_marks=("product_healthy",)), plan("database"), evidence(*RECOVERED[:-1]))
    assert (result.outcome, result.measured_s) == (PASS, 8.0)


# ---------------------------------------------------------------- recovery point

CAPTURED = 20.0
DISASTER = 40.0


def written(*writes: tuple[int, float], tier: str = "database") -> list[Line]:
    """Canaries, each a number and the second of its acknowledgement."""
    return [mark("canary_written", second, tier, number=number) for number, second in writes]


def survived(*numbers: int, of: tuple[int, ...], tier: str = "database") -> list[dict[str, Any]]:
    return [{"number": number, "tier": tier, "kept": number in numbers} for number in of]


def seen(entries: list[dict[str, Any]]) -> Observation:
    return Observation(name="canaries", data=list(entries), at=at(60))


USUAL = written((1, 10.0), (2, 15.0), (3, 25.0), (4, 35.0))
NUMBERS = (1, 2, 3, 4)


def rpo(
    lines: list[Line], limits: Drill | None = None, tiers: tuple[str, ...] = ("database",), here: bool = True,
    of: RestorePoint | None = None,
) -> Any:  # fmt: skip
    return recovery_point(limits or drill(), of or point((tiers[0], CAPTURED)), evidence(*lines), tiers, here)


def test_no_canary_lost_is_zero_seconds() -> None:
    lines = [*USUAL, mark("disaster", DISASTER), seen(survived(*NUMBERS, of=NUMBERS))]
    result = rpo(lines, drill(rpo=60))
    assert (result.outcome, result.measured_s, result.per_tier[0].kept) == (PASS, 0.0, 4)


def test_lost_tail_is_measured_from_the_last_canary_before_it() -> None:
    lines = [*USUAL, mark("disaster", DISASTER), seen(survived(1, 2, of=NUMBERS))]
    result = rpo(lines, drill(rpo=60))
    assert (result.outcome, result.measured_s) == (PASS, 25.0)
    tier = result.per_tier[0]
    assert (tier.lost, tier.kept, tier.at_least) == ((3, 4), 2, False)


def test_lost_tail_over_the_limit_fails() -> None:
    lines = [*USUAL, mark("disaster", DISASTER), seen(survived(1, 2, of=NUMBERS))]
    assert rpo(lines, drill(rpo=24)).outcome is FAIL


def test_gap_among_surviving_canaries_fails_without_any_limit() -> None:
    lines = [*USUAL, mark("disaster", DISASTER), seen(survived(1, 3, of=NUMBERS))]
    result = rpo(lines)
    assert (result.outcome, result.measured_s) == (FAIL, 30.0)
    assert result.per_tier[0].reason == "canary 2 is lost, though later ones survived"


BUSY = ((1, 4.0), (2, 7.0), (3, 12.0), (4, 14.0), (5, 16.0), (6, 22.0), (7, 24.0))


def rpo_of_a_long_capture(*kept: int, writes: tuple[tuple[int, float], ...] = BUSY, limit: float = 60) -> Any:
    """A tree that is read from second 10 to second 20."""
    (artefact,) = point(("database", 10.0)).artefacts
    artefact = artefact.model_copy(update={"finished": mark("capture_finished", 20.0, "database")})
    of = point().model_copy(update={"artefacts": (artefact,)})
    numbers = tuple(number for number, _ in writes)
    return rpo([*written(*writes), mark("disaster", 30.0), seen(survived(*kept, of=numbers))], drill(rpo=limit), of=of)


def test_write_that_a_long_capture_missed_is_lost_and_no_gap() -> None:
    """Write 3 lies in a folder that had been read already, write 4 in one that had not."""
    result = rpo_of_a_long_capture(1, 2, 4)
    assert (result.outcome, result.measured_s) == (PASS, 23.0)
    assert (result.per_tier[0].lost, result.per_tier[0].at_least) == ((3, 5, 6, 7), False)
    assert result.per_tier[0].reason == "canary 3 is lost, though later ones survived: all of it while the capture ran"
    assert rpo_of_a_long_capture(1, 2, 4, limit=22).outcome is FAIL


@pytest.mark.parametrize(
    ("kept", "lost"),
    [
        ((1, 3, 4), 2),  # acknowledged before the capture began
        ((1, 2, 4, 7), 3),  # 7 was begun when it had ended
        ((1, 2, 3, 4, 5, 7), 6),
    ],
)
def test_gap_that_no_capture_can_leave_fails(kept: tuple[int, ...], lost: int) -> None:
    result = rpo_of_a_long_capture(*kept)
    assert (result.outcome, result.per_tier[0].reason) == (FAIL, f"canary {lost} is lost, though later ones survived")


def test_write_that_may_have_begun_while_the_capture_ran_makes_no_gap() -> None:
    """Write 6 was acknowledged after the end, and may have been stored before it."""
    assert rpo_of_a_long_capture(1, 2, 6).outcome is PASS


def test_all_canaries_lost_fails_with_a_lower_bound() -> None:
    lines = [*USUAL, mark("disaster", DISASTER), seen(survived(of=NUMBERS))]
    result = rpo(lines)
    assert (result.outcome, result.measured_s, result.per_tier[0].at_least) == (FAIL, 30.0, True)


def test_first_canary_lost_and_later_ones_kept_is_a_gap_with_a_lower_bound() -> None:
    lines = [*USUAL, mark("disaster", DISASTER), seen(survived(2, 3, 4, of=NUMBERS))]
    result = rpo(lines)
    assert (result.outcome, result.measured_s, result.per_tier[0].at_least) == (FAIL, 30.0, True)


@pytest.mark.parametrize(
    ("writes", "reason"),
    [
        (written((3, 25.0), (4, 35.0)), "no canary was acknowledged before its capture point"),
        (written((1, 10.0), (2, 15.0)), "no canary was acknowledged after its capture point"),
        ([], "no canary was acknowledged before its capture point"),
    ],
)
def test_rpo_needs_a_canary_on_each_side_of_the_capture_point(writes: list[Line], reason: str) -> None:
    numbers = tuple(int(str(line.facts["number"])) for line in writes if isinstance(line, Mark))
    result = rpo([*writes, mark("disaster", DISASTER), seen(survived(*numbers, of=numbers))], drill(rpo=60))
    assert (result.outcome, result.measured_s) == (UNKNOWN, None)
    assert result.per_tier[0].reason == reason


def test_rpo_without_disaster_is_unknown() -> None:
    assert rpo([*USUAL, seen(survived(*NUMBERS, of=NUMBERS))]).outcome is UNKNOWN


def test_rpo_is_unknown_if_nobody_looked_which_canaries_survived() -> None:
    assert rpo([*USUAL, mark("disaster", DISASTER)]).outcome is UNKNOWN


def test_rpo_is_unknown_if_one_canary_was_not_looked_for() -> None:
    lines = [*USUAL, mark("disaster", DISASTER), seen(survived(1, 2, 3, of=(1, 2, 3)))]
    assert rpo(lines).outcome is UNKNOWN


def test_indeterminate_canary_is_neither_kept_nor_lost() -> None:
    doubtful = mark("canary_indeterminate", 39.0, number=5, token="x5")
    lines = [*USUAL, doubtful, mark("disaster", DISASTER), seen(survived(*NUMBERS, of=NUMBERS))]
    result = rpo(lines)
    assert (result.outcome, result.measured_s) == (PASS, 0.0)
    assert (result.per_tier[0].indeterminate, result.per_tier[0].lost, result.per_tier[0].kept) == ((5,), (), 4)


@pytest.mark.parametrize(("number", "lost"), [(4, ()), (3, (3, 4))])
def test_what_a_tier_acknowledged_is_in_one_list_though_another_tier_gave_no_answer(
    number: int, lost: tuple[int, ...]
) -> None:
    alive = tuple(n for n in NUMBERS if n not in lost)
    doubtful = [mark("canary_indeterminate", 38.0, number=n, token=f"x{n}") for n in (number, 5)]
    lines = [*USUAL, *doubtful, mark("disaster", DISASTER), seen(survived(*alive, of=NUMBERS))]
    (tier,) = rpo(lines).per_tier
    assert (tier.kept, tier.lost, tier.indeterminate) == (len(alive), lost, (5,))


def test_rpo_across_two_boots_is_unknown() -> None:
    lines = [*USUAL, mark("disaster", DISASTER, boot="two"), seen(survived(1, 2, of=NUMBERS))]
    assert rpo(lines).outcome is UNKNOWN


def test_worst_tier_decides() -> None:
    files = written((1, 10.5), (2, 15.5), (3, 25.5), (4, 35.5), tier="files")
    entries = survived(*NUMBERS, of=NUMBERS) + survived(1, of=NUMBERS, tier="files")
    result = rpo(
        [*USUAL, *files, mark("disaster", DISASTER), seen(entries)],
        drill(rpo=29),
        ("database", "files"),
        of=point(("database", CAPTURED), ("files", CAPTURED)),
    )
    assert [(tier.tier, tier.outcome, tier.measured_s) for tier in result.per_tier] == [
        ("database", PASS, 0.0),
        ("files", FAIL, 29.5),
    ]
    assert (result.outcome, result.measured_s) == (FAIL, 29.5)


def test_tier_that_cannot_be_judged_makes_the_measurement_unknown() -> None:
    entries = survived(*NUMBERS, of=NUMBERS)
    result = rpo([*USUAL, mark("disaster", DISASTER), seen(entries)], None, ("database", "files"))
    assert (result.outcome, result.measured_s) == (UNKNOWN, None)


def test_no_tier_at_all_is_never_a_pass() -> None:
    result = recovery_point(drill(), point(("database", CAPTURED)), evidence(mark("disaster", DISASTER)), (), True)
    assert (result.outcome, result.measured_s) == (UNKNOWN, None)


def test_recovery_without_its_capture_does_not_measure_rpo_and_knows_the_worst_case() -> None:
    result = rpo([], drill(schedule=DAY), here=False, of=point(("database", CAPTURED), sealed=50.0))
    assert (result.outcome, result.measured_s, result.worst_case_s) == (UNKNOWN, None, DAY + 30.0)


def test_worst_case_is_schedule_and_time_to_seal_and_skew() -> None:
    group = Group(name="state", order=("database", "files"))
    of = point(("database", 20.0), ("files", 26.0), sealed=50.0)
    files = written((1, 10.5), (2, 15.5), (3, 27.5), tier="files")
    entries = survived(*NUMBERS, of=NUMBERS) + survived(1, 2, 3, of=(1, 2, 3), tier="files")
    lines = [*USUAL, *files, mark("disaster", DISASTER), seen(entries)]
    of_day = drill(schedule=DAY, rpo=DAY + 36, groups=(group,))
    assert rpo(lines, of_day, ("database", "files"), of=of).worst_case_s == DAY + 36
    assert rpo(lines, of_day, ("database", "files"), of=of).outcome is PASS


def test_worst_case_over_the_limit_fails_however_good_the_drill_looks() -> None:
    lines = [*USUAL, mark("disaster", DISASTER), seen(survived(*NUMBERS, of=NUMBERS))]
    result = rpo(lines, drill(schedule=DAY, rpo=3600), of=point(("database", CAPTURED), sealed=50.0))
    assert (result.outcome, result.measured_s, result.worst_case_s) == (FAIL, 0.0, DAY + 30)
    assert "over the limit" in result.reason


def test_worst_case_that_cannot_be_told_is_unknown_where_there_is_a_limit() -> None:
    lines = [*USUAL, mark("disaster", DISASTER), seen(survived(*NUMBERS, of=NUMBERS))]
    assert rpo(lines, drill(schedule=DAY, rpo=2 * DAY)).outcome is UNKNOWN


def test_without_a_restore_point_rpo_is_unknown() -> None:
    assert recovery_point(drill(), None, evidence(*USUAL), ("database",), True).outcome is UNKNOWN


# ---------------------------------------------------------------- skew

STATE = Group(name="state", order=("database", "files"), max_skew_s=5)


def test_skew_is_the_spread_of_capture_points() -> None:
    result = skew(drill(groups=(STATE,)), point(("database", 20), ("files", 24.5)), evidence(), False)
    assert (result.outcome, result.measured_s, result.limit_s) == (PASS, 4.5, 5)
    assert skew(drill(groups=(STATE,)), point(("database", 20), ("files", 25.5)), evidence(), False).outcome is FAIL


def test_newest_surviving_canaries_of_the_tiers_tell_skew_too() -> None:
    files = written((1, 10.0), (2, 15.0), (3, 26.0), tier="files")
    entries = survived(1, 2, of=NUMBERS) + survived(1, 2, 3, of=(1, 2, 3), tier="files")
    lines = [*written((1, 10.0), (2, 15.0), (3, 16.0), (4, 35.0)), *files, seen(entries)]
    result = skew(drill(groups=(STATE,)), point(("database", 20), ("files", 21)), evidence(*lines), True)
    assert (result.outcome, result.measured_s) == (FAIL, 10.0)
    assert result.reason == "state: 1 s by capture points, 10 to 11 s by data"
    assert result.stages == ()  # they do not add up


def test_canaries_that_come_rarely_prove_no_skew() -> None:
    """A write a minute: one of them came between the two captures, which lay a second apart."""
    database, files = written((1, 10.0), (2, 70.0)), written((1, 10.1), (2, 70.1), tier="files")
    entries = survived(1, of=(1, 2)) + survived(1, 2, of=(1, 2), tier="files")
    artefacts = point(("database", 69.5), ("files", 70.5))
    result = skew(drill(groups=(STATE,)), artefacts, evidence(*database, *files, seen(entries)), True)
    assert (result.outcome, result.measured_s) == (PASS, 1.0)
    assert result.reason == "state: 1 s by capture points, 0.1 to 60.1 s by data"


def test_member_without_a_capture_point_makes_skew_unknown() -> None:
    result = skew(drill(groups=(STATE,)), point(("database", 20)), evidence(), False)
    assert (result.outcome, result.measured_s) == (UNKNOWN, None)


def test_drill_without_a_group_has_no_skew_to_judge() -> None:
    assert skew(drill(), point(("database", 20)), evidence(), True).outcome is PASS


# ---------------------------------------------------------------- downtime

PROBED = (mark("probing_started", 5.0), mark("probing_ended", 50.0, resolution_s=0.3))


def test_no_failed_probe_is_no_downtime_above_the_resolution() -> None:
    result = downtime(drill(downtime_s=0), evidence(*PROBED), True)
    assert (result.outcome, result.measured_s, result.resolution_s) == (PASS, 0.0, 0.3)
    assert "resolution" in result.reason


def test_outages_are_added_up() -> None:
    outages = (
        mark("probe_failed", 10.0), mark("probe_good", 12.0), mark("probe_failed", 20.0), mark("probe_good", 20.5)
    )  # fmt: skip
    result = downtime(drill(downtime_s=2), evidence(PROBED[0], *outages, PROBED[1]), True)
    assert (result.outcome, result.measured_s) == (FAIL, 2.5)


def probed(
    failed: float, good: float, limit: float | None = 0, waited: float = 0, times: int = 1, **facts: float
) -> Any:
    """One outage of so many probes, among the answers that `facts` of the prober's end tell of."""
    lines = (
        PROBED[0],
        mark("probe_failed", failed, found="reset", waited_s=waited),
        mark("probe_good", good, failed=times),
        mark("probing_ended", 50.0, probes=99, **facts),
    )
    return downtime(drill(downtime_s=limit), evidence(*lines), True)


def test_lost_probe_that_cost_no_more_than_a_slow_answer_is_below_the_resolution() -> None:
    result = probed(10.0, 10.26, resolution_s=0.9, steady_s=0.9)
    assert (result.outcome, result.measured_s) == (PASS, 0.26)
    assert result.reason == "0.26 s in single probes, each no longer than between two good answers, 0.9 s"
    assert probed(10.0, 11.0, resolution_s=1.0, steady_s=0.9).outcome is FAIL


def test_two_failed_probes_in_a_row_are_an_outage_however_slow_a_good_one_was() -> None:
    """One answer took six seconds under the backup's load; a restart of five seconds is no answer."""
    assert probed(15.0, 20.0, times=20, resolution_s=6.25, steady_s=6.25).outcome is FAIL
    assert probed(15.0, 15.52, times=2, resolution_s=6.25, steady_s=6.25).outcome is FAIL
    assert probed(15.0, 20.0, times=1, resolution_s=6.25, steady_s=6.25).outcome is PASS


def test_single_lost_probes_excuse_no_outage_beside_them() -> None:
    def found(limit: float) -> Outcome:
        lines = (
            PROBED[0],
            mark("probe_failed", 10.0), mark("probe_good", 10.26, failed=1),
            mark("probe_failed", 20.0), mark("probe_good", 22.0, failed=7),
            mark("probe_failed", 30.0), mark("probe_good", 30.26, failed=1),
            mark("probing_ended", 50.0, probes=99, resolution_s=0.9, steady_s=0.9),
        )  # fmt: skip
        return downtime(drill(downtime_s=limit), evidence(*lines), True).outcome

    assert [found(0), found(1.9), found(2)] == [FAIL, FAIL, PASS]


def test_time_that_failed_probes_waited_never_excuses_them() -> None:
    """A portal that was frozen for nine seconds: a probe waits for five of them, and the resolution with it."""
    assert probed(15.0, 19.0, waited=5.0, resolution_s=5.3, steady_s=0.3).outcome is FAIL
    assert probed(15.0, 15.26, waited=5.0, resolution_s=5.3, steady_s=0.3).outcome is FAIL


@pytest.mark.parametrize(
    ("limit", "resolution", "outcome"),
    [
        (0, 3600.0, UNKNOWN),
        (0, 10.1, UNKNOWN),
        (0, 10.0, PASS),
        (30, 29.0, PASS),
        (30, 31.0, UNKNOWN),
        (None, 31.0, PASS),
    ],
)
def test_prober_that_was_long_without_an_answer_has_seen_no_downtime_of_zero(
    limit: float | None, resolution: float, outcome: Outcome
) -> None:
    """What stops portal and prober alike leaves no failed probe."""
    lines = (PROBED[0], mark("probing_ended", 4000.0, resolution_s=resolution, steady_s=resolution, probes=9))
    assert downtime(drill(downtime_s=limit), evidence(*lines), True).outcome is outcome


def test_outage_longer_than_limit_and_resolution_fails_however_long_nobody_was_answered() -> None:
    assert probed(6.0, 30.0, resolution_s=12.0, steady_s=12.0).outcome is FAIL
    assert probed(6.0, 17.0, resolution_s=12.0, steady_s=0.3).outcome is UNKNOWN


def test_outage_that_lasts_until_the_prober_ends_counts_until_then() -> None:
    lines = (PROBED[0], mark("probe_failed", 49.0), PROBED[1])
    assert downtime(drill(), evidence(*lines), True).measured_s == 1.0


@pytest.mark.parametrize("lines", [(), PROBED[:1], PROBED[1:], (PROBED[0], mark("probing_ended", 50, boot="two"))])
def test_prober_that_did_not_run_to_its_end_makes_downtime_unknown(lines: tuple[Mark, ...]) -> None:
    assert downtime(drill(downtime_s=9), evidence(*lines), True).outcome is UNKNOWN


def test_prober_that_never_probed_makes_downtime_unknown() -> None:
    lines = (PROBED[0], mark("probing_ended", 50.0, resolution_s=0.0, probes=0))
    assert downtime(drill(downtime_s=9), evidence(*lines), True).outcome is UNKNOWN


def test_downtime_belongs_to_the_run_that_captured() -> None:
    assert downtime(drill(), evidence(*PROBED), False).outcome is UNKNOWN


def test_prober_that_broke_makes_downtime_unknown_however_good_the_answers_were() -> None:
    broken = mark("probe_broken", 30.0, found="KeyError: 'id'")
    for limit in (None, 9):
        result = downtime(drill(downtime_s=limit), evidence(PROBED[0], broken, PROBED[1]), True)
        assert (result.outcome, result.measured_s, result.reason) == (
            UNKNOWN,
            None,
            "the prober broke: KeyError: 'id'",
        )


def test_outage_across_two_boots_makes_downtime_unknown() -> None:
    lines = (
        mark("probing_started", 1),
        mark("probe_failed", 4),
        mark("probe_good", 2, boot="two"),
        mark("probing_ended", 9, probes=9, resolution_s=0.3),
    )
    assert downtime(drill(), evidence(*lines), True).outcome is UNKNOWN
