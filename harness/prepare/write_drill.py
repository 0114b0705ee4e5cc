"""A new drill file, commented, for a product, a portal and a stack: it can be planned as it is, and is to be read."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path

import yaml

from harness.errors import DrillFileWrong, PortalDrillError
from harness.kinds import registry
from harness.kinds.contracts import HasExample, PortalKind, ProductKind, Proposes, Reindexes
from harness.model.drill import Service, Stack
from harness.model.frozen import JsonValue
from harness.prepare.compose_file import read_stack
from harness.prepare.mistakes import nearest
from harness.prepare.proposal_words import refusal, unsaid
from harness.prepare.propose import Proposal, Proposer

WIDTH = 118
WAIVED_DAYS = 30
Lines = Iterator[str]


def write_drill(product: str, portal: str, stack: Path, output: Path | None, *, today: date) -> str:
    """The text of a file that is to lie at `output` (None: here).

    Raises: PortalDrillError naming the choices; DrillFileWrong with the mistakes of the Compose file.
    """
    services = _read(product, portal, stack)
    wanted, adapter = registry.product(product), registry.portal(portal)
    service, options = _portal_place(adapter, services)
    found, missing = Proposer(services, wanted, adapter, service).proposals()
    refused = [one for one in missing if not wanted.COMPONENTS[one].waivable]
    if refused or not found:
        raise PortalDrillError(refusal(services, wanted, refused))
    parts = (
        _head(product, portal, output.name if output else stack.absolute().parent.name),
        _portal(portal, adapter, services.service(service), options, found),
        _source(_stack_word(stack, output.absolute().parent if output else Path.cwd()), found),
        _components(found),
        _groups(wanted, found),
        _backup(found),
        _restore(adapter, found),
        _left_out(wanted, missing, today),
        _checks(wanted),
        _hints(),
    )
    return "\n".join(line for part in parts for line in part) + "\n"


def _read(product: str, portal: str, stack: Path) -> Stack:
    """The stack; what is wrong with any of the three is said at once."""
    wrong = [*_unknown("products", product), *_unknown("portals", portal)]
    try:
        services = read_stack(stack, str(stack))
    except DrillFileWrong as error:
        if wrong:
            raise PortalDrillError("\n".join([*wrong, str(error)])) from error
        raise
    if wrong:
        raise PortalDrillError("\n".join(wrong))
    return services


def _unknown(family: str, word: str) -> Lines:
    known = registry.names(family)
    if word not in known:
        yield f"found {word}; expected a {family[:-1]}: {', '.join(known)}. {nearest(word, known)}".strip()


def _comment(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}# ")


def _value(value: JsonValue) -> str:
    return (
        yaml.safe_dump(value, default_flow_style=True, sort_keys=False, allow_unicode=True, width=1000)
        .removesuffix("...\n")
        .strip()
    )


def _beside(line: str, comment: str) -> str:
    """The line with its comment behind it, or above it where there is no room."""
    indent = " " * (len(line) - len(line.lstrip()))
    text = f"{line:<44} # {comment}"
    return text if len(text) <= WIDTH else "\n".join([*_comment(comment, indent), line])


def _head(product: str, portal: str, name: str) -> Lines:
    yield "# yaml-language-server: $schema=drill.schema.json"
    yield from _comment(
        f"Written by portal-drill init for {product} on {portal}. Read it, put your values in, then ask what it would "
        "do: portal-drill plan FILE. drills/README.md explains every key; editors complete them from the schema "
        "(portal-drill schema > drill.schema.json)."
    )
    word = re.sub(r"[^a-z0-9]+", "-", name.lower().partition(".")[0]).strip("-")[:60].strip("-")
    yield _beside(f"drill: {word or 'mine'}", "the name under which reports and restore points lie")
    yield _beside(f"product: {product}", f"{registry.product(product).TITLE}: whose document says what must be done")
    yield _beside("why: nightly", "or pre-upgrade, post-change, rehearsal")


def _stack_word(stack: Path, folder: Path) -> str:
    """How a drill file in the folder names the stack: by a path below the folder or below one above it."""
    file = stack.absolute()
    near = next((above for above in (folder, *folder.parents[:-1]) if above in file.parents), None)
    return str(file.relative_to(near) if near else file)


def _source(stack_word: str, found: list[Proposal]) -> Lines:
    yield _beside(f"source: {{stack: {_value(stack_word)}}}", "started by each run, backed up, and destroyed")
    yield _beside("schedule: every 24 h", "how often the backup is made: the worst that can be lost")
    yield "# What was promised. Without a limit a figure is measured and not judged."
    yield f"objectives: {{rto: 4 h, rpo: 25 h, downtime: {'0 s' if _mode(found) == 'online' else '30 min'}}}"


def _portal_place(adapter: PortalKind, stack: Stack) -> tuple[str, dict[str, JsonValue]]:
    """The portal's service and the options that it needs; without a hint, what nothing else depends on."""
    services = stack.in_profile(None)
    needed_by = {name for service in services for name in service.depends_on}
    usual = [one for one in services if one.name == adapter.SERVICE]
    front = [one for one in reversed(services) if one.name not in needed_by]
    if not isinstance(adapter, Proposes):
        return (*usual, *front, *services)[0].name, {}
    for one in (*usual, *services):
        for options in adapter.propose(one, ""):
            return one.name, options
    has = ", ".join(one.name for one in services)
    raise PortalDrillError(f"no service of {stack.file} looks as if {adapter.TITLE} were in it. It has {has}")


