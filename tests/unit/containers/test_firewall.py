"""The rules with our comment, as the tool lists them."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from harness.containers import firewall
from harness.containers.engine import Engine
from harness.containers.firewall import our_rules, rule_bridge, rule_run
from harness.containers.garbage import collect
from harness.errors import HarnessBroken

LISTING = """-P INPUT ACCEPT
-A INPUT -i br-1 -m comment --comment "portal-drill.run=20261121T075100Z-4f3a" -m conntrack -j ACCEPT
-A INPUT -i br-1 -m comment --comment portal-drill.run=20261121T075100Z-4f3a -j DROP
-A INPUT -i br-2 -m comment --comment "somebody else's portal-drill.run=1" -j DROP
-A INPUT -i lo -j ACCEPT
"""


def test_only_our_rules_are_found_ready_to_be_deleted() -> None:
    rules = our_rules(LISTING)
    assert [(rule_run(rule), rule_bridge(rule), rule[-1]) for rule in rules] == [
        ("20261121T075100Z-4f3a", "br-1", "ACCEPT"),
        ("20261121T075100Z-4f3a", "br-1", "DROP"),
    ]
    assert rules[1][:3] == ("INPUT", "-i", "br-1")


class Table:
    """The tool: what it lists, and which rules it does not delete, or has lost when it is asked to."""

    def __init__(self, held: str = "", lost: str = "") -> None:
        self.lines, self.held, self.lost = LISTING.splitlines(), held, lost

    def __call__(self, table: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        if arguments == ("-S",):
            return subprocess.CompletedProcess(arguments, 0, "\n".join(self.lines), "")
        assert arguments[0] == "-D"
        end = arguments[-1]
        if end != self.held:
            self.lines = [line for line in self.lines if not (line.startswith("-A INPUT -i br-1") and end in line)]
        return subprocess.CompletedProcess(arguments, 1 if end in (self.held, self.lost) else 0, "", "")


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> Callable[[Table], None]:
    monkeypatch.setattr(firewall, "is_root", lambda: True)
    monkeypatch.setattr(firewall, "TABLES", ("iptables",))
    monkeypatch.setattr("shutil.which", lambda name: name)
    return lambda table: monkeypatch.setattr(firewall, "_call", table)


def test_rules_of_a_bridge_are_removed(tool: Callable[[Table], None]) -> None:
    tool(Table())
    assert firewall.remove_rules(bridge="br-1") == ["20261121T075100Z-4f3a"] * 2
    assert firewall.remove_rules(bridge="br-1") == []


def test_rule_that_stays_is_said_when_all_have_been_tried(tool: Callable[[Table], None]) -> None:
    table = Table(held="ACCEPT")
    tool(table)
    with pytest.raises(HarnessBroken, match=r"^could not be removed: iptables rule of 2026\S+ on br-1$"):
        firewall.remove_rules(run="20261121T075100Z-4f3a")
    assert [rule[-1] for rule in our_rules("\n".join(table.lines))] == ["ACCEPT"]


def test_rule_that_somebody_else_has_removed_is_not_left(tool: Callable[[Table], None]) -> None:
    tool(Table(lost="DROP"))
    assert len(firewall.remove_rules(bridge="br-1")) == 1


def test_gc_says_one_line_of_the_rules_of_a_run(
    tool: Callable[[Table], None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    api = SimpleNamespace(containers=lambda **_: [], volumes=lambda **_: {"Volumes": []}, networks=lambda **_: [])
    engine = cast(Engine, SimpleNamespace(api=api))
    tool(Table())
    monkeypatch.setattr(firewall, "bridge_exists", lambda name: False)
    assert collect(tmp_path, engine=engine) == ["2 firewall rules of 20261121T075100Z-4f3a, whose bridge is gone"]
