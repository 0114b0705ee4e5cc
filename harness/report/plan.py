"""A plan in words: what is run where, in which order, until when, why, and what is not covered."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from itertools import groupby

from harness.model.drill import Component, Drill
from harness.model.plan import NOT_BACKED_UP, NOT_COMPARED, Action, Plan, Step
from harness.report.rows import duration

WIDTH = 100
_NAME, _STEP = 24, 29  # columns of the name of a component and of a step
_MOMENTS = {
    "": "of every run",
    "at_source": "at the source, before its backup",
    "at_rest": "data restored, portal not started",
    "as_restored": "portal up, before anything can repair itself",
    "after_rebuild": "index rebuilt",
    "settled": "asynchronous work done",
    "tested": "last, for they may change the portal",
    "torn_down": "sandbox removed",
}
_NOT_JUDGED = ("disposable", "rebuildable", NOT_COMPARED)
_EACH = (Action.INVENTORY_BEFORE, Action.INVENTORY_AFTER, Action.INVENTORY_RESTORED)  # told once for all


def explain(drill: Drill, plan: Plan) -> str:
    """The whole plan, at most 100 columns wide."""
    sections = (
        ("", _head(drill, plan)),
        ("WHAT IS BACKED UP, IN THIS ORDER", _components(drill, plan)),
        ("CAPTURE: the backup", _steps(drill, plan, plan.capture)),
        ("RECOVER: from the restore point alone", _steps(drill, plan, plan.recover)),
        ("CHECKS, by the moment at which they look (* proves data)", _checks(plan)),
        ("NOT COVERED", _not_covered(drill, plan)),
        ("SUPPLIED FROM OUTSIDE THE BACKUP: a restore works only where these are at hand", _supplied(plan)),
    )
    lines: list[str] = []
    for title, texts in sections:
        found = list(texts)
        if found:
            lines += ["", title, *found] if title else found
    return "\n".join(part for line in lines for part in _fitted(line.rstrip())) + "\n"


def _head(drill: Drill, plan: Plan) -> Iterator[str]:
    yield f"Drill {drill.name} ({drill.why}), from {drill.file}"
    yield from _item("product", f"{drill.product}; portal {drill.portal.kind} in service {drill.portal.service}")
    if drill.stand_in:
        yield from _item("stand-in", f"{drill.stand_in}: what only the vendor's software does is not shown")
    yield from _item("source", f"{drill.source.stack.file}: started, backed up and destroyed by the run")
    if drill.keep_host_names is None:
        names = [service.on_another_machine().host_name for service in drill.source.stack.in_profile(None)]
        yield from _item("target", f"other host names than the source's: {', '.join(names)}")
    backup = "while the portal runs" if drill.mode == "online" else "while the portal is stopped"
    often = f"every {_span(drill.schedule_s)}, " if drill.schedule_s else ""
    yield from _item("backup", f"{often}{backup}; {drill.keep} restore points are kept")
    yield from _item("limits", "; ".join(_limits(drill)))
    if plan.only_checks:
        yield from _item("partial", f"only {', '.join(plan.only_checks)}: such a run never proves recovery")
    most = sum(step.deadline_s for step in (*plan.capture, *plan.recover))
    yield from _item("deadlines", f"stand on the right; {_span(most)} if every step used up its own")


def _limits(drill: Drill) -> Iterator[str]:
    limits = drill.objectives
    for name, limit, means in (
        ("RTO", limits.rto_s, "until recovered"),
        ("RPO", limits.rpo_s, "of data lost"),
        ("downtime", limits.downtime_s, "without the portal while it is backed up"),
    ):
        yield f"{name} {_span(limit)} {means}" if limit is not None else f"{name} measured, not judged"


def _components(drill: Drill, plan: Plan) -> Iterator[str]:
    order = [step.subject for step in plan.capture if step.action is Action.BACK_UP]
    group_of = {name: group for group in drill.groups for name in group.order}
    for group, names in groupby(order, key=group_of.get):
        if group:
            skew = f", at most {_span(group.max_skew_s)} apart" if group.max_skew_s is not None else ""
            yield f"  group {group.name}: from one instant, references before what they refer to{skew}"
        elif drill.groups:
            yield "  on their own"
        for name in names:
            yield from _component(plan.component(name), plan, drill)


def _component(component: Component, plan: Plan, drill: Drill) -> Iterator[str]:
    place = next((component.options[key] for key in ("path", "database", "indices") if key in component.options), "")
    where = ", ".join(map(str, place)) if isinstance(place, list) else str(place)
    rebuilt = "; not restored but rebuilt" if component.name in drill.rebuilt() else ""
    text = f"{component.kind} {where} in {component.service}, by {component.engine}{rebuilt}"
    yield from _item(component.name, text)
    why = plan.reasons.get(component.name, "declared by the drill file alone")
    yield from _item("", f"why: {why}{_ids(component.requirements)}")


def _steps(drill: Drill, plan: Plan, steps: tuple[Step, ...]) -> Iterator[str]:
    numbered = list(enumerate(steps, 1))
    for action, run in groupby(numbered, key=lambda one: one[1].action):
        found = list(run)
        if action in _EACH and len(found) > 1:
            yield from _together(found)
            continue
        for number, step in found:
            yield from _step(f"{number:3}", step.id, _told(drill, plan, step), step.deadline_s)
            if action is Action.REWIRE:
                yield from _rewired(plan)


def _rewired(plan: Plan) -> Iterator[str]:
    for (component, file), values in groupby(plan.rewire, key=lambda one: (one.component, one.file)):
        yield f"       {component}: {file}"
        yield from (f"         {one.old} becomes {one.new}" for one in values)


def _together(found: list[tuple[int, Step]]) -> Iterator[str]:
    """One line for a step of each component; a deadline of its own stands beside the name."""
    first, last = found[0][1], found[-1][0]
    usual = first.deadline_s
    names = [s.subject + ("" if s.deadline_s == usual else f" ({_span(s.deadline_s)})") for _, s in found]
    why = first.why.replace(first.subject, "each component", 1)
    yield from _step(f"{found[0][0]:3}", str(first.action), f"{why}: {', '.join(names)} (to step {last})", usual)


def _told(drill: Drill, plan: Plan, step: Step) -> str:
    """The step's reason, with what and where."""
    if step.action in (Action.BACK_UP, Action.RESTORE):
        component = plan.component(step.subject)
        return f"{step.why}, by {component.engine}, in {component.service}"
    if step.action is Action.START_PORTAL:
        return f"{step.why}: {', '.join(service.name for service in drill.source.stack.in_profile(None))}"
    return step.why


