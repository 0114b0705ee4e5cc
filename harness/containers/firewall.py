"""Cuts a bridge off from the host itself: the bridge's gateway address reaches every service of the host."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path

from harness.containers.labels import RUN
from harness.errors import CouldNotAsk, HarnessBroken

TABLES = ("iptables", "ip6tables")
TIMEOUT_S = 20
_LOCAL = ["-m", "addrtype", "--dst-type", "LOCAL", "-j", "DROP"]
ASKS = (["-p", "udp", *_LOCAL], ["-p", "tcp", "--syn", *_LOCAL])  # counted: see `asked_for_host`
WAIT_S = "10"  # for another process's hold of the rules


def can_cut(bridge: str) -> bool:
    """Root, the tool, and the bridge on this very host are needed."""
    return is_root() and shutil.which(TABLES[0]) is not None and bridge_exists(bridge)


def is_root() -> bool:
    return os.geteuid() == 0


def bridge_exists(bridge: str) -> bool:
    return Path("/sys/class/net", bridge).exists()


def cut(bridge: str, run: str) -> bool:
    """Drops what comes from the bridge to the host, except answers; what asks for a service of the host (a first
    packet of TCP, a datagram) by rules of its own, which count. True if that holds.

    The drop is put first, then the exception above it: however other runs' rules interleave, the exception
    of a bridge stands above its drop, or the harness would lose its own way in.
    """
    if not can_cut(bridge):
        return False
    answers = ["-m", "conntrack", "--ctstate", "ESTABLISHED,RELATED", "-j", "ACCEPT"]
    done = {
        table: all(_insert(table, bridge, run, end) for end in (["-j", "DROP"], *ASKS, answers))
        for table in TABLES
        if shutil.which(table)
    }
    return done[TABLES[0]]


def let_pass_inside(bridge: str, run: str) -> bool:
    """Lets packets for any address pass from one port of the bridge to another: to the sink, and nowhere else.

    Docker drops what is not for the bridge's own subnet, even between two of its ports; its chain for users comes
    before that. True if they pass.
    """
    if not can_cut(bridge):
        return False
    return _insert(TABLES[0], bridge, run, ["-o", bridge, "-j", "ACCEPT"], chain="DOCKER-USER")


def asked_for_host(bridge: str) -> int:
    """How many packets from the bridge asked for a service of the host, and were dropped.

    Raises: CouldNotAsk if nothing counts them.
    """
    if not can_cut(bridge):
        raise CouldNotAsk(f"nothing counts what {bridge} asks of the host itself")
    listing = _call(f"{TABLES[0]}-save", "-c", "-t", "filter").stdout
    lines = [line for line in listing.splitlines() if f"-i {bridge} " in line and f"{RUN}=" in line]
    counted = [line for line in lines if "-j DROP" in line and ("-p tcp" in line or "-p udp" in line)]
    if len(counted) < len(ASKS):
        raise CouldNotAsk(f"the rules that cut {bridge} from the host are not there: {lines}")
    return sum(int(line[1:].split(":", 1)[0]) for line in counted)


def remove_rules(*, run: str | None = None, bridge: str | None = None, only_without_bridge: bool = False) -> list[str]:
    """Removes our rules of a run, a bridge, or all, `only_without_bridge` those whose bridge is gone.

    Returns: of each rule removed, the run.
    Raises: HarnessBroken if the tool gives no answer, or if rules are left, when all have been tried.
    """
    removed, refused = list[str](), list[tuple[str, tuple[str, ...]]]()
    if not is_root():
        return []
    for table, rule in all_rules():
        if run not in (None, rule_run(rule)) or bridge not in (None, rule_bridge(rule)):
            continue
        if only_without_bridge and bridge_exists(rule_bridge(rule)):
            continue
        if _call(table, "-D", *rule).returncode == 0:
            removed.append(rule_run(rule))
        else:
            refused.append((table, rule))
    there = all_rules() if refused else []  # somebody else may have removed it meanwhile
    if left := [_said(*rule) for rule in refused if rule in there]:
        raise HarnessBroken(f"could not be removed: {'; '.join(left)}")
    return removed


def _said(table: str, rule: tuple[str, ...]) -> str:
    return f"{table} rule of {rule_run(rule)} on {rule_bridge(rule)}"


def all_rules() -> list[tuple[str, tuple[str, ...]]]:
    """Table and rule of each of ours, in every chain. Raises: HarnessBroken if the tool gives no answer."""
    return [(table, rule) for table in TABLES if shutil.which(table) for rule in our_rules(_call(table, "-S").stdout)]


def our_rules(listing: str) -> list[tuple[str, ...]]:
    """The rules with our comment, as `-S` lists them, ready for `-D` (chain first)."""
    rules = (tuple(shlex.split(line)) for line in listing.splitlines() if f"{RUN}=" in line)
    return [rule[1:] for rule in rules if rule[0] == "-A" and rule_run(rule)]


def rule_run(rule: tuple[str, ...]) -> str:
    comment = _after(rule, "--comment")
    return comment.removeprefix(f"{RUN}=") if comment.startswith(f"{RUN}=") else ""


def rule_bridge(rule: tuple[str, ...]) -> str:
    return _after(rule, "-i")


def _after(rule: tuple[str, ...], option: str) -> str:
    return rule[rule.index(option) + 1] if option in rule else ""


def _insert(table: str, bridge: str, run: str, end: list[str], chain: str = "INPUT") -> bool:
    comment = ["-m", "comment", "--comment", f"{RUN}={run}"]
    return _call(table, "-I", chain, "1", "-i", bridge, *comment, *end).returncode == 0


def _call(table: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    wait = [] if table.endswith("-save") else ["-w", WAIT_S]
    command = [table, *wait, *arguments]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise HarnessBroken(f"`{shlex.join(command)}` gave no answer: {error}") from error
