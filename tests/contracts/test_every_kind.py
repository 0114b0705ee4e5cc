"""Every kind that the registry knows keeps its family's contract; a new kind needs no test of its own for that.

The rules are functions that return breaches in words, tried first on kinds made up here.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar, get_args, get_origin, get_type_hints

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from harness.kinds import contracts, registry
from harness.kinds.contracts import (
    Alters,
    BackupAccess,
    Injects,
    KindOptions,
    Observes,
    ProductComponent,
    Record,
    RestoreAccess,
)
from harness.model.drill import Component, Drill, Objectives, Portal, Source, Stack
from harness.model.evidence import Evidence, Instant, Observation, Seen
from harness.model.inventory import ClassRule, ItemClass
from harness.model.plan import Plan
from harness.model.verdict import Outcome
from harness.prepare import read_drill

PROTOCOLS: dict[str, Any] = {
    "products": contracts.ProductKind,
    "portals": contracts.PortalKind,
    "components": contracts.ComponentKind,
    "engines": contracts.EngineKind,
    "checks": contracts.CheckKind,
    "faults": contracts.FaultKind,
}
CAPABILITIES: dict[str, tuple[Any, ...]] = {
    "products": (),
    "portals": (
        contracts.ListsIndex,
        contracts.Reindexes,
        contracts.RebuildsAtStart,
        contracts.ShowsRest,
        contracts.StopsByRequest,
        contracts.HoldsReferences,
        contracts.NamesEndpoints,
        contracts.PlacesFiles,
        contracts.HasScripts,
        contracts.ShapedByOptions,
        contracts.Proposes,
        contracts.HasExample,
    ),
    "components": (
        contracts.ComparesPrefixes,
        contracts.ListsFiles,
        contracts.Surrounded,
        contracts.Occupies,
        contracts.Purges,
        contracts.Verifies,
        contracts.Proposes,
        contracts.HasRules,
        contracts.GivesReasons,
    ),
    "engines": (contracts.Proposes, contracts.HasRules),
    "checks": (contracts.Observes, contracts.LooksAtSource, contracts.ChoosesMoment),
    "faults": (contracts.Injects, contracts.Alters, contracts.Spoils, contracts.Litters),
}
TREE = Component(name="files", kind="file_tree", service="web", engine="tar", options={"path": "/srv"})
KINDS = [(family, name) for family in registry.FAMILIES for name in registry.names(family)]
MOST_LINES, MOST_LINES_OF_A_FUNCTION = 250, 60
REQUIREMENT = re.compile(r"(AEM|GEN|HCL|LR|LR71|XLR)-D?[1-9]\d?")
LOOKS_LIKE_ONE = re.compile(r"\b[A-Z]{2,4}-D?\d+\b")

every_kind = pytest.mark.parametrize(("family", "name"), KINDS)


def of(family: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("name", registry.names(family))


# ---------------------------------------------------------------- the rules


def breaches(kind: Any, protocol: Any, capabilities: tuple[Any, ...] = ()) -> list[str]:
    """How a kind differs from its Protocol: constants that lack or have another type, functions likewise."""
    found = []
    for constant, wanted in _constants(protocol).items():
        if not hasattr(kind, constant):
            found.append(f"{constant} is missing")
            continue
        try:
            TypeAdapter(wanted).validate_python(getattr(kind, constant), strict=True)
        except ValidationError as error:
            found.append(f"{constant} is no {wanted}: {error.errors()[0]['msg']}")
    for function in _functions(protocol):
        found += [f"{function} is missing"] if not hasattr(kind, function) else _call(kind, protocol, function)
    for capability in capabilities:
        for function in _functions(capability):
            found += _call(kind, capability, function) if hasattr(kind, function) else []
    return found


def _constants(protocol: Any) -> dict[str, Any]:
    hints = get_type_hints(protocol, vars(contracts))
    return {name: get_args(hint)[0] if get_origin(hint) is ClassVar else hint for name, hint in hints.items()}


def _functions(protocol: Any) -> list[str]:
    return [name for name, value in vars(protocol).items() if inspect.isfunction(value) and not name.startswith("_")]


def _call(kind: Any, protocol: Any, function: str) -> Iterator[str]:
    """Same names of parameters in the same order, same types where the contract names one, a type of the result."""
    wanted, got = inspect.signature(getattr(protocol, function)), inspect.signature(getattr(kind, function))
    owed, given = list(wanted.parameters.values())[1:], list(got.parameters.values())
    if [(p.name, p.kind) for p in owed] != [(p.name, p.kind) for p in given]:
        yield f"{function}{got} is not {function}{wanted}"
    for one, other in zip(owed, given, strict=False):
        if one.annotation not in ("Any", other.annotation):
            yield f"{function}: {other.name} is {other.annotation}, not {one.annotation}"
    if got.return_annotation is inspect.Signature.empty:
        yield f"{function} does not say what it returns"


def undescribed(options: type[BaseModel]) -> list[str]:
    """Fields without a description, those of models inside as well, which have a docstring besides."""
    found = [name for name, field in options.model_fields.items() if not field.description]
    for model in {m for f in options.model_fields.values() for m in _models(f.annotation)}:
        found += [f"{model.__name__}: {what}" for what in (*undescribed(model), *([] if model.__doc__ else ["itself"]))]
    return found


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)


def wrong(model: type[BaseModel], values: Mapping[str, Any]) -> list[str]:
    """What a kind's options would refuse of defaults, which need not be all."""
    try:
        model.model_validate(values)
    except ValidationError as error:
        return [f"{one['loc']}: {one['msg']}" for one in error.errors() if one["type"] != "missing"]
    return []


