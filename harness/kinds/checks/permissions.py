"""The restored portal runs as its own user, and that user may do what it could at the source.

Three looks, each at what the others cannot see: modes, owners and extended attributes of every file and directory,
the roots of trees included (by the inventories); whom each service runs as; what that user can read, write into and
execute, asked inside its container. Scripts of the installation are executed directly, for a shell hides a lost mode.
Requirements: GEN-D15, GEN-D16, GEN-D18, LR-21, XLR-5, design fact 7.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from harness import at_once
from harness.errors import CommandFailed, CouldNotAsk
from harness.kinds.checks._permissions_judged import Data, judge_scripts, judge_trees, judge_users, part
from harness.kinds.checks._processes import Users, users_seen
from harness.kinds.checks._tree_access import Before, tree_access
from harness.kinds.contracts import (
    CheckAccess,
    HasScripts,
    Judgement,
    KindOptions,
    Record,
    Script,
    SourceAccess,
    When,
    joined,
)
from harness.model.drill import Component
from harness.model.evidence import AT_SOURCE
from harness.model.frozen import JsonValue
from harness.model.verdict import Outcome

WHEN = When.AS_RESTORED
OUTCOMES = frozenset(Outcome)
PROVES_DATA = False
ALWAYS = False
REQUIREMENTS = ("GEN-D15", "GEN-D16", "GEN-D18", "LR-21", "XLR-5")
FILES = "file_tree"  # the component whose inventory has modes and owners
SCRIPT_S = 60.0
SERVICES = 3  # looked into at once


class Options(KindOptions):
    pass


# ---------------------------------------------------------------- looking, the same at source and sandbox


def look(access: SourceAccess, options: Options) -> JsonValue:
    return _see(access, {})


def observe(access: CheckAccess, options: Options) -> JsonValue:
    source = access.restore_point.evidence.observation("permissions", AT_SOURCE)
    return _see(access, part(source.data if source else None, "trees"))


def _see(access: SourceAccess, before: Data) -> JsonValue:
    """By service whom it runs as, by file tree what that user can do, by script how it ended; a `reason` instead
    where that could not be asked. `before`: the trees as they were seen at the source."""
    names = [service.name for service in access.plan.services if not service.profiles]
    users = dict(zip(names, at_once.each(partial(_users, access), names, SERVICES), strict=True))
    rebuilt = access.drill.rebuilt()
    asked = [c for c in access.plan.components if c.kind == FILES and c.name not in rebuilt]

    def tree(component: Component) -> JsonValue:
        return _tree(access, component, users.get(component.service), before.get(component.name))

    trees = dict(zip((c.name for c in asked), at_once.each(tree, asked), strict=True))
    scripts = access.portal_kind.SCRIPTS if isinstance(access.portal_kind, HasScripts) else ()
    ran: list[JsonValue] = [_run(access, script, users.get(script.service)) for script in scripts]
    services: dict[str, JsonValue] = {
        name: one.data() if isinstance(one, Users) else {"reason": one} for name, one in users.items()
    }
    return {"services": services, "trees": trees, "scripts": ran}


def _users(access: SourceAccess, service: str) -> Users | str:
    """Whom a service runs as, or the reason why there is no answer."""
    try:
        return users_seen(access.stack.shell(service))
    except (CouldNotAsk, CommandFailed) as error:
        return str(error)


def _tree(access: SourceAccess, component: Component, users: Users | str | None, before: JsonValue) -> JsonValue:
    if not isinstance(users, Users):
        return {"reason": f"it is not known whom {component.service} runs as"}
    if users.is_root:
        return {"root": True}
    try:
        return tree_access(access.on(component), users.for_command, Before.of(before))
    except (CouldNotAsk, CommandFailed) as error:
        return {"reason": str(error)}


def _run(access: SourceAccess, script: Script, users: Users | str | None) -> JsonValue:
    """The script itself is what is executed; `exit_code` None: it could not be asked."""
    user = script.user or (users.for_command if isinstance(users, Users) else None)
    name = " ".join(script.argv)
    if user is None:
        return {"name": name, "exit_code": None, "said": f"it is not known whom {script.service} runs as"}
    try:
        said = access.stack.shell(script.service).run(script.argv, user=user, timeout_s=SCRIPT_S)
    except CouldNotAsk as error:
        return {"name": name, "exit_code": None, "said": str(error)}
    text = (said.stderr or said.stdout).decode(errors="replace").strip()[-300:] if said.exit_code else ""
    return {"name": name, "exit_code": said.exit_code, "said": text}


# ---------------------------------------------------------------- judging


def judge(record: Record, options: Options) -> Judgement:
    """FAIL: a mode, owner or extended attribute differs; a service runs as another user; its user can do less; a script
    that ran does not run. UNKNOWN: not compared, not asked, or a script that did not run at the source either."""
    there, here = record.at_source("permissions"), record.seen("permissions")
    before, now = (seen.data if seen else None for seen in (there, here))
    wrong, unknown = list(_attributes(record)), list(_not_compared(record))
    count = len(wrong) + sum(d.attributes.count - len(d.attributes.first) for d in record.differences.values())
    notes = list[str]()
    if not isinstance(before, dict) or not isinstance(now, dict):
        where = "at the source" if not isinstance(before, dict) else "after the restore"
        unknown.append(f"users and what they can do were not looked at {where}")
    else:
        for judged in (judge_users, judge_trees, judge_scripts):
            for outcome, text in judged(before, now):
                (wrong if outcome is Outcome.FAIL else unknown if outcome is Outcome.UNKNOWN else notes).append(text)
    count = max(count, len(wrong))
    outcome = Outcome.FAIL if wrong else Outcome.UNKNOWN if unknown else Outcome.PASS
    return Judgement(
        outcome=outcome,
        expected="modes and owners as on the source, and services that run as the same users and may do the same",
        found=joined(wrong or unknown or notes),
        names=wrong or unknown,
        count=count if wrong else len(unknown),
    )


def _files(record: Record) -> list[str]:
    rebuilt = record.drill.rebuilt()
    return [c.name for c in record.plan.components if c.kind == FILES and c.name not in rebuilt]


def _attributes(record: Record) -> Iterator[str]:
    for name in _files(record):
        difference = record.differences.get(name)
        yield from (f"{name}: {what}" for what in (difference.attributes.first if difference else ()))


def _not_compared(record: Record) -> Iterator[str]:
    yield from (
        f"{name}: modes and owners were not compared" for name in _files(record) if name not in record.differences
    )
