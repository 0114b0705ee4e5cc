"""A drill file becomes a `Drill`: read, checked against its schema, resolved against product and portal.

All mistakes of the author are reported at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from harness.errors import DrillFileWrong
from harness.model.drill import Drill, External, Objectives, Source, Stack
from harness.prepare import places, resolve, rules
from harness.prepare.compose_file import read_stack
from harness.prepare.mistakes import Mistakes, nearest, shown
from harness.prepare.own_tests import find_tests
from harness.prepare.resolve import UNREADABLE, Desk
from harness.prepare.resolve_components import resolve_components
from harness.prepare.schema import DrillText
from harness.prepare.yaml_source import Document, parse_yaml, read_yaml

# What stands in for wrong parts of list entries, so that all other parts can still be checked.
_STANDS_IN: dict[str, dict[str, Any]] = {
    "waivers": {"reason": "-", "until": "9999-12-31"},
    "rewire": {"component": UNREADABLE, "file": "-", "from": "-", "to": "-"},
    "external": {"host": "-", "reason": "-"},
}
_ENTRIES: dict[str, Any] = {
    "waivers": {"undeclared": UNREADABLE, **_STANDS_IN["waivers"]},
    "rewire": _STANDS_IN["rewire"],
    "external": _STANDS_IN["external"],
    "checks": UNREADABLE,
}
_ROOT_SIGNS = (".git", "pyproject.toml")


def read_drill(path: Path, content: bytes | None = None, *, today: date | None = None) -> Drill:
    """The drill, resolved. `content`: what the file at `path` would have, if it does not lie there. `today` decides
    whether waivers have ended; usually the present day in UTC.

    Raises: DrillFileWrong with all mistakes, those of the stack's Compose file among them.
    """
    document = read_yaml(path, _shown(path)) if content is None else parse_yaml(content, str(path))
    mistakes = Mistakes(document)
    rules.check_secrets(mistakes, document.data)
    text, tainted = _read_text(document, mistakes)
    desk = Desk(text, mistakes, tainted, today or datetime.now(UTC).date())
    desk.tests = find_tests(path, mistakes)
    desk.stack = _read_source(desk, path)
    desk.product = _kind(desk, "products", text.product, ("product",))
    desk.portal = _kind(desk, "portals", text.portal.kind, ("portal", "kind"))
    drill = _resolve(desk)
    if drill is None or mistakes.found:
        raise DrillFileWrong(tuple(mistakes.found))
    return drill


def seen_from_here(path: Path) -> str:
    """The path as people find it: from where they are if it lies below, else from the root."""
    whole = path.absolute()
    try:
        return whole.relative_to(Path.cwd()).as_posix()
    except (OSError, ValueError):
        return whole.as_posix()


def _shown(path: Path) -> str:
    """A drill file: its name is enough where it lies elsewhere."""
    seen = seen_from_here(path)
    return path.name if seen.startswith("/") else seen


def _kind(desk: Desk, family: str, word: str, at: tuple[str, ...]) -> Any:
    return None if word == UNREADABLE else desk.known(family, word, at)


def _read_text(document: Document, mistakes: Mistakes) -> tuple[DrillText, frozenset[str]]:
    """The file by its schema. Where it is wrong, the wrong parts are reported, taken out and named, so that
    the rest can still be checked."""
    data: Any = document.data
    if not isinstance(data, dict):
        found = "an empty file" if data is None else shown(data)
        mistakes.at_value((), found, "a drill: keys and values, the key drill among them")
        raise DrillFileWrong(tuple(mistakes.found))
    tainted: set[str] = set()
    for _ in range(3):
        try:
            return DrillText.model_validate(data), frozenset(tainted)
        except ValidationError as error:
            if not tainted:
                mistakes.of_model(error.errors(include_url=False), (), DrillText)
            data = deepcopy(data)
            for one in error.errors():
                tainted.add(str(one["loc"][0]))
                _take_out(data, one["loc"])
            data = _with_required(data)
    return DrillText.model_validate(_with_required({})), frozenset(DrillText.model_fields)


def _take_out(data: dict[str, Any], where: tuple[int | str, ...]) -> None:
    """Remove the wrong value, or replace it by what stands in for it: list entries keep their places."""
    keys = [part for part in where if part != "[key]"]
    top = str(keys[0])
    entry = next((n for n, part in enumerate(keys) if isinstance(part, int)), None)
    if top == "checks":
        keys = keys[:2]
    if entry is not None and (top not in _ENTRIES or entry != 1):
        keys, entry = keys[:entry], None
    below: Any = data
    for key in keys[:-1]:
        if isinstance(below, dict) and isinstance(key, str) and key not in below:
            return
        below = below[key]
    last = keys[-1]
    if entry is None or (isinstance(below, dict) and last not in _STANDS_IN.get(top, {})):
        below.pop(last, None)
    else:
        below[last] = _ENTRIES[top] if isinstance(last, int) else _STANDS_IN[top][str(last)]


def _with_required(data: dict[str, Any]) -> dict[str, Any]:
    source = data.get("source")
    portal = data.get("portal")
    found = {"drill": "unreadable", "product": UNREADABLE, **data}
    found["source"] = source if isinstance(source, dict) and "stack" in source else {"stack": UNREADABLE}
    found["portal"] = {"kind": UNREADABLE, **portal} if isinstance(portal, dict) else portal or UNREADABLE
    return found


def _read_source(desk: Desk, path: Path) -> Stack | None:
    """The stack's Compose file, sought from the drill file's folder upwards to the root of the project."""
    wanted = desk.text.source.stack
    if wanted == UNREADABLE:
        return None
    found = _sought(path, wanted)
    if found is None:
        expected = "a Compose file, in this folder or one above it"
        desk.mistakes.at_value(("source", "stack"), shown(wanted), expected, _instead(path, wanted))
        return None
    try:
        return read_stack(found, seen_from_here(found))
    except DrillFileWrong as wrong:
        desk.mistakes.of_another(wrong.mistakes)
        return None


def _folders(path: Path) -> Iterator[Path]:
    """The drill file's folder and those above it, up to the root of the project."""
    for folder in path.resolve().parents:
        yield folder
        if any((folder / sign).exists() for sign in _ROOT_SIGNS):
            return


