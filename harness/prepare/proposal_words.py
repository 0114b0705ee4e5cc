"""What a new drill file, or its refusal, says of what the Compose file hardly says."""

from __future__ import annotations

from collections.abc import Mapping

from harness.kinds import registry
from harness.kinds.contracts import ProductKind
from harness.model.drill import Service, Stack
from harness.model.frozen import JsonValue

CALLED = "another database of the same server: put the name in that it really has"
_UNSAID = "the Compose file names no database, this is the server's default: put the name in that it really has"
NOWHERE = "nothing in the stack is called like it, and it cannot be left out: put the place in where it really lies"


def unsaid(service: Service, options: Mapping[str, JsonValue]) -> str:
    """What is to be looked at, if the service's environment does not name the database."""
    return _UNSAID if options.get("database", "") not in ("", *service.environment.values()) else ""


def refusal(stack: Stack, product: ProductKind, refused: list[str]) -> str:
    """Why no drill file can be written, and what to add to the stack. `refused`: empty if it holds nothing at all."""
    kinds = {name: product.COMPONENTS[name].kind for name in refused}
    has = "; ".join(f"{one.name} ({one.image})" for one in stack.in_profile(None))
    add = [
        f"for {name} "
        + (f"a service with {kind}" if registry.component(kind).NEEDS_SERVICE else "a named volume where it lies")
        for name, kind in kinds.items()
    ]
    return (
        f"no service of {stack.file} looks as if it held {', '.join(refused) or 'anything that can be backed up'} "
        f"({', '.join(sorted(set(kinds.values()))) or 'any kind'}). It has {has}. "
        f"Add to it {'; '.join(add) or 'a server of a known kind, or a named volume'}"
    )
