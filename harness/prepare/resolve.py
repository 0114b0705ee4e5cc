"""Portal, components, checks and waivers of a drill: product, then portal, then drill file over them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from harness.drill_files import file_of_tests
from harness.kinds import registry
from harness.kinds.contracts import UNDECLARED, PortalKind, ProductComponent, ProductKind
from harness.model.drill import CheckUse, Component, Portal, Stack, Waiver
from harness.model.own_test import CHECK
from harness.prepare.kind_options import classes_of, merged, read_options
from harness.prepare.mistakes import Mistakes
from harness.prepare.schema import WAIVER_SORTS, ComponentText, DrillText
from harness.prepare.yaml_source import At

_COMPONENT_KEYS = tuple(ComponentText.model_fields)
_USUAL: dict[tuple[object, ...], tuple[Component, object]] = {}
_MOST_USUAL = 256

UNREADABLE = "\0"  # stands for a required value that was missing or wrong; reported already


@dataclass
class Desk:
    """What the resolving of one drill file works on. A part that could not be read is None or in `tainted`:
    what follows from its absence is no further mistake."""

    text: DrillText
    mistakes: Mistakes
    tainted: frozenset[str]
    today: date
    stack: Stack | None = None
    product: ProductKind | None = None
    portal: PortalKind | None = None
    tests: dict[str, str] = field(default_factory=dict)
    waived: dict[str, set[str]] = field(default_factory=lambda: {"component": set(), "check": set(), "order": set()})

    def place(self, at: At, otherwise: At) -> At:
        """`at` if the file has it, else where it follows from."""
        return at if at in self.mistakes.document.values else otherwise

    @cached_property
    def running(self) -> tuple[str, ...]:
        """Services of the stack that always run; none if it could not be read."""
        return tuple(service.name for service in self.stack.in_profile(None)) if self.stack else ()

    def known(self, family: str, word: str | None, at: At) -> Any | None:
        """The kind's module, or None and a mistake."""
        if word is None:
            return None
        if word in registry.names(family):
            return registry.kind(family, word)
        what = {"components": "a kind of component", "engines": "an engine"}.get(family, f"a {family[:-1]}")
        self.mistakes.unknown_word(at, what, word, registry.names(family))
        return None


def resolve_portal(desk: Desk) -> Portal | None:
    text, at = desk.text.portal, ("portal",)
    if desk.portal is None:
        return None
    service = desk.portal.SERVICE if text.service is None else text.service
    _check_service(desk, service, desk.place((*at, "service"), at))
    further = ("kind", "service", "port")
    before = len(desk.mistakes.found)
    options = read_options(desk.portal.Options, {}, text.model_extra or {}, at, desk.mistakes, further)
    if shaper := registry.shaper_of(text.kind):
        if len(desk.mistakes.found) > before:
            return None
        desk.portal = shaper.shaped(options)
    return Portal(kind=text.kind, service=service, port=text.port or desk.portal.PORT, options=options)


def _check_service(desk: Desk, service: str, at: At) -> None:
    if desk.stack is None:
        return
    if service not in desk.running:
        desk.mistakes.unknown_word(at, "a service of the stack that always runs", service, desk.running)


def resolve_waivers(desk: Desk) -> tuple[Waiver, ...]:
    found = []
    for number, waiver in enumerate(desk.text.waivers):
        at: At = ("waivers", number)
        given = {sort: getattr(waiver, sort) for sort in WAIVER_SORTS}
        chosen = {sort: what for sort, what in given.items() if what is not None}
        if len(chosen) != 1:
            if chosen or "waivers" not in desk.tainted:
                found_words = " and ".join(chosen) or "a waiver of nothing"
                desk.mistakes.at_value(at, found_words, "exactly one of component, check, order, undeclared")
            continue
        sort, what = next(iter(chosen.items()))
        if what == UNREADABLE:
            continue
        desk.waived.setdefault(sort, set()).add(what)
        _check_until(desk, waiver.until, (*at, "until"))
        _check_waivable(desk, sort, what, (*at, sort))
        found.append(Waiver(what=f"{sort} {what}", reason=waiver.reason, until=waiver.until))
    return tuple(found)


