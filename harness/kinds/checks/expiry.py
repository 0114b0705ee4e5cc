"""Certificates and tokens of the restored trees of files are valid, if they were valid at the source (GEN-D25).

A backup keeps what was valid on its day. Stores are looked for by name and read by content: X.509 certificates in PEM,
DER, PKCS#12, JKS and JCEKS, and JSON Web Tokens in text files. What had expired at the source already is counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from pydantic import Field

from harness import at_once
from harness.kinds.checks._dated_files import MOST_HITS, MOST_STORES, MOST_TEXTS, Listed, dated_files, is_store
from harness.kinds.checks._expiry_judged import Side, judge_sides
from harness.kinds.checks._stores import Dated, Found, read_store, read_tokens
from harness.kinds.contracts import CheckAccess, Judgement, KindOptions, Record, SourceAccess, When
from harness.model.drill import Component
from harness.model.frozen import JsonValue
from harness.model.inventory import ClassRule, ItemClass, rule_of
from harness.model.verdict import Outcome

WHEN = When.AT_REST  # a portal may not start with what has expired
OUTCOMES = frozenset(Outcome)
PROVES_DATA = False
ALWAYS = False
REQUIREMENTS = ("GEN-D25",)
FILES = "file_tree"
MOST = 1000  # dates, and files that cannot be read, that are kept of one tree
NOT_JUDGED = frozenset({ItemClass.DISPOSABLE, ItemClass.CANARY})


class StorePassword(KindOptions):
    """The password of stores whose certificates are encrypted."""

    path: str = Field(description="Glob of paths below their component's.")
    password: str = Field(description="A reference, `${env:NAME}` or `${file:/path}`.")


class IgnoredFile(KindOptions):
    """Files in which nothing is looked for."""

    path: str = Field(description="Glob of paths below their component's.")
    reason: str = Field(description="Why.")


class Options(KindOptions):
    valid_for_s: float = Field(
        default=0.0, ge=0, description="What was valid at the source stays valid at least so long after the restore."
    )
    passwords: list[StorePassword] = Field(
        default=[], description="Passwords of stores, each `path` (a glob) and `password` (a reference)."
    )
    ignore: list[IgnoredFile] = Field(
        default=[], description="Files that are left out, each `path` (a glob) and `reason`."
    )


def loosened(options: Options) -> Iterator[str]:
    yield from (f"dates in {rule.path} are not judged: {rule.reason}" for rule in options.ignore)


# ---------------------------------------------------------------- looking, the same at source and sandbox


def look(access: SourceAccess, options: Options) -> JsonValue:
    return _see(access, options)


def observe(access: CheckAccess, options: Options) -> JsonValue:
    return _see(access, options)


def _see(access: SourceAccess, options: Options) -> JsonValue:
    """By file tree what `_Tree.data` has."""
    rebuilt = access.drill.rebuilt()
    asked = [c for c in access.plan.components if c.kind == FILES and c.name not in rebuilt]

    def tree(component: Component) -> JsonValue:
        return _Tree(access, component, options).data()

    return dict(zip((c.name for c in asked), at_once.each(tree, asked), strict=True))


@dataclass
class _Tree:
    """One tree. Shape of `data`: `files` counted by name, `dates` (each file, entry, kind, subject, not_before and
    not_after in ISO 8601, UTC), `unread` (each file and why), `more` of both that are not named, `left` texts that
    were not searched and why."""

    access: SourceAccess
    component: Component
    options: Options
    dates: list[JsonValue] = field(default_factory=list)
    unread: list[JsonValue] = field(default_factory=list)
    more: int = 0

    def data(self) -> JsonValue:
        listed = Listed(0, 0, 0, 0, 0, ())
        for one in dated_files(self.access.on(self.component)):
            if isinstance(one, Listed):
                listed = one
            elif not self._left_out(one[0]):
                self._take(_plain(one[0]), self._found(*one))
        for name in listed.first_large:
            if not self._left_out(name):
                self._take(_plain(name), Found(unread="it is too large to be read"))
        self.more += listed.large - len(listed.first_large)
        self.more += max(0, listed.stores - MOST_STORES) + max(0, listed.hits - MOST_HITS)
        left = {"too large": listed.long, f"beyond {MOST_TEXTS:,}": max(0, listed.texts - MOST_TEXTS)}
        return {
            "files": listed.stores + listed.large + listed.texts + listed.long,
            "dates": self.dates,
            "unread": self.unread,
            "more": self.more,
            "left": {why: count for why, count in left.items() if count},
        }

    def _left_out(self, name: str) -> bool:
        rule = rule_of(name, self.component.classes)
        disposable = rule is not None and rule.item_class in NOT_JUDGED
        return disposable or _is_ignored(self.options, name)

    def _found(self, name: str, content: bytes) -> Found:
        if not is_store(name):
            return read_tokens(content)
        known = [one.password for one in self.options.passwords if _fits(name, one.path)]
        return read_store(content, [self.access.stack.resolved(password) for password in known])

    def _take(self, name: str, found: Found) -> None:
        for one in found.dated:
            self._keep(self.dates, _shown(name, one))
        if found.unread:
            self._keep(self.unread, {"file": name, "why": _plain(found.unread)})

    def _keep(self, where: list[JsonValue], one: JsonValue) -> None:
        if len(where) < MOST:
            where.append(one)
        else:
            self.more += 1


def _is_ignored(options: Options, name: str) -> bool:
    return any(_fits(name, rule.path) for rule in options.ignore)


def _fits(name: str, glob: str) -> bool:
    return ClassRule(match=glob, item_class=ItemClass.STATE, reason="").matches(name)


def _shown(name: str, one: Dated) -> JsonValue:
    return {
        "file": name,
        "entry": _plain(one.entry),
        "kind": one.kind,
        "subject": _plain(one.subject),
        "not_before": one.not_before.isoformat() if one.not_before else None,
        "not_after": one.not_after.isoformat(),
    }


def _plain(text: str) -> str:
    """Text that evidence takes: names and claims may be no Unicode."""
    return text.encode("utf-8", "backslashreplace").decode()


# ---------------------------------------------------------------- judging


def judge(record: Record, options: Options) -> Judgement:
    """FAIL: what was valid when the source was looked at is not, or not for long enough, or can no longer be read.
    UNKNOWN: one side was not looked at, or a store could not be read."""
    is_ignored = partial(_is_ignored, options)
    before = Side.of(record.at_source("expiry"), is_ignored)
    now = Side.of(record.seen("expiry"), is_ignored)
    return judge_sides(before, now, timedelta(seconds=options.valid_for_s))
