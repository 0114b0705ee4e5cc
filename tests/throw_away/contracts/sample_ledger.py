"""A ledger of forty lines; thrown away after the test."""

from __future__ import annotations

from typing import Any

from bench import Change

from harness.kinds.contracts import ToolImage
from harness.model.drill import Component, Service
from harness.model.frozen import JsonValue

PATH = "/srv/pages"
SERVICES = (Service(name="web", image="portal-drill/tools:3", command=("sleep", "600"), volumes={PATH: "pages"}),)
COMPONENT = Component(name="pages", kind="ledger", service="web", engine="", options={"path": PATH})
VARIANTS: dict[str, dict[str, JsonValue]] = {}
ENGINES: dict[str, dict[str, JsonValue]] = {"copy": {}}
EMPTY_REFUSED: frozenset[str] = frozenset()
ALSO: tuple[str, ...] = ()


def _run(stack: Any, script: str) -> None:
    with stack.tool("web", image=ToolImage.TOOLS, writable=True) as shell:
        shell.run(["sh", "-euc", script], timeout_s=60).ok()


def answers(stack: Any) -> bool:
    return True


def make_empty(stack: Any) -> None:
    _run(stack, f": > {PATH}/ledger")


def fill(stack: Any) -> None:
    _run(stack, f"for n in $(seq 10 49); do echo $n what was written on page $n; done > {PATH}/ledger")


def wipe(stack: Any) -> None:
    _run(stack, f"rm -rf {PATH}/*")


def leave_behind(stack: Any) -> None:
    _run(stack, f"echo 99 left behind >> {PATH}/ledger; echo left > {PATH}/loose-leaf")


def bystanders(stack: Any) -> str:
    return ""


CHANGES = {
    "page": Change(lambda stack: _run(stack, f"sed -i 's/^20 .*/20 changed/' {PATH}/ledger"), changed=("20",)),
    "page_lost": Change(lambda stack: _run(stack, f"sed -i '/^21 /d' {PATH}/ledger"), missing=("21",)),
    "page_more": Change(lambda stack: _run(stack, f"echo 50 more >> {PATH}/ledger"), extra=("50",)),
}
