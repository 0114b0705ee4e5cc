"""Rules that hold between the parts of a drill: order, strategy, mode, proof, references."""

from __future__ import annotations

from harness.kinds import registry
from harness.kinds.contracts import REFERENCE, RebuildsAtStart, Reindexes, When
from harness.model.drill import CheckUse, Component, Group, Portal, Rewire
from harness.model.frozen import JsonValue
from harness.model.plan import Action
from harness.prepare.mistakes import Mistakes, shown
from harness.prepare.resolve import UNREADABLE, Desk
from harness.prepare.schema import PLACEHOLDER, SECRET_KEY
from harness.prepare.yaml_source import At

MARKS = ("product_started", "product_healthy", "first_correct_search", "index_consistent")


def check_secrets(mistakes: Mistakes, value: JsonValue, at: At = ()) -> None:
    """Secrets are references, and every `${…}` is a reference of the right form."""
    if (
        value is not None
        and at
        and isinstance(at[-1], str)
        and SECRET_KEY.search(at[-1])
        and not (at[0] == "portal" and PLACEHOLDER.fullmatch(str(value)))
        and not REFERENCE.fullmatch(str(value))
    ):
        mistakes.at_value(at, "a secret in plain text", "a reference: ${env:NAME} or ${file:/path}")
    elif isinstance(value, dict):
        for key, below in value.items():
            check_secrets(mistakes, below, (*at, key))
    elif isinstance(value, list):
        for number, below in enumerate(value):
            check_secrets(mistakes, below, (*at, number))
    elif isinstance(value, str) and "${" in value and "${" in REFERENCE.sub("", value):
        mistakes.at_value(at, shown(value), "a reference: ${env:NAME} or ${file:/path}")


def check_names(desk: Desk, components: tuple[Component, ...], names: list[str], at: At) -> list[str]:
    """Those of `names` that exist; the others are mistakes, and so is a name given twice."""
    known = _all_names(desk, components)
    found: list[str] = []
    for number, name in enumerate(names):
        place = (*at, number)
        if name not in known and not (desk.product is None or "components" in desk.tainted):
            desk.mistakes.unknown_word(place, "a component", name, known)
        elif name in found:
            desk.mistakes.at_value(place, f"{name} again", "each component once")
        else:
            found.append(name)
    return found


def _all_names(desk: Desk, components: tuple[Component, ...]) -> set[str]:
    """Components that exist, also those whose own mistakes kept them from being resolved."""
    demanded = set(desk.product.COMPONENTS) if desk.product else set()
    return (demanded | set(desk.text.components) | {c.name for c in components}) - desk.waived["component"]


def resolve_groups(desk: Desk, components: tuple[Component, ...]) -> tuple[Group, ...]:
    demanded = desk.product.GROUPS if desk.product else {}
    present = _all_names(desk, components)
    resolved = {component.name for component in components}
    groups, member_of = [], dict[str, str]()
    for name in dict.fromkeys((*demanded, *desk.text.groups)):
        text, at = desk.text.groups.get(name), ("groups", name)
        required = [one for one in demanded.get(name, ()) if one in present]
        order = required
        if text is not None and text.order is not None:
            order = check_names(desk, components, text.order, (*at, "order"))
            _check_order(desk, name, required, order)
        elif text is not None and name not in demanded:
            desk.mistakes.at_key(at, "no order", "the key order: components in the order of their backup")
        for one in order:
            if member_of.setdefault(one, name) != name:
                where = desk.place((*at, "order"), ("product",))
                desk.mistakes.at_value(where, f"{one}, which is in {member_of[one]}", "each component in one group")
        if resolved.issuperset(order) and order:
            groups.append(Group(name=name, order=tuple(order), max_skew_s=text.max_skew if text else None))
    return tuple(groups)


def _check_order(desk: Desk, group: str, required: list[str], order: list[str]) -> None:
    if group in desk.waived["order"] or "waivers" in desk.tainted:
        return
    at: At = ("groups", group, "order")
    missing = [one for one in required if one not in order]
    if missing:
        expected = f"all that must come from one instant: {', '.join(required)}"
        desk.mistakes.at_value(at, f"an order without {', '.join(missing)}", expected)
    wanted = [one for one in required if one in order]
    written = [one for one in order if one in required]
    if wanted != written:
        hint = "references first, then what they refer to; or waive it: `- order: " + group + "`"
        desk.mistakes.at_value(at, ", ".join(written), f"the product's order: {', '.join(wanted)}", hint)


