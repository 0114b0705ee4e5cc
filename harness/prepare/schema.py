"""The drill file as its author writes it: every key, its form, and what it means.

The same models give the JSON Schema that editors complete from. What a key's words refer to (kinds,
components, services) is looked up later, in `resolve`.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from harness.model.frozen import JsonValue
from harness.model.inventory import ItemClass
from harness.prepare.units import Duration, Interval, LongerThanNothing

SECRET_KEY = re.compile(r"(?:^|_)(?:password|passwd|passphrase|secret|token|api_key|private_key)$", re.IGNORECASE)
PLACEHOLDER = re.compile(r"\{[A-Za-z_][A-Za-z0-9_]*\}")  # in a request of `portal: http`: filled when it is sent
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")
COMPONENT_NAME = "^[a-z][a-z0-9_]{0,62}$"
_WORD = re.compile(COMPONENT_NAME)

ITEM_CLASSES = tuple(str(one) for one in ItemClass)


def _drill_name(value: str) -> str:
    if not _NAME.fullmatch(value) or ".." in value:
        raise ValueError("a name of small letters, digits, dots and hyphens, such as liferay-nightly")
    return value


def _text(value: str) -> str:
    if not value.strip():
        raise ValueError("a text that says something")
    return value


def _component_name(value: str) -> str:
    if not _WORD.fullmatch(value) or value == "order":
        raise ValueError("a name of small letters, digits and underscores that is not `order`")
    return value


def _named(value: object) -> object:
    """`portal: wagtail` is short for `portal: {kind: wagtail}`."""
    return {"kind": value} if isinstance(value, str) else value


def _check(value: object) -> object:
    """`freshness` is short for `freshness: {}`; each check stands alone in its list entry."""
    if isinstance(value, str):
        return {"name": value, "options": {}}
    if isinstance(value, dict) and len(value) == 1:
        name, options = next(iter(value.items()))
        if options is None or isinstance(options, dict):
            return {"name": name, "options": options or {}}
    raise ValueError("a check's name, alone or with its options: `- index_consistency: {floor: 100}`")


def _day(value: object) -> str:
    """A calendar day as ISO text; whether it is over is asked later. Raises: ValueError."""
    try:
        if isinstance(value, str) and len(value) == len("2027-03-31"):
            return date.fromisoformat(value).isoformat()
    except ValueError:
        pass
    raise ValueError("a day that exists, such as 2027-03-31")


DrillName = Annotated[
    str,
    AfterValidator(_drill_name),
    WithJsonSchema(
        {"type": "string", "pattern": f"^{_NAME.pattern}$".replace("(?:", "("), "not": {"pattern": r"\.\."}}
    ),
]
ComponentName = Annotated[str, AfterValidator(_component_name)]
Text = Annotated[str, AfterValidator(_text), WithJsonSchema({"type": "string", "pattern": r"\S"})]
Day = Annotated[
    str, BeforeValidator(_day), WithJsonSchema({"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"})
]
Class = Literal["state", "append", "monotone", "rebuildable", "disposable", "rewritten", "canary"]


class _Written(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class PortalText(_Written):
    """The adapter to the running software; any further key is an option of the adapter."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)

    kind: str = Field(description="Name of the portal adapter.")
    service: str | None = Field(None, description="Service that the portal runs in.")
    port: int | None = Field(None, description="Port that it listens on inside.", ge=1, le=65535)


class SourceText(_Written):
    stack: Text = Field(description="Compose file, sought from the drill file's folder upwards.")


class ObjectivesText(_Written):
    rto: Duration | None = Field(None, description="Recovery time objective: from disaster to the last mark.")
    rpo: Duration | None = Field(None, description="Recovery point objective: data that may be lost.")
    downtime: Duration | None = Field(None, description="How long the backup may take the source away.")
    rto_marks: list[str] = Field([], description="Marks that end the recovery, instead of the usual ones.")


class ClassText(_Written):
    match: Text = Field(description="Glob of item keys; ** crosses slashes.")
    item_class: Class = Field(alias="class", description="How these items are judged.")
    reason: Text = Field(description="Why; stands in the report.")