def _portal(
    word: str, adapter: PortalKind, service: Service, options: dict[str, JsonValue], found: list[Proposal]
) -> Lines:
    yield ""
    if isinstance(adapter, HasExample):
        content = next((one.name for one in found if one.name == adapter.CONTENT_TIER), found[0].name)
        yield "portal:"
        yield f"  service: {service.name}"
        yield f"  port: {adapter.PORT}"
        yield from textwrap.indent(adapter.example(content).rstrip(), "  ").splitlines()
    elif not options and service.name == adapter.SERVICE:
        yield _beside(f"portal: {word}", f"{adapter.TITLE}, in the service {service.name}")
    else:
        if guess := unsaid(service, options):
            yield from _comment(f"GUESSED: {guess}.")
        written = {"kind": word, "service": service.name} | options
        yield _beside(f"portal: {_value(dict(written))}", adapter.TITLE)


def _components(found: list[Proposal]) -> Lines:
    yield ""
    yield from _comment("What is backed up. What nobody names here is in no backup; the check coverage looks for it. "
                        "Places were read from the Compose file: look whether they are right.")  # fmt: skip
    written = [one for one in found if not (one.bound and not one.options and not one.engine_options)]
    if written:
        yield "components:"
    for one in found:
        yield from _component(one, known=one not in written, indent="  " if written else "")


def _component(one: Proposal, *, known: bool, indent: str) -> Lines:
    why = f"{one.why} ({', '.join(one.requirements)})" if one.why else ""
    if known:
        text = f"{one.name}: {one.kind} in {one.service}, by {one.engine}, as the portal says; {why}"
        yield from _comment(text, indent)
        return
    yield from _comment(why, indent) if why else ()
    if one.guess:
        yield from _comment(f"GUESSED: {one.guess}.", indent)
    yield f"{indent}{one.name}:"
    if not one.why:
        yield f"    kind: {one.kind}"
        yield f"    engine: {one.engine}"
    if not one.bound:
        yield f"    service: {one.service}"
    fields = registry.component(one.kind).Options.model_fields
    for word, value in one.options.items():
        yield _beside(f"    {word}: {_value(value)}", str(fields[word].description))
    if one.engine_options:
        yield f"    engine_options: {_value(dict(one.engine_options))}"


def _groups(product: ProductKind, found: list[Proposal]) -> Lines:
    names = {one.name for one in found}
    groups = {group: [one for one in order if one in names] for group, order in product.GROUPS.items()}
    several = {group: order for group, order in groups.items() if len(order) > 1}
    if several:
        yield ""
        text = "What must come from one instant, backed up in this order: references first, then what they refer to."
        yield from _comment(f"{text} max_skew is how far apart their captures may be.")
        yield "groups:"
    for group, order in several.items():
        yield f"  {group}: {{order: {_value(list(order))}, max_skew: 5 min}}"


def _mode(found: list[Proposal]) -> str:
    return "online" if all(registry.engine(one.engine).TOLERATES_OPEN_FILES for one in found) else "offline"


def _backup(found: list[Proposal]) -> Lines:
    yield ""
    yield _beside(
        f"backup: {{mode: {_mode(found)}, keep: 7}}", "online: the portal runs meanwhile; offline: it is stopped"
    )


def _restore(adapter: PortalKind, found: list[Proposal]) -> Lines:
    for one in found:
        index = registry.component(one.kind).IS_INDEX and one.name == adapter.INDEX_TIER
        if index and isinstance(adapter, Reindexes):
            yield f"# restore: {{{one.name}: rebuild}}  # instead of restoring the index, have the portal build it anew"


def _left_out(product: ProductKind, missing: Iterable[str], today: date) -> Lines:
    names = list(missing)
    if not names:
        return
    until = today + timedelta(days=WAIVED_DAYS)
    yield ""
    yield from _comment("Demanded, and no service of the stack seems to hold it. Name its place under components and "
                        "take the waiver away, or write why it is left out.")  # fmt: skip
    yield "waivers:"
    for name in names:
        row = product.COMPONENTS[name]
        yield from _comment(f"{row.why} ({', '.join(row.requirements)})", "  ")
        yield f"  - {{component: {name}, reason: not yet found in the stack, until: {until}}}"


def _checks(product: ProductKind) -> Lines:
    yield ""
    yield from _comment(f"Made anyway: {', '.join(product.DEFAULT_CHECKS)}. More, or options of these, stand here.")
    further = [name for name in registry.names("checks") if name not in product.DEFAULT_CHECKS]
    chosen = [name for name in further if not registry.check(name).ALWAYS]
    if chosen:
        yield f"# checks: [{', '.join(chosen)}]"


def _hints() -> Lines:
    yield ""
    yield from _comment("A restored copy must not act as production (LR-D7): values that differ in it, and what it "
                        "names outside of the stack.")  # fmt: skip
    yield "# rewire:"
    yield "#   - {component: NAME, file: settings.properties, from: smtp.example.org, to: smtp.sandbox.invalid}"
    yield "# external:"
    yield "#   - {host: smtp.example.org, reason: a relay that keeps nothing}"
