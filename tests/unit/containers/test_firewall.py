"""The rules with our comment, as the tool lists them."""

from __future__ import annotations

from harness.containers.firewall import our_rules, rule_bridge, rule_run

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
