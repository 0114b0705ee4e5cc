"""A ledger, one line a page, in a folder on a volume; thrown away after the test."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from harness.kinds.contracts import ComponentAccess, KindOptions, ToolImage
from harness.model.frozen import JsonValue
from harness.model.inventory import Item, ItemClass

NEEDS_SERVICE = False
IS_INDEX = False


class Options(KindOptions):
    path: str = Field(description="Folder of the ledger.")
    ink: str = Field(default="blue", description="Colour that the ledger is written in.")


def inventory(access: ComponentAccess) -> Iterator[Item]:
    path = str(access.component.options["path"])
    with access.stack.tool(access.component.service, image=ToolImage.TOOLS, writable=False) as shell:
        written = b"".join(shell.stream(["cat", f"{path}/ledger"], timeout_s=60)).decode()
    for line in sorted(written.splitlines()):
        yield Item(line.partition(" ")[0], ItemClass.STATE, line, {})


def position(access: ComponentAccess) -> dict[str, JsonValue]:
    return {"lines": sum(1 for _ in inventory(access))}


def proved_empty(access: ComponentAccess) -> str | None:
    path = str(access.component.options["path"])
    with access.stack.tool(access.component.service, image=ToolImage.TOOLS, writable=False) as shell:
        found = shell.run(["find", path, "-mindepth", "1"], timeout_s=60).ok().text
    return f"{path} holds {found.splitlines()[0]}" if found else None
