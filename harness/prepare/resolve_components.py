"""From a file's text of components to components: what the product, the portal and the file say of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.kinds import registry
from harness.kinds.contracts import ProductComponent
from harness.model.drill import Component
from harness.prepare.kind_options import classes_of, read_options
from harness.prepare.resolve import Desk, check_service
from harness.prepare.schema import ComponentText
from harness.prepare.yaml_source import At

_COMPONENT_KEYS = tuple(ComponentText.model_fields)
_USUAL: dict[tuple[object, ...], tuple[Component, object]] = {}
_MOST_USUAL = 256


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
    check_service(desk, str(service), desk.place((*at, "service"), desk.place(at, ("portal",))))
    return str(service)
