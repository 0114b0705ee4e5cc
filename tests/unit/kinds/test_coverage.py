"""What the check `coverage` sees in a source made of handles in memory, and what it judges from data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from fakes import Answer, FakeShell, FakeStack
from test_checks import AT, component, drill, judged

from harness.errors import CouldNotAsk
from harness.kinds.checks import coverage
from harness.kinds.checks._survey import excuse
from harness.kinds.contracts import ComponentAccess, Endpoint, Judgement, PortalAccess, SourceAccess, Surrounding
from harness.model.drill import Component, Drill, External, Service, Waiver
from harness.model.evidence import AT_SOURCE, Observation
from harness.model.plan import Plan
from harness.model.verdict import Outcome

HOME = component("home", kind="file_tree", service="web", engine="tar", options={"path": "/opt/home"})
SHOP = component("shop", service="db", options={"database": "shop"})
WEB = Service(name="web", image="web:1")
DATABASE = Service(name="db", image="db:1")


@dataclass
class Portal:
    """Both capabilities of a portal."""

    library: Mapping[str, str] = field(default_factory=dict)
    named: tuple[Endpoint, ...] = ()

    def places(self, access: PortalAccess) -> Mapping[str, str]:
        return self.library

    def endpoints(self, access: PortalAccess) -> Iterator[Endpoint]:
        yield from self.named


@dataclass
class Kind:
    """A component's kind that says what it is told to."""

    around: tuple[Surrounding, ...] = ()
    folders: tuple[str, ...] = ()
    error: Exception | None = None

    def surroundings(self, access: ComponentAccess) -> Iterator[Surrounding]:
        yield from self.around
        if self.error:
            raise self.error

    def occupies(self, access: ComponentAccess) -> Iterator[str]:
        yield from self.folders


def a_source(
    portal: Any, kinds: Mapping[str, Kind], stack: FakeStack, *components: Component, services: tuple[Service, ...]
) -> SourceAccess:
    of = drill(*components)
    plan = Plan(drill="shop", components=components, services=services, capture=(), recover=())
    access = PortalAccess(of.portal.model_copy(update={"service": "web"}), stack, of)
    plain: Any = SimpleNamespace()
    return SourceAccess(of, plan, stack, access, portal, {c.name: kinds.get(c.name, plain) for c in components})