def resolve_restore(desk: Desk, components: tuple[Component, ...]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Strategy by component, and the whole order of restore."""
    strategies: dict[str, str] = dict(desk.text.restore.__pydantic_extra__ or {})
    by_name = {component.name: component for component in components}
    known = _all_names(desk, components)
    for name, strategy in strategies.items():
        at: At = ("restore", name)
        if name not in known and not (desk.product is None or "components" in desk.tainted):
            desk.mistakes.unknown_word(at, "a component, or order", name, (*known, "order"), key=True)
        elif strategy == "rebuild" and name in by_name:
            _check_rebuild(desk, by_name[name], at)
    written = check_names(desk, components, list(desk.text.restore.order), ("restore", "order"))
    usual = desk.product.RESTORE_ORDER if desk.product else ()
    order = dict.fromkeys((*written, *usual, *by_name))
    _check_restored_before(desk, tuple(order))
    return {n: s for n, s in strategies.items() if n in by_name}, tuple(n for n in order if n in by_name)


def _check_restored_before(desk: Desk, order: tuple[str, ...]) -> None:
    rules = desk.product.RESTORED_BEFORE if desk.product and "restore" not in desk.waived["order"] else ()
    for first, then, why in rules:
        if first in order and then in order and order.index(then) < order.index(first):
            at = desk.place(("restore", "order"), ("product",))
            desk.mistakes.at_value(at, f"{then} before {first}", why, "or waive it: `- order: restore`")


def _check_rebuild(desk: Desk, component: Component, at: At) -> None:
    if not registry.component(component.kind).IS_INDEX:
        desk.mistakes.at_value(at, f"rebuild for a {component.kind}", "as-backed-up: only an index can be rebuilt")
    elif component.primary:
        hint = "what it holds exists nowhere else (LR-D1)"
        desk.mistakes.at_value(at, f"rebuild for {component.name}, a primary index", "as-backed-up", hint)
    elif desk.portal is not None and not isinstance(desk.portal, Reindexes | RebuildsAtStart):
        desk.mistakes.at_value(at, "rebuild", f"as-backed-up: the portal {desk.text.portal.kind} cannot rebuild")


def check_mode(desk: Desk, components: tuple[Component, ...]) -> None:
    for component in components:
        if desk.text.backup.mode == "online" and not registry.engine(component.engine).TOLERATES_OPEN_FILES:
            at = desk.place(("components", component.name, "engine"), desk.place(("backup", "mode"), ("product",)))
            found = f"the engine {component.engine} for {component.name} while the portal runs"
            desk.mistakes.at_value(at, found, "backup: {mode: offline}, or an engine that tolerates open files")


def check_proof(desk: Desk, checks: tuple[CheckUse, ...]) -> None:
    if desk.product is None or {"checks", "waivers"} & desk.tainted:
        return
    if not any(registry.check(use.name).PROVES_DATA for use in checks):
        proving = sorted(name for name in registry.names("checks") if registry.check(name).PROVES_DATA)
        at = desk.place(("waivers",), desk.place(("checks",), ("product",)))
        desk.mistakes.at_value(at, "no check that proves data", f"at least one of {', '.join(proving)}")


def resolve_rewire(desk: Desk, components: tuple[Component, ...]) -> tuple[Rewire, ...]:
    found = []
    files = {c.name for c in components if not registry.component(c.kind).NEEDS_SERVICE}
    for number, text in enumerate(desk.text.rewire):
        at: At = ("rewire", number)
        if text.component not in (*files, UNREADABLE) and desk.product is not None and desk.portal is not None:
            desk.mistakes.unknown_word((*at, "component"), "a component that holds files", text.component, files)
        if text.file.startswith("/") or ".." in text.file.split("/"):
            desk.mistakes.at_value((*at, "file"), shown(text.file), "a path below the component's")
        if "\n" in text.old:
            desk.mistakes.at_value((*at, "from"), shown(text.old), "a value of one line")
        held = next((other.old for other in desk.text.rewire if other.old in text.new), None)
        if held is not None:
            hint = "what is left of a source's value is searched for after it was replaced"
            desk.mistakes.at_value((*at, "to"), shown(text.new), f"a value that does not hold {shown(held)}", hint)
        found.append(Rewire(component=text.component, file=text.file, old=text.old, new=text.new))
    return tuple(found)


def check_portal(desk: Desk, portal: Portal | None, components: tuple[Component, ...]) -> None:
    """Options of a portal that is described in the file fit each other, the components and the stack."""
    shaper = registry.shaper_of(portal.kind) if portal else None
    if portal is None or desk.stack is None or shaper is None:
        return
    services = [service.name for service in desk.stack.services]
    kinds = dict.fromkeys(sorted(_all_names(desk, components))) | {one.name: one.kind for one in components}
    for one in shaper.misfits(portal.options, kinds, services):
        at: At = ("portal", *one.at)
        if one.known:
            desk.mistakes.unknown_word(at, one.expected, one.found, one.known, key=one.key)
        elif one.key:
            desk.mistakes.at_key(at, one.found, one.expected)
        else:
            desk.mistakes.at_value(at, one.found, one.expected)


def check_words(desk: Desk, components: tuple[Component, ...]) -> None:
    """Marks of the recovery time and steps with deadlines are words that exist."""
    for number, mark in enumerate(desk.text.objectives.rto_marks):
        at: At = ("objectives", "rto_marks", number)
        if mark not in MARKS:
            desk.mistakes.unknown_word(at, "a mark that ends a recovery", mark, MARKS)
        elif mark == "index_consistent" and "rebuild" not in (desk.text.restore.__pydantic_extra__ or {}).values():
            desk.mistakes.at_value(at, mark, "a mark that is made", "it is made when an index is rebuilt")
    names = _all_names(desk, components)
    actions = [str(action) for action in Action]
    services = [service.name for service in desk.stack.services] if desk.stack else []
    subjects = {*names, *services, *(str(when) for when in When)}
    for step in desk.text.deadlines:
        action, colon, subject = step.partition(":")
        if action not in actions:
            desk.mistakes.unknown_word(("deadlines", step), "an action, or action:subject", action, actions, key=True)
        elif colon and subject not in subjects and desk.stack is not None and desk.product is not None:
            desk.mistakes.unknown_word(("deadlines", step), f"what to {action}", subject, subjects, key=True)