def _step(number: str, name: str, text: str, deadline_s: float) -> Iterator[str]:
    """Number, name and text, with the deadline at the right end of the first line."""
    until = _span(deadline_s)
    head = f"{number}  {name}"
    column = 5 + _STEP
    lines = textwrap.wrap(text, WIDTH - column - 11, break_on_hyphens=False) or [""]
    if len(head) >= column:
        yield f"{head:<{WIDTH - len(until)}}{until}"
        yield from (" " * column + line for line in lines)
        return
    yield f"{f'{head:<{column}}{lines[0]}':<{WIDTH - len(until)}}{until}"
    yield from (" " * column + line for line in lines[1:])


def _checks(plan: Plan) -> Iterator[str]:
    for moment, words in _MOMENTS.items():
        found = [check for check in plan.checks if check.when == moment]
        if found:
            yield f"  {words}"
        for check in found:
            yield from _item(check.name + (" *" if check.proves_data else ""), check.says + _ids(check.requirements))


def _not_covered(drill: Drill, plan: Plan) -> Iterator[str]:
    for waiver in drill.waivers:
        yield from _item("waived", f"{waiver.what}, until {waiver.until}: {waiver.reason}")
    for system in drill.external:
        by = f"; covered by the drill {system.covered_by}" if system.covered_by else ""
        yield from _item("external", f"{system.host}: {system.reason}{by}")
    if drill.keep_host_names is not None:
        yield from _item("bound to host names", f"the target has the source's: {drill.keep_host_names}")
    for text in plan.uncovered:
        yield from _item("no component", text)
    for text in plan.not_covered:
        yield from _item("not exercised", text)
    for rule in plan.rules:
        if rule.judged == NOT_BACKED_UP:
            yield from _item(NOT_BACKED_UP, f"{rule.component}: {rule.what}: {rule.reason}")
    for component in drill.components:
        rules = [(str(rule.item_class), rule.reason, rule.match) for rule in component.classes]
        rules += [(rule.judged, rule.reason, rule.what) for rule in plan.rules if rule.component == component.name]
        left = [rule for rule in rules if rule[0] in _NOT_JUDGED]
        for (sort, reason), found in groupby(left, key=lambda rule: rule[:2]):
            whats = ", ".join(what for _, _, what in found)
            yield from _item("not judged", f"{component.name}, {sort}: {whats}: {reason}")


def _supplied(plan: Plan) -> Iterator[str]:
    """By service: what the plan lists as `service: image …` and `service: environment …`."""
    pairs = [text.partition(": ")[::2] for text in plan.supplied_from_outside]
    for service, texts in groupby(pairs, key=lambda pair: pair[0]):
        yield from _item(service, "; ".join(text for _, text in texts))


def _fitted(line: str) -> list[str]:
    """A line that is too long goes on below itself, further in."""
    if len(line) <= WIDTH:
        return [line]
    indent = " " * (len(line) - len(line.lstrip()))
    return textwrap.wrap(line.strip(), WIDTH, initial_indent=indent, subsequent_indent=f"{indent}    ")


def _item(name: str, text: str) -> list[str]:
    """A name and its text, wrapped in a column of its own."""
    column = 4 + _NAME
    lines = textwrap.wrap(text, WIDTH - column, break_on_hyphens=False) or [""]
    below = [" " * column + line for line in lines]
    return [f"    {name:<{_NAME}}{lines[0]}", *below[1:]] if len(name) < _NAME else [f"    {name}", *below]


def _ids(requirements: Iterable[str]) -> str:
    found = ", ".join(requirements)
    return f" ({found})" if found else ""


def _span(seconds: float) -> str:
    """As the drill file would say it: `24 h`, `15 min`, `500 ms`."""
    return f"{seconds * 1000:g} ms" if 0 < seconds < 1 else duration(seconds)