def requirements_of(family: str, kind: Any) -> dict[str, tuple[str, ...]]:
    """The ids that each part of a kind meets: all parts must name some."""
    if family == "products":
        return {name: row.requirements for name, row in kind.COMPONENTS.items()}
    if family == "checks":
        return {"REQUIREMENTS": kind.REQUIREMENTS}
    return {row.name: row.requirements for row in kind.ROWS} if family == "faults" else {}


def empty_record(*components: Component, observed: str | None = None) -> Record:
    """Nothing was captured, restored or seen; with `observed`, that check's observation crashed."""
    portal = Portal(kind="sql", service="db", port=5432)
    source = Source(stack=Stack(file="compose.yaml", services=()))
    drill = Drill(
        name="empty",
        file="empty.drill.yaml",
        sha256="",
        product="plain",
        portal=portal,
        stand_in=None,
        why="nightly",
        source=source,
        schedule_s=None,
        objectives=Objectives(),
        components=components,
        checks=(),
    )
    at = Instant(monotonic_s=1.0, utc=datetime(2026, 11, 21, tzinfo=UTC), boot_id="boot")
    lines = (Observation(name=observed, seen=Seen.CRASHED, reason="KeyError", at=at),) if observed else ()
    plan = Plan(drill="empty", components=components, services=(), capture=(), recover=())
    return Record(drill, plan, None, Evidence(lines=lines, complete=True, sha256=""), captured_here=False)


def files(kind: ModuleType) -> list[Path]:
    path = Path(str(kind.__file__))
    return sorted(path.parent.glob("*.py")) if path.name == "__init__.py" else [path]


# ---------------------------------------------------------------- the rules on kinds made up


class Described(KindOptions):
    pass


def engine(**changes: Any) -> SimpleNamespace:
    def backup(access: BackupAccess) -> dict[str, contracts.JsonValue]:
        return {}

    def restore(access: RestoreAccess) -> None: ...

    given = {"Options": Described, "COMPONENTS": frozenset({"file_tree"}), "TOLERATES_OPEN_FILES": True}
    return SimpleNamespace(**given | {"CAPTURE_POINT": "started", "backup": backup, "restore": restore} | changes)


def test_kind_that_keeps_its_contract_has_no_breach() -> None:
    assert breaches(engine(), contracts.EngineKind) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"CAPTURE_POINT": "later"}, "CAPTURE_POINT is no"),
        ({"COMPONENTS": "file_tree"}, "COMPONENTS is no"),
        ({"TOLERATES_OPEN_FILES": "yes"}, "TOLERATES_OPEN_FILES is no"),
        ({"Options": dict}, "Options is no"),
        ({"restore": lambda archive: None}, "is not restore"),
        ({"restore": lambda access: None}, "does not say what it returns"),
    ],
)
def test_breach_of_a_contract_is_found(changes: dict[str, Any], said: str) -> None:
    assert any(said in breach for breach in breaches(engine(**changes), contracts.EngineKind))