def looked(
    *, kind: Kind | None = None, portal: Any = None, mounts: Mapping[str, str] | None = None,
    changed: tuple[str, ...] = (), answers: Mapping[tuple[str, ...], Answer | Exception] | None = None,
    closed: list[str] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """What is seen of one service with one tree, whose shell gives these answers."""
    stack = FakeStack(FakeShell(answers or {}))
    stack.volumes, stack.changed = mounts if mounts is not None else {"/opt/home": "home"}, list(changed)
    access = a_source(portal or SimpleNamespace(), {"home": kind} if kind else {}, stack, HOME, services=(WEB,))
    data: Any = coverage.look(access, coverage.Options(closed_services=closed or []))
    return data  # type: ignore[no-any-return]


def names(data: Mapping[str, Any]) -> list[str]:
    return [finding["name"] for finding in data["findings"]]


def outcome(data: Any, of: Drill | None = None) -> Judgement:
    return judged("coverage", Observation(name="coverage", subject=AT_SOURCE, data=data, at=AT), within=of)


def seen(*findings: str, **more: Any) -> dict[str, Any]:
    listed = [{"name": name, "why": "why", "requirements": []} for name in findings]
    return {"surveyed": {"volume": 2, "index": 1}, "excused": {}, "findings": listed, "more": 0, "unasked": []} | more


# ---------------------------------------------------------------- what is seen


def test_all_that_is_declared_is_no_finding() -> None:
    data = looked()
    assert (data["findings"], data["unasked"], data["surveyed"]) == ([], [], {"volume": 1})


def test_volume_that_no_component_looks_into_is_found() -> None:
    data = looked(mounts={"/opt/home": "home", "/opt/home/uploads": "uploads", "/srv/cache": ""})
    assert names(data) == ["volume uploads", "volume web:/srv/cache"]


def test_what_lies_beside_a_tree_on_its_volume_is_found() -> None:
    beside = "/opt/other/a\0/opt/other/b\0/opt/notes.txt\0"
    data = looked(mounts={"/opt": "all"}, answers={("find", "/opt"): (0, beside, "")})
    assert names(data) == ["files web:/opt/notes.txt", "files web:/opt/other"]


def test_folder_of_a_server_covers_its_volume_and_those_inside() -> None:
    stack = FakeStack()
    stack.volumes = {"/var/db": "data", "/var/db/wal": "wal", "/srv/uploads": "uploads"}
    access = a_source(SimpleNamespace(), {"shop": Kind(folders=("/var/db",))}, stack, SHOP, services=(DATABASE,))
    data: Any = coverage.look(access, coverage.Options())
    assert names(data) == ["volume uploads"]


def test_file_changed_in_the_container_is_found_and_noise_is_excused() -> None:
    changed = ("/etc/mail.conf", "/opt/home/x", "/run/web.pid", "/srv", "/tmp/a", "/usr/gone")
    kinds: dict[tuple[str, ...], Answer | Exception] = {("kind",): (0, "changed\nfolder\nremoved\n", "")}
    data = looked(changed=changed, answers=kinds)
    assert names(data) == ["file web:/etc/mail.conf", "file web:/usr/gone"]
    assert data["findings"][1]["why"] == "removed against the image"
    assert data["excused"] == {"file": 2}


def test_file_held_open_says_so() -> None:
    opened = "/srv/forgotten.db\0/opt/home/log\0pipe:[1]\0/tmp/x (deleted)\0/dev/null\0"
    answers: dict[tuple[str, ...], Answer | Exception] = {("kind",): (0, "changed\n", "")}
    data = looked(changed=("/srv/forgotten.db",), answers=answers | users(opened))
    assert data["findings"][0]["why"] == "in the container's own layer, and held open by a process"
    assert data["surveyed"]["open file"] == 2


def users(opened: str, error: str = "") -> dict[tuple[str, ...], Answer | Exception]:
    from harness.kinds.checks import _survey

    return {(_survey._USERS,): (0, "1000:1000\n", ""), (_survey._OPEN,): (0, opened, error)}


def test_process_that_cannot_be_looked_into_is_said_unless_its_service_is_closed() -> None:
    denied = users("", "find: '/proc/7/fd/1': Permission denied\n")
    assert looked(answers=denied)["unasked"][0].startswith("open files of web: not every process")
    data = looked(answers=denied, closed=["web"])
    assert (data["unasked"], data["left_out"][0]) == ([], "open files of web")


def test_link_is_judged_by_where_it_leads() -> None:
    def link(name: str, place: str) -> Surrounding:
        return Surrounding(f"link web:/opt/home/{name}", False, "leads away", place=place)

    around = (link("image", "/usr/share/x"), link("own", "/srv/journal"), link("tree", "/opt/home/y"))
    answers: dict[tuple[str, ...], Answer | Exception] = {("kind",): (0, "changed\nchanged\n", "")}
    changed = ("/srv/journal/a", "/srv/journal/b")
    data = looked(kind=Kind(around), changed=changed, answers=answers)
    assert [(f["name"], f["why"]) for f in data["findings"]] == [("link web:/opt/home/own", "leads away; 2 files")]


def test_what_one_component_holds_or_excuses_is_no_finding_of_another() -> None:
    def kind(*held: str) -> Kind:
        return Kind(tuple(Surrounding(f"index {n}", n in held, "nobody") for n in ("one", "two", "three")))

    stack = FakeStack()
    other = SHOP.model_copy(update={"name": "other"})
    kinds = {"shop": kind("one"), "other": kind("two")}
    data: Any = coverage.look(
        a_source(SimpleNamespace(), kinds, stack, SHOP, other, services=(DATABASE,)), coverage.Options()
    )
    assert (names(data), data["surveyed"]["index"]) == (["index three"], 3)


def test_relocated_library_is_found() -> None:
    assert names(looked(portal=Portal({"library": "/opt/home/library"}))) == []
    assert names(looked(portal=Portal({"library": "/srv/library"}))) == ["files web:/srv/library"]


def test_library_on_a_volume_inside_a_tree_is_not_held_by_the_tree() -> None:
    mounts = {"/opt/home": "home", "/opt/home/uploads": "uploads"}
    data = looked(portal=Portal({"library": "/opt/home/uploads/x"}), mounts=mounts)
    assert names(data) == ["files web:/opt/home/uploads/x", "volume uploads"]


def test_hosts_but_for_services_and_this_machine_are_found() -> None:
    hosts = ("web", "WEB", "localhost", "127.0.1.1", "::1", "0.0.0.0", "mail.example", "10.9.9.9")
    portal = Portal(named=tuple(Endpoint(host, None, "a:1") for host in hosts))
    assert names(looked(portal=portal)) == ["host 10.9.9.9", "host mail.example"]


def test_part_that_cannot_be_seen_does_not_hide_the_others() -> None:
    data = looked(kind=Kind((Surrounding("index x", False, "nobody"),), error=CouldNotAsk("timed out")))
    assert (names(data), data["unasked"]) == (["index x"], ["around home: timed out"])


def test_name_that_no_waiver_could_give_is_a_mistake_of_the_kind() -> None:
    with pytest.raises(ValueError, match="UNDECLARED"):
        looked(kind=Kind((Surrounding("thing x", False, "nobody"),)))


def test_thousands_of_findings_are_counted() -> None:
    data = looked(kind=Kind(tuple(Surrounding(f"index {n}", False, "nobody") for n in range(700))))
    assert (len(data["findings"]), data["more"]) == (500, 200)


@pytest.mark.parametrize("path", ["/tmp/x/y", "/run", "/usr/lib/x.pyc", "/srv/a/__pycache__", "/etc/hosts", "/a.pid"])
def test_noise_is_excused_with_a_reason(path: str) -> None:
    assert excuse(path)


@pytest.mark.parametrize("path", ["/tmpfiles", "/etc/hosts.allow", "/opt/x/tmp/y", "/runtime/x", "/srv/a.db", "/data"])
def test_what_may_be_data_is_not_excused(path: str) -> None:
    assert excuse(path) == ""


# ---------------------------------------------------------------- what is judged


def test_nothing_undeclared_passes_and_says_what_was_surveyed() -> None:
    found = outcome(seen(left_out=["hosts of the portal's configuration"], excused={"index": 1}))
    assert found.outcome is Outcome.PASS
    expected = "surveyed 1 index (1 excused), 2 volumes; not surveyed: hosts of the portal's configuration"
    assert found.found == expected


def test_finding_fails_in_the_words_of_a_waiver() -> None:
    found = outcome(seen("database forgotten"))
    assert (found.outcome, found.items.first) == (Outcome.FAIL, ("undeclared database forgotten: why",))


def waived(*what: str) -> Drill:
    return drill(waivers=tuple(Waiver(what=one, reason="known", until="2099-12-31") for one in what))


def test_waiver_lets_a_finding_pass_and_is_counted() -> None:
    found = outcome(seen("volume cache", "file web:/etc/ssl/a"), waived("undeclared volume cache", "undeclared file *"))
    assert found.outcome is Outcome.PASS
    assert found.found.endswith("; 2 waived")


@pytest.mark.parametrize("what", ["undeclared volume cach", "undeclared volume cach?", "component cache", "cache"])
def test_other_waiver_does_not(what: str) -> None:
    assert outcome(seen("volume cache"), waived(what)).outcome is Outcome.FAIL


def test_host_that_is_declared_external_passes() -> None:
    of = drill(external=(External(host="*.Example.com", reason="a relay"),))
    assert outcome(seen("host mail.example.com"), of).outcome is Outcome.PASS
    assert outcome(seen("host example.com"), of).outcome is Outcome.FAIL
    assert outcome(seen("index mail.example.com"), of).outcome is Outcome.FAIL


def test_what_could_not_be_surveyed_is_unknown_and_a_finding_is_worse() -> None:
    found = outcome(seen(unasked=["around search: refused"]))
    assert (found.outcome, found.found) == (Outcome.UNKNOWN, "around search: refused")
    assert outcome(seen("index x", unasked=["around search: refused"])).outcome is Outcome.FAIL


def test_findings_without_a_name_fail_whatever_is_waived() -> None:
    found = outcome(seen(more=3), waived("undeclared index *"))
    assert (found.outcome, found.items.count) == (Outcome.FAIL, 3)


@pytest.mark.parametrize("data", [{}, seen(surveyed={})])
def test_empty_survey_is_unknown(data: Any) -> None:
    assert outcome(data).outcome is Outcome.UNKNOWN


def test_no_survey_is_unknown() -> None:
    assert judged("coverage").outcome is Outcome.UNKNOWN
