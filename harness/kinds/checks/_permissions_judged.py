"""Users, trees and scripts of the check `permissions`, as seen at the source and after the restore; no kind of its own.

Each judge yields an outcome and a sentence; of PASS the sentence is a note.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harness.kinds.contracts import joined
from harness.model.frozen import JsonValue
from harness.model.verdict import Outcome

NOT_EXECUTED = (126, 127)  # of a shell and of the container engine: found and not executable, or not found
LOST = {"unreadable": "can no longer read", "unwritable": "can no longer write into", "executable": "cannot execute"}

Data = Mapping[str, JsonValue]
_Judged = tuple[Outcome, str]


def judge_users(before: Data, now: Data) -> Iterator[_Judged]:
    earlier, later = part(before, "services"), part(now, "services")
    good = list[str]()
    for service in sorted(earlier.keys() | later.keys()):
        one, other = part(earlier, service), part(later, service)
        if "main" not in one or "main" not in other:
            place = "at the source" if "main" not in one else "after the restore"
            reason = (one if "main" not in one else other).get("reason", "it was not looked at")
            yield Outcome.UNKNOWN, f"{service}: whom it runs as {place} is not known: {reason}"
            continue
        new = [user for user in _texts(other, "users") if user not in _texts(one, "users")]
        if one["main"] != other["main"]:
            yield Outcome.FAIL, f"{service} runs as {_called(other)}, at the source as {_called(one)}"
        elif new:
            yield Outcome.FAIL, f"{service} has processes of {_called(other, new[0])}, at the source it had none"
        else:
            good.append(f"{service} runs as {_called(other)}")
    if good:
        yield Outcome.PASS, ", ".join(good)


def judge_trees(before: Data, now: Data) -> Iterator[_Judged]:
    earlier, later = part(before, "trees"), part(now, "trees")
    seen, as_root = 0, list[str]()
    for name in sorted(earlier.keys() | later.keys()):
        one, other = part(earlier, name), part(later, name)
        lost = part(other, "lost")
        if "root" in one and "root" in other:
            as_root.append(name)
        elif "root" in one or "root" in other:
            continue  # another user: said of the service
        elif "unreadable" not in one or not lost:
            reason = one.get("reason") or other.get("reason") or "it was not looked at"
            yield Outcome.UNKNOWN, f"{name}: what the service can do with it is not known: {reason}"
        else:
            seen += int(str(other["files"])) + int(str(other["directories"]))
            for kind, words in LOST.items():
                named = part(lost, kind)
                names = _texts(named, "first")
                if names:
                    more = int(str(named["count"])) - 1
                    also = f" and {more} more" if more else ""
                    yield Outcome.FAIL, f"{name}: the service {words} {names[0]}{also}"
            if bounded := _texts(other, "bounded"):
                yield Outcome.PASS, f"{name}: of those that are {joined(bounded)} only the first names were compared"
    if seen:
        yield Outcome.PASS, f"{seen:,} files and directories can be used as at the source"
    if as_root:
        yield Outcome.PASS, f"{joined(as_root)} belongs to a service that runs as root: what it can do shows nothing"


def judge_scripts(before: Data, now: Data) -> Iterator[_Judged]:
    earlier = {str(part(one)["name"]): part(one) for one in _list(before, "scripts")}
    for one in map(part, _list(now, "scripts")):
        name, source = str(one["name"]), earlier.get(str(one["name"]), {})
        if source.get("exit_code") is None or one["exit_code"] is None:
            place, asked = ("at the source", source) if source.get("exit_code") is None else ("after the restore", one)
            yield Outcome.UNKNOWN, f"{name} was not run {place}: {asked.get('said', 'nobody tried')}"
        elif not _ran(source):
            yield Outcome.UNKNOWN, f"{name} did not run at the source either: {_ended(source)}"
        elif not _ran(one):
            yield Outcome.FAIL, f"{name} does not run: {_ended(one)}"
        else:
            yield Outcome.PASS, f"{name} runs"


def _ran(script: Data) -> bool:
    return script["exit_code"] == 0


def _ended(script: Data) -> str:
    code = script["exit_code"]
    return f"{'cannot be executed' if code in NOT_EXECUTED else 'ended'} with {code}: {script.get('said')}"


def _called(users: Data, user: str | None = None) -> str:
    """`liferay (1000:1000)`."""
    ids = user or str(users["main"])
    name = part(users, "names").get(ids)
    return f"{name} ({ids})" if name else ids


def part(data: JsonValue | Data, key: str | None = None) -> Data:
    found = data.get(key) if key is not None and isinstance(data, Mapping) else data
    return found if isinstance(found, Mapping) else {}


def _list(data: Data, key: str) -> list[JsonValue]:
    found = data.get(key)
    return found if isinstance(found, list) else []


def _texts(data: Data, key: str) -> list[str]:
    return [str(one) for one in _list(data, key)]
