"""Finds kinds by name: one file in a family's folder is one kind; nothing is registered by hand.

YAML word = module name, with `-` and `.` written `_` in file names (`liferay-dxp-7.4` is
`products/liferay_dxp_7_4.py`).
"""

from __future__ import annotations

import pkgutil
import re
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any, cast

from harness.kinds import contracts
from harness.model.drill import Portal

FAMILIES = ("products", "portals", "components", "engines", "checks", "faults")
_SOURCES = re.compile(r" \([^()]*(?:\b[A-Z]+7?1?-D?[0-9]+|DESIGN|\bfacts? [0-9])[^()]*\)")


@cache
def names(family: str) -> tuple[str, ...]:
    """The YAML words of one family, sorted, without importing the kinds (products say theirs in NAME)."""
    package = import_module(f"harness.kinds.{family}")
    modules = sorted(m.name for m in pkgutil.iter_modules(package.__path__) if not m.name.startswith("_"))
    if family == "products":
        return tuple(sorted(str(_module(family, module).NAME) for module in modules))
    return tuple(modules)


@cache
def _module(family: str, name: str) -> ModuleType:
    return import_module(f"harness.kinds.{family}.{name}")


@cache
def kind(family: str, name: str) -> ModuleType:
    """The module of one kind. Raises: KeyError if the family has no such kind."""
    if name not in names(family):
        raise KeyError(f"no {family[:-1]} is called {name}")
    return _module(family, name.replace("-", "_").replace(".", "_"))


def says(of: object) -> str:
    """What a kind is, for its users: the first paragraph of its docstring without the sources that it cites."""
    return _SOURCES.sub("", (of.__doc__ or "").strip().split("\n\n", 1)[0].replace("\n", " "))


def product(name: str) -> contracts.ProductKind:
    return cast(contracts.ProductKind, kind("products", name))


def portal(name: str) -> contracts.PortalKind:
    return cast(contracts.PortalKind, kind("portals", name))


def portal_of(used: Portal) -> contracts.PortalKind:
    """The portal of a drill, shaped by its options if its kind is one that they shape."""
    shaper = shaper_of(used.kind)
    return shaper.shaped(used.options) if shaper else portal(used.kind)


@cache
def shaper_of(name: str) -> contracts.ShapedByOptions | None:
    """The portal, if its kind is one that options shape; kept, because asking a Protocol takes half a millisecond."""
    found = portal(name)
    return found if isinstance(found, contracts.ShapedByOptions) else None


@cache
def purges(name: str) -> bool:
    """Whether the contents of this kind of component can be purged; kept for the same reason."""
    return isinstance(component(name), contracts.Purges)


def component(name: str) -> contracts.ComponentKind:
    return cast(contracts.ComponentKind, kind("components", name))


def engine(name: str) -> contracts.EngineKind:
    return cast(contracts.EngineKind, kind("engines", name))


def check(name: str) -> contracts.CheckKind:
    return cast(contracts.CheckKind, kind("checks", name))


def fault(name: str) -> contracts.FaultKind:
    return cast(contracts.FaultKind, kind("faults", name))


def options(of: Any, values: dict[str, Any]) -> contracts.KindOptions:
    """Validated options of a kind (a second validation of what the parser has already accepted)."""
    return cast(contracts.KindOptions, of.Options.model_validate(values))