def _check_until(desk: Desk, text: str, at: At) -> None:
    if date.fromisoformat(text) < desk.today:
        hint = "the waiver has ended: back it up or renew it"
        desk.mistakes.at_value(at, text, "a day that is not over", hint)


def _check_waivable(desk: Desk, sort: str, what: str, at: At) -> None:
    word, _, name = what.partition(" ")
    if sort == "undeclared" and word not in UNDECLARED:
        desk.mistakes.unknown_word(at, "a sort of thing that the survey finds, and its name", word, UNDECLARED)
    elif sort == "undeclared" and not name:
        desk.mistakes.at_value(at, f"a waiver for every {word}", f"{word} and a name, in which * fits anything")
    if desk.product is None:
        return
    known: dict[str, Iterable[str]] = {
        "component": desk.product.COMPONENTS,
        "check": desk.product.DEFAULT_CHECKS,
        "order": (*desk.product.GROUPS, *(["restore"] if desk.product.RESTORED_BEFORE else [])),
    }
    if sort == "check" and what in registry.names("checks") and registry.check(what).ALWAYS:
        desk.mistakes.at_value(at, f"a waiver for {what}", "a check that can be left out", "it is always made")
    elif sort in known and what not in known[sort]:
        noun = "group" if sort == "order" else sort
        desk.mistakes.unknown_word(at, f"a {noun} that {desk.product.NAME} demands", what, known[sort])
    elif sort == "component" and not desk.product.COMPONENTS[what].waivable:
        row = desk.product.COMPONENTS[what]
        hint = f"{row.why} ({', '.join(row.requirements)})"
        desk.mistakes.at_value(at, f"a waiver for {what}", "a component that can be left out", hint)


def resolve_components(desk: Desk) -> tuple[Component, ...]:
    """The product's components, then the file's own, in order; what cannot be resolved is a mistake."""
    rows: Mapping[str, ProductComponent] = desk.product.COMPONENTS if desk.product else {}
    found = []
    for name in dict.fromkeys((*rows, *desk.text.components)):
        text = desk.text.components.get(name)
        if name in desk.waived["component"]:
            if text is not None:
                desk.mistakes.at_key(("components", name), f"{name}, which is waived", "a component or its waiver")
            continue
        component = _component(desk, name, rows.get(name), text) if text else _usual(desk, name, rows[name])
        if component is not None:
            found.append(component)
    return tuple(found)


def _usual(desk: Desk, name: str, row: ProductComponent) -> Component | None:
    """A component of which the file says nothing: the same for every file with this product, portal and stack, and
    made once for all of them unless it is a mistake. What the portal says is kept with it, so that its id stays its
    own."""
    said = desk.portal.COMPONENTS.get(name) if desk.portal else None
    key = (name, row, id(said), _bound(desk, name).get("service"), desk.stack and desk.running)
    if key in _USUAL:
        return _USUAL[key][0]
    before = len(desk.mistakes.found)
    component = _component(desk, name, row, ComponentText())
    if component is not None and len(desk.mistakes.found) == before:
        if len(_USUAL) == _MOST_USUAL:
            _USUAL.clear()
        _USUAL[key] = component, said
    return component