def _sought(path: Path, wanted: str) -> Path | None:
    try:
        return next((found for folder in _folders(path) if (found := folder / wanted).is_file()), None)
    except (OSError, ValueError):
        return None


def _instead(path: Path, wanted: str) -> str:
    """What is there instead of the Compose file, as a hint."""
    try:
        for folder in _folders(path):
            if (folder / wanted).is_dir():
                there = sorted(file.name for file in (folder / wanted).glob("*.y*ml"))
                return f"it is a folder{'; in it are ' + ', '.join(there[:5]) if there else ''}"
            beside = sorted((folder / wanted).parent.glob("*.y*ml"))
            if beside and (folder / wanted).parent != folder:
                near = nearest((folder / wanted).stem, [file.stem for file in beside])
                return near or f"there are {', '.join(file.name for file in beside[:5])}"
            if near := nearest(wanted, _alike(folder, Path(wanted))):
                return near
    except (OSError, ValueError) as error:
        return str(getattr(error, "strerror", None) or "")
    return ""


def _alike(folder: Path, wanted: Path) -> Iterator[str]:
    """Files that lie where the wanted one would, but for the name of the first folder that is not there."""
    there, parts = folder, list(wanted.parts)
    while len(parts) > 1 and (there / parts[0]).is_dir():
        there /= parts.pop(0)
    for beside in sorted(there.iterdir()):
        if (file := beside.joinpath(*parts[1:])).is_file():
            yield file.relative_to(folder).as_posix()


def _resolve(desk: Desk) -> Drill | None:
    waivers = resolve.resolve_waivers(desk)
    portal = resolve.resolve_portal(desk)
    components = resolve_components(desk)
    checks = resolve.resolve_checks(desk)
    groups = rules.resolve_groups(desk, components)
    strategies, order = rules.resolve_restore(desk, components)
    rewire = rules.resolve_rewire(desk, components)
    rules.check_portal(desk, portal, components)
    rules.check_mode(desk, components)
    places.check_places(desk, components, portal.service if portal else None)
    places.check_twice(desk, components)
    rules.check_proof(desk, checks)
    rules.check_words(desk, components)
    if desk.mistakes.found or desk.stack is None or desk.product is None or desk.portal is None or portal is None:
        return None
    text = desk.text
    # A product that demands nothing is the portal's own system, whatever the portal.
    vendor = desk.product.NAME in desk.portal.VENDOR_OF or not desk.product.COMPONENTS
    parts: dict[str, Any] = {"restore_strategy": strategies, "restore_order": order, "rewire": rewire}
    return Drill(
        name=text.drill,
        file=desk.mistakes.document.file,
        sha256=desk.mistakes.document.sha256,
        product=desk.product.NAME,
        portal=portal,
        stand_in=None if vendor else f"{desk.portal.TITLE} for {desk.product.TITLE}",
        why=text.why,
        source=Source(stack=desk.stack),
        schedule_s=text.schedule,
        objectives=_objectives(text),
        components=components,
        groups=groups,
        mode=text.backup.mode,
        keep_host_names=text.keep_host_names,
        checks=checks,
        waivers=waivers,
        external=tuple(External.model_validate(system.model_dump()) for system in text.external),
        canary_every_s=text.canary_every,
        keep=text.backup.keep,
        deadline_s=dict(text.deadlines),
        tests=desk.tests,
        **parts,
    )


def _objectives(text: DrillText) -> Objectives:
    limits = text.objectives
    return Objectives(rto_s=limits.rto, rpo_s=limits.rpo, downtime_s=limits.downtime, rto_marks=tuple(limits.rto_marks))