def test_missing_constant_and_function_are_found() -> None:
    assert breaches(SimpleNamespace(), contracts.FaultKind) == ["ROWS is missing"]
    lacking = engine()
    del lacking.backup
    assert breaches(lacking, contracts.EngineKind) == ["backup is missing"]


def test_capability_with_another_call_is_found() -> None:
    def inject(bench: contracts.FaultBench) -> None: ...

    fault = SimpleNamespace(ROWS=(), inject=inject)
    assert breaches(fault, contracts.FaultKind, CAPABILITIES["faults"])


def test_option_without_a_description_is_found() -> None:
    class Options(KindOptions):
        jobs: int = 2

    assert undescribed(Options) == ["jobs"]


# ---------------------------------------------------------------- every kind


@every_kind
def test_kind_satisfies_its_protocol(family: str, name: str) -> None:
    assert breaches(registry.kind(family, name), PROTOCOLS[family], CAPABILITIES[family]) == []


@every_kind
def test_kind_says_what_it_is_and_what_its_options_mean(family: str, name: str) -> None:
    kind = registry.kind(family, name)
    assert len((kind.__doc__ or "").strip()) > 30
    if "Options" in _constants(PROTOCOLS[family]):
        assert undescribed(kind.Options) == []
        assert kind.Options.model_config.get("extra") == "forbid" and kind.Options.model_config.get("frozen")


@every_kind
def test_options_that_exempt_something_with_a_reason_are_rules_of_the_plan(family: str, name: str) -> None:
    """Else the reason reaches no report."""
    kind = registry.kind(family, name)
    if family in ("components", "engines"):
        inner = [m for f in kind.Options.model_fields.values() for m in _models(f.annotation)]
        assert isinstance(kind, contracts.HasRules) or not [m for m in inner if "reason" in m.model_fields]


@every_kind
def test_files_and_functions_stay_small(family: str, name: str) -> None:
    for path in files(registry.kind(family, name)):
        text = path.read_text(encoding="utf-8")
        assert len(text.splitlines()) <= MOST_LINES, path
        functions = [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.FunctionDef)]
        long = [f.name for f in functions if (f.end_lineno or 0) - f.lineno + 1 > MOST_LINES_OF_A_FUNCTION]
        assert long == [], path


@every_kind
def test_requirements_are_cited_by_their_ids(family: str, name: str) -> None:
    kind = registry.kind(family, name)
    for part, ids in requirements_of(family, kind).items():
        assert ids, f"{part} meets no requirement"
        assert len(set(ids)) == len(ids), part
        assert [one for one in ids if not REQUIREMENT.fullmatch(one)] == [], part
    cited = [one for path in files(kind) for one in LOOKS_LIKE_ONE.findall(path.read_text(encoding="utf-8"))]
    assert [one for one in cited if not REQUIREMENT.fullmatch(one) and one not in ("UTF-8", "SHA-256")] == []


# ---------------------------------------------------------------- products and portals


@of("products")
def test_product_names_kinds_that_exist_and_fit(name: str) -> None:
    product = registry.product(name)
    assert product.PORTAL is None or product.PORTAL in registry.names("portals")
    assert [check for check in product.DEFAULT_CHECKS if check not in registry.names("checks")] == []
    for row in product.COMPONENTS.values():
        assert isinstance(row, ProductComponent)
        registry.component(row.kind)
        assert row.kind in registry.engine(row.engine).COMPONENTS
        for match, item_class, reason in row.classes:
            assert ClassRule(match=match, item_class=ItemClass(item_class), reason=reason).reason
        assert not (row.primary and not registry.component(row.kind).IS_INDEX)


@of("products")
def test_product_proves_data_by_default(name: str) -> None:
    assert any(registry.check(check).PROVES_DATA for check in registry.product(name).DEFAULT_CHECKS)


@of("products")
def test_product_orders_its_own_components(name: str) -> None:
    product = registry.product(name)
    assert sorted(product.RESTORE_ORDER) == sorted(product.COMPONENTS)
    assert {member for order in product.GROUPS.values() for member in order} <= set(product.COMPONENTS)
    order = product.RESTORE_ORDER
    assert all(order.index(first) < order.index(then) and why for first, then, why in product.RESTORED_BEFORE)


