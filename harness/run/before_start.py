"""What is done to restored files before the portal starts: values of the source changed, indexes emptied for a rebuild.

Requirements: XLR-8, LR-D7, XLR-D4 (every file that names the source's database), XLR-13 to XLR-16.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

from harness.errors import CouldNotAsk, StepFailed
from harness.kinds import registry
from harness.kinds.contracts import (
    NAMED_AS_TEXT,
    ComponentAccess,
    HoldsReferences,
    Purges,
    Shell,
    ToolImage,
    nested_in,
)
from harness.model.drill import Component, Rewire
from harness.model.frozen import JsonValue
from harness.model.inventory import ClassRule, ItemClass, key_text, rule_of
from harness.model.plan import Step
from harness.run.sandbox import Sandbox

# Paths below the root that the glob names, as `./path`; a glob without signs names one file, there or not.
_NAMED = 'cd "$1" && find . -path "./$2" -type f -print0 | LC_ALL=C sort -z'
# Text files that hold any of the values, the folders before `--` left out. What is text by its name is searched
# whatever its size; where there are zero bytes in it, without them as well (UTF-16). grep's 1 says that none does; that
# something cannot be read is an error: nobody changes these files now.
_HOLDING = f"""cd "$1" || exit 9; shift; set -o pipefail; export LC_ALL=C; prune=() values=() named=( {NAMED_AS_TEXT} )
while [ "$1" != -- ]; do prune+=(-path "./$1" -prune -o); shift; done; shift
for value; do values+=(-e "$value"); done; unread=0
files() {{ find . -xdev "${{prune[@]}}" -type f "$@" -print0; }}
search() {{ xargs -0 -r sh -c 'grep "$@"; [ $? -le 1 ]' search "$@"; }}
without_zeros() {{
    while IFS= read -rd '' file; do
        tr -d '\\0' <"$file" | grep -qaF "${{values[@]}}"; codes="${{PIPESTATUS[*]}}"
        case $codes in *' 0') printf '%s\\0' "$file" ;; '0 1') ;; *) unread=8 ;; esac
    done; return "$unread"
}}
files \\( "${{named[@]}}" \\) | search -alFZ "${{values[@]}}" -- || unread=8
files ! \\( "${{named[@]}}" \\) -size -1024k | search -IlFZ "${{values[@]}}" -- || unread=8
files \\( "${{named[@]}}" \\) -size +0 | search -LIZ '' -- | without_zeros || unread=8
exit "$unread" """

_ENCODINGS = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}  # by the mark that a file begins with


def refuse_while_running(box: Sandbox, component: Component) -> None:
    """Nothing is restored below a portal that runs, unless it is the very server that others are restored through.

    Raises: StepFailed (XLR-8).
    """
    portal = box.session.drill.portal.service
    through = {one.service for one in box.session.plan.components if registry.component(one.kind).NEEDS_SERVICE}
    if portal not in through and box.stack.is_running(portal):
        raise StepFailed(f"{component.name} was to be restored before the start, and {portal} runs (XLR-8)")


def purge(box: Sandbox, step: Step) -> None:
    """Empty an index that came back with the tree around it.

    Raises: StepFailed if the portal runs already, which would keep what it has open.
    """
    portal = box.session.drill.portal.service
    if box.stack.is_running(portal):
        raise StepFailed(f"{step.subject} was to be emptied before the start, and {portal} runs")
    component = box.session.plan.component(step.subject)
    kind = registry.component(component.kind)
    assert isinstance(kind, Purges)  # or the step would not have been planned
    emptied = kind.purge(ComponentAccess(component, box.stack))
    box.session.journal.observe("purged", [*emptied], subject=component.name)
    box.session.journal.mark("index_purged", component.name)


def rewire(box: Sandbox, step: Step) -> None:
    """Replace each declared value exactly where it stands, then look for what was left; a value that is not there is an
    error. One tool container for each service: this is time that the portal is not there."""
    session = box.session
    with ExitStack() as held:
        shells: dict[str, Shell] = {}
        files: dict[tuple[str, str], list[Rewire]] = {}  # each is written once
        for one in session.plan.rewire:
            component = session.plan.component(one.component)
            if component.service not in shells:
                tool = box.stack.tool(component.service, image=ToolImage.TOOLS, writable=True)
                shells[component.service] = held.enter_context(tool)
            for path in _files(shells[component.service], component, one, step.deadline_s):
                files.setdefault((component.service, path), []).append(one)
        for (service, path), rewires in files.items():
            counts = _replaced(shells[service], path, rewires, step.deadline_s)
            for one, count in zip(rewires, counts, strict=True):
                facts: JsonValue = {"from": one.old, "to": one.new, "count": count}
                session.journal.observe("rewired", facts, subject=path)
        left = [text for name in _rewired(box) for text in _left_over(box, name, shells, step.deadline_s)]
    session.journal.observe("left_over", [*left])
    if left:
        raise StepFailed(f"values of the source are left: {'; '.join(left[:5])}")
    session.journal.mark("rewired")


def _rewired(box: Sandbox) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.component for one in box.session.plan.rewire))


def _files(shell: Shell, component: Component, one: Rewire, timeout_s: float) -> list[str]:
    """Absolute paths of the files that `file` names. Raises: StepFailed if a glob names none."""
    root = str(component.options["path"])
    if "*" not in one.file:
        return [f"{root}/{one.file}"]
    said = b"".join(shell.stream(["sh", "-c", _NAMED, "named", root, one.file], timeout_s=timeout_s))
    found = [f"{root}/{key_text(name).removeprefix('./')}" for name in said.split(b"\0") if name]
    if not found:
        raise StepFailed(f"{component.name} holds no file {one.file}")
    return found


def _replaced(shell: Shell, path: str, rewires: list[Rewire], timeout_s: float) -> list[int]:
    """How often each value stood in the file, one replaced after the other. Raises: StepFailed if one did not."""
    text, counts = b"".join(shell.stream(["cat", path], timeout_s=timeout_s)), list[int]()
    encoding = _ENCODINGS.get(text[:2], "utf-8")
    for rewire in rewires:
        counts.append(text.count(rewire.old.encode(encoding)))
        if not counts[-1]:
            raise StepFailed(f"{path} does not hold {rewire.old!r}")
        text = text.replace(rewire.old.encode(encoding), rewire.new.encode(encoding))
    # Written through the file, so that owner and mode stay.
    shell.run(["sh", "-c", 'cat >"$1"', "rewire", path], stdin=text, timeout_s=timeout_s).ok()
    return counts


def _left_over(box: Sandbox, name: str, shells: dict[str, Shell], timeout_s: float) -> Iterator[str]:
    """Files of a rewired component that still hold a value which was to be replaced: the next start would use it.

    Content and what is no state (logs, caches) is left out, and what is mounted inside: it is another component.
    Raises: CouldNotAsk if something cannot be read.
    """
    component = box.session.plan.component(name)
    root = str(component.options["path"])
    nested = nested_in(root, ComponentAccess(component, box.stack))
    values = sorted({one.old for one in box.session.plan.rewire})
    referenced = box.kind.REFERENCED.get(name, ()) if isinstance(box.kind, HoldsReferences) else ()
    content = [ClassRule(match=glob, item_class=ItemClass.DISPOSABLE, reason="content") for glob in referenced]
    argv = ["bash", "-c", _HOLDING, "holding", root, *nested, "--", *values]
    said = shells[component.service].run(argv, timeout_s=timeout_s)
    left = 0
    for path in sorted({key_text(name).removeprefix("./") for name in said.stdout.split(b"\0") if name}):
        rule = rule_of(path, (*content, *component.classes))
        if rule is None or rule.item_class is ItemClass.STATE:
            left += 1
            yield f"{name}: {path}"
    if said.exit_code and not left:
        why = said.stderr.decode(errors="replace").strip()[-300:]
        raise CouldNotAsk(f"whether values of the source are left in {name} cannot be told: {why}")