def _component(desk: Desk, name: str, row: ProductComponent | None, text: ComponentText) -> Component | None:
    at: At = ("components", name)
    bound = _bound(desk, name)
    usual_kind = bound.get("kind") or (row.kind if row else None)
    usual_engine = bound.get("engine") or (row.engine if row else None)
    kind_name = usual_kind if text.kind is None else text.kind
    engine_name = usual_engine if text.engine is None else text.engine
    kind = desk.known("components", kind_name, desk.place((*at, "kind"), desk.place(at, ("product",))))
    engine = desk.known("engines", engine_name, desk.place((*at, "engine"), desk.place(at, ("product",))))
    if desk.product is None or desk.portal is None:
        return None
    service = _service(desk, name, row, text, bound)
    for key, word in (("kind", kind_name), ("engine", engine_name)):
        if word is None and "components" not in desk.tainted:
            known = ", ".join(desk.product.COMPONENTS)
            hint = f"{desk.product.NAME} has {known}"
            expected = f"the key {key}, because {desk.product.NAME} does not know {name}"
            desk.mistakes.at_key(at, f"{name} without {key}", expected, hint)
    if kind is None or engine is None or service is None:
        return None
    if kind_name not in engine.COMPONENTS:
        where = desk.place((*at, "engine"), desk.place((*at, "kind"), at))
        able = [name for name in registry.names("engines") if kind_name in registry.engine(name).COMPONENTS]
        kinds = ", ".join(sorted(engine.COMPONENTS))
        desk.mistakes.at_value(where, f"the engine {engine_name} for the kind {kind_name}", f"one of {', '.join(able)}",
                               f"{engine_name} backs up {kinds}")  # fmt: skip
        return None
    options = bound.get("options", {}) if kind_name == usual_kind else {}
    engine_options = bound.get("engine_options", {}) if engine_name == usual_engine else {}
    here = desk.place(at, ("portal",))
    there = desk.place((*at, "engine_options"), here)
    assert kind_name and engine_name
    return Component(
        name=name,
        kind=kind_name,
        service=service,
        engine=engine_name,
        options=read_options(kind.Options, options, text.model_extra or {}, here, desk.mistakes, _COMPONENT_KEYS),
        engine_options=read_options(engine.Options, engine_options, text.engine_options, there, desk.mistakes),
        classes=classes_of(row, bound, text),
        primary=bool(text.primary) or bool(row and row.primary),
        may_be_empty=text.may_be_empty or bound.get("may_be_empty"),
        requirements=row.requirements if row else (),
    )


def _bound(desk: Desk, name: str) -> Mapping[str, Any]:
    """What the portal says of the component. What lies in the portal's own service lies where the file says that is."""
    bound = desk.portal.COMPONENTS.get(name, {}) if desk.portal else {}
    own = desk.portal is not None and bound.get("service") == desk.portal.SERVICE
    said = desk.text.portal.service
    return {**bound, "service": said} if own and said in desk.running else bound


def _service(
    desk: Desk, name: str, row: ProductComponent | None, text: ComponentText, bound: Mapping[str, Any]
) -> str | None:
    at: At = ("components", name)
    service = bound.get("service") if text.service is None else text.service
    if service is None:
        expected = f"a service for it: the portal {desk.text.portal.kind} does not say where it is"
        hint = f"{row.why} ({', '.join(row.requirements)}); or waive it" if row else ""
        if "components" not in desk.tainted and not (row and "waivers" in desk.tainted):
            desk.mistakes.at_key(desk.place(at, ("product",)), f"{name}, bound to nothing", expected, hint)
        return None
    _check_service(desk, str(service), desk.place((*at, "service"), desk.place(at, ("portal",))))
    return str(service)


# What every drill of a product has is made once: a thousand drill files are read in half a second less.
@lru_cache(maxsize=256)
def _usual_check(name: str) -> CheckUse:
    return CheckUse(name=name, default=True)


def resolve_checks(desk: Desk) -> tuple[CheckUse, ...]:
    """Those that are always made, the product's, `tests` if there are any beside the file, then the file's own;
    `checks:` adds them or sets options."""
    always = [name for name in registry.names("checks") if registry.check(name).ALWAYS]
    default = [name for name in (desk.product.DEFAULT_CHECKS if desk.product else ()) if name not in always]
    uses = {name: _usual_check(name) for name in (*always, *default, *([CHECK] if desk.tests else []))}
    seen: set[str] = set()
    for number, entry in enumerate(desk.text.checks):
        at: At = ("checks", number)
        kind = None if entry.name == UNREADABLE else desk.known("checks", entry.name, at)
        if kind is None:
            continue
        if entry.name in seen or entry.name in desk.waived["check"]:
            found = f"{entry.name} again" if entry.name in seen else f"{entry.name}, which is waived"
            desk.mistakes.at_value(at, found, "each check once, or its waiver")
        if entry.name == CHECK and not desk.tests:
            expected = f"pytest tests in {file_of_tests(Path(desk.mistakes.document.file)).name}"
            desk.mistakes.at_value(at, f"{CHECK}, but none beside this file", expected)
        seen.add(entry.name)
        options = read_options(kind.Options, {}, entry.options, (*at, entry.name), desk.mistakes)
        uses[entry.name] = CheckUse(name=entry.name, options=merged({}, options), default=entry.name in uses)
    for name in desk.waived["check"]:
        if name not in always:
            uses.pop(name, None)
    return tuple(uses.values())