@of("portals")
def test_portal_binds_components_with_options_that_their_kinds_know(name: str) -> None:
    portal = registry.portal(name)
    assert set(portal.TIERS) <= set(portal.COMPONENTS)
    assert set(portal.VENDOR_OF) <= set(registry.names("products"))
    for component, row in portal.COMPONENTS.items():
        assert set(row) <= {"kind", "service", "engine", "options", "engine_options", "classes"}, component
        demanded = [p.COMPONENTS[component] for p in map(registry.product, registry.names("products"))
                    if component in p.COMPONENTS]  # fmt: skip
        kinds = {row["kind"]} if "kind" in row else {one.kind for one in demanded}
        engines = {row["engine"]} if "engine" in row else {one.engine for one in demanded}
        assert kinds, f"nobody says what kind of component {component} is"
        assert [w for kind in kinds for w in wrong(registry.component(kind).Options, row.get("options", {}))] == []
        given = row.get("engine_options", {})
        assert [w for engine in engines for w in wrong(registry.engine(engine).Options, given)] == []
        assert all(ClassRule.model_validate(rule).reason for rule in row.get("classes", []))


@pytest.mark.parametrize("path", ["drills/notes.drill.yaml", "tests/variants/liferay-http.yaml"])
def test_portal_that_a_drill_file_describes_satisfies_the_protocol(path: str) -> None:
    drill = read_drill(Path(__file__).parents[2] / path)
    portal = registry.portal_of(drill.portal)
    assert breaches(portal, contracts.PortalKind, CAPABILITIES["portals"]) == []
    assert set(portal.TIERS) <= {component.name for component in drill.components} and portal.TIERS


@of("engines")
def test_engine_supports_component_kinds_that_exist(name: str) -> None:
    engine = registry.engine(name)
    assert engine.COMPONENTS and set(registry.names("components")) >= engine.COMPONENTS


@of("components")
def test_component_kind_has_an_engine(name: str) -> None:
    assert any(name in registry.engine(engine).COMPONENTS for engine in registry.names("engines"))


# ---------------------------------------------------------------- checks


@of("checks")
def test_check_that_saw_nothing_is_unknown(name: str) -> None:
    check = registry.check(name)
    for record in (empty_record(), empty_record(TREE), empty_record(TREE, observed=name)):
        assert check.judge(record, check.Options()).outcome is Outcome.UNKNOWN


@of("checks")
def test_check_that_saw_nothing_says_why_it_is_unknown(name: str) -> None:
    for record in (empty_record(), empty_record(TREE)):
        result = registry.check(name).judge(record, registry.check(name).Options())
        assert result.expected and result.found


@of("checks")
def test_check_can_pass_and_can_be_unknown(name: str) -> None:
    assert {Outcome.PASS, Outcome.UNKNOWN} <= registry.check(name).OUTCOMES


@of("checks")
def test_check_that_observes_looks_at_its_own_moment(name: str) -> None:
    check = registry.check(name)
    if not isinstance(check, Observes | contracts.LooksAtSource):
        by_others = ("capture", "data_parity", "inventory_volume", "restore", "restore_point", "skew", "tests")
        assert name in by_others, "who writes what it judges?"


# ---------------------------------------------------------------- faults


@of("faults")
def test_fault_strikes_in_exactly_one_way(name: str) -> None:
    fault = registry.fault(name)
    assert sum(isinstance(fault, way) for way in (Injects, Alters, contracts.Spoils, contracts.Litters)) == 1
    assert fault.ROWS and len({row.name for row in fault.ROWS}) == len(fault.ROWS)


@of("faults")
def test_fault_is_caught_by_a_check_that_can_say_so(name: str) -> None:
    known = {c for p in map(registry.product, registry.names("products")) for c in p.COMPONENTS}
    known |= {c for p in map(registry.portal, registry.names("portals")) for c in p.COMPONENTS}
    for row in registry.fault(name).ROWS:
        assert row.outcome in registry.check(row.caught_by).OUTCOMES - {Outcome.PASS}, row.name
        assert row.component in known, row.name
        assert row.caught_by == "restore_point" or not row.after_sealing, row.name