class ComponentText(_Written):
    """One component; any further key is an option of its kind."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)

    kind: str | None = Field(None, description="Kind of component, for those beyond the product's.")
    engine: str | None = Field(None, description="How it is backed up and restored.")
    engine_options: dict[str, JsonValue] = Field({}, description="Options of the engine.")
    service: str | None = Field(None, description="Service that holds it.")
    classes: list[ClassText] = Field([], description="Classes of items, before those of portal and product.")
    primary: bool | None = Field(None, description="Whether it exists nowhere else, so that it is never rebuilt.")
    may_be_empty: Text | None = Field(None, description="Why it may be empty on both sides.")


class GroupText(_Written):
    order: list[str] | None = Field(
        None, description="Components in the order of their backup.", json_schema_extra={"uniqueItems": True}
    )
    max_skew: Duration | None = Field(None, description="Largest spread of their capture points.")


class BackupText(_Written):
    mode: Literal["online", "offline"] = Field("online", description="Whether the portal runs meanwhile.")
    keep: int = Field(7, description="How many restore points the vault keeps.", ge=1)


class RestoreText(_Written):
    """Besides `order`, each key is a component and its value the strategy."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)
    __pydantic_extra__: dict[str, Literal["as-backed-up", "rebuild"]]

    order: list[str] = Field(
        [], description="Components in the order of their restore.", json_schema_extra={"uniqueItems": True}
    )


class RewireText(_Written):
    component: str = Field(description="File component that the value stands in.")
    file: Text = Field(description="File below the component's path.")
    old: Text = Field(alias="from", description="The value at the source.")
    new: str = Field(alias="to", description="The value in the sandbox.")


class CheckText(_Written):
    name: str
    options: dict[str, JsonValue] = {}


WAIVER_SORTS = ("component", "check", "order", "undeclared")


class WaiverText(_Written):
    """What is left out: exactly one of `component`, `check`, `order` (a group), `undeclared`."""

    component: str | None = Field(None, description="A product's component that is not backed up.")
    check: str | None = Field(None, description="A default check that is not made.")
    order: str | None = Field(None, description="A group whose order is not the product's.")
    undeclared: Text | None = Field(None, description="What the survey finds and no component declares.")
    reason: Text = Field(description="Why.")
    until: Day = Field(description="Last day, as 2027-03-31.")


class ExternalText(_Written):
    """A system outside the stack that the portal uses and this drill does not back up."""

    host: Text = Field(description="Name or address, as the configuration has it; * stands for any characters.")
    reason: Text = Field(description="What it is, and why it need not come back with the portal.")
    covered_by: str = Field("", description="The drill that covers it, if one does.")
    reachable: bool = Field(False, description="Whether the restored copy may name it and ask for it.")


CheckEntry = Annotated[
    CheckText,
    BeforeValidator(_check),
    WithJsonSchema(
        {"anyOf": [{"type": "string"}, {"type": "object", "minProperties": 1, "maxProperties": 1}]},
    ),
]
PortalEntry = Annotated[PortalText, BeforeValidator(_named)]


class DrillText(_Written):
    """A drill file."""

    drill: DrillName = Field(description="Name of the drill.")
    product: str = Field(description="Product whose document the drill follows.")
    portal: PortalEntry = Field(description="Adapter to the running software, by name or with options.")
    why: Literal["nightly", "pre-upgrade", "post-change", "rehearsal"] = Field("nightly", description="The occasion.")
    source: SourceText = Field(description="What is backed up.")
    schedule: Interval | None = Field(None, description="How often the backup is made.")
    objectives: ObjectivesText = Field(ObjectivesText(), description="Limits; without one it is only measured.")
    components: dict[ComponentName, ComponentText] = Field({}, description="Overrides, and further components.")
    groups: dict[str, GroupText] = Field({}, description="Components that must come from one instant.")
    backup: BackupText = Field(BackupText(), description="How the backup is made.")
    restore: RestoreText = Field(RestoreText(), description="How the restore is made.")
    rewire: list[RewireText] = Field([], description="Values that must differ in a sandbox.")
    keep_host_names: Text | None = Field(None, description="Why the target has the source's host names, and no others.")
    checks: list[CheckEntry] = Field([], description="Checks added to the product's, or their options.")
    waivers: list[WaiverText] = Field([], description="What is knowingly left out.")
    external: list[ExternalText] = Field([], description="Systems outside the stack that the portal uses.")
    canary_every: LongerThanNothing = Field(0.5, description="Time between two canaries.")
    deadlines: dict[str, LongerThanNothing] = Field({}, description="Time allowed, by action or by step id.")
