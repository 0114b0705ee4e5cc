"""Portal, components, checks and waivers of a drill: product, then portal, then drill file over them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from harness.drill_files import file_of_tests
from harness.kinds import registry
from harness.kinds.contracts import UNDECLARED, PortalKind, ProductKind
from harness.model.drill import CheckUse, Portal, Stack, Waiver
from harness.model.own_test import CHECK
from harness.prepare.kind_options import merged, read_options
from harness.prepare.mistakes import Mistakes
from harness.prepare.schema import WAIVER_SORTS, DrillText
from harness.prepare.yaml_source import At

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
    check_service(desk, service, desk.place((*at, "service"), at))
    further = ("kind", "service", "port")
    before = len(desk.mistakes.found)
    options = read_options(desk.portal.Options, {}, text.model_extra or {}, at, desk.mistakes, further)
    if shaper := registry.shaper_of(text.kind):
        if len(desk.mistakes.found) > before:
            return None
        desk.portal = shaper.shaped(options)
    return Portal(kind=text.kind, service=service, port=text.port or desk.portal.PORT, options=options)


def check_service(desk: Desk, service: str, at: At) -> None:
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
