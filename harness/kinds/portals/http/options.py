"""What a drill file says of a portal of its own, key by key. `fit.py` holds the keys against each other."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from harness.kinds.contracts import KindOptions
from harness.kinds.portals.http.extract import Where, regular
from harness.kinds.portals.http.requests import Account, Asked, Health, ReadStep, Request, Use, WriteStep

_DENY = r"Traceback \(most recent call last\)|\b(CRITICAL|FATAL)\b"


Pattern = Annotated[str, AfterValidator(regular)]


class Nonces(KindOptions):
    """Where nonces are found again: in the titles of a listed type."""

    type: str = Field(description="Type of `content`.")
    pattern: Pattern = Field(description="Regular expression of such titles; its first group is the nonce.")


class Nonce(KindOptions):
    """A word that is written before each backup, and must be the newest one after the restore."""

    write: list[WriteStep] = Field(min_length=1, description="Requests with `{nonce}`.")
    read: Nonces = Field(description="How they are found again.")


class Detail(Request):
    """A request for one listed item, `{id}`, whose answer holds more of its text."""

    text: list[Where] = Field(min_length=1, description="What a search looks at.")


class Texts(KindOptions):
    """Rows that hold the text of all listed items."""

    database: str = Field(default="database", description="Component of the rows.")
    query: str = Field(description="SQL: an item's id, and its text.")


class Paged(Request):
    """A list in pages. Pages are asked for by `{after}` (the last id), `{offset}` (items so far), `{page}` (from 1) in
    the request, or by the link at `next`."""

    type: str = Field(pattern=r"^[a-z][a-z0-9_]*$", description="What its items are: `page`.")
    items: Where = Field(description="The list; with `pattern` each match is an item.")
    id: Where = Field(description="In an item: its id.")
    total: Where | None = Field(default=None, description="How many there are, as the answer states it.")
    next: Where | None = Field(default=None, description="Path or address of the next page; null or absent: none.")
    first: str | int = Field(default=0, description="What stands for `{after}` on the first page.")
    end: list[int] = Field(default=[], description="Statuses that say: no such page, the list has ended.")


class Listing(Paged):
    """All items of one type, as the search engine has them."""

    revision: Where = Field(description="In an item: what changes with every edit.")
    committed: Where | None = Field(default=None, description="In an item: when that was, ISO 8601 or seconds.")
    title: Where | None = Field(default=None, description="In an item: its title.")


class Content(Listing):
    """All items of one type, without the index."""

    text: list[Where] = Field(default=[], description="In an item: all that a search looks at.")
    detail: Detail | None = Field(default=None, description="Where that stands, if not in the list.")
    texts: Texts | None = Field(default=None, description="Rows where that stands: faster than `detail`.")
    inventory: dict[str, str] = Field(
        default={}, description="By tier: the item's key in the component's inventory, with `{id}`."
    )

    @model_validator(mode="after")
    def _has_one_text(self) -> Content:
        if self.texts and (self.text or self.detail):
            raise ValueError("texts, or text and detail")
        return self


class Searching(Paged):
    """A search for one word, `{query}`, as a plain user."""

    size: int | None = Field(default=None, ge=1, description="Hits on a page, needed with `{offset}` and `{page}`.")
    avoid: list[str] = Field(default=[], description="Words that find more than what holds them: synonyms.")


class CanaryItem(KindOptions):
    """What a search for the token of a write must find."""

    type: str = Field(description="Type of `content`.")
    id: str = Field(description="Its id, from the write's values: `{id}`.")


class Reindex(KindOptions):
    """How the index is built anew: a `command` in a service, or a `request` that is answered when it is done."""

    command: list[str] | None = Field(default=None, min_length=1, description="Command and arguments.")
    service: str | None = Field(default=None, description="Service of the command; the portal's own if left out.")
    user: str | None = Field(default=None, description="Who runs the command.")
    request: Request | None = Field(default=None, description="A request instead.")

    @model_validator(mode="after")
    def _is_one_thing(self) -> Reindex:
        if (self.command is None) == (self.request is None):
            raise ValueError("command or request")
        return self


class NamedFiles(KindOptions):
    """Rows that name files of a component."""

    component: str = Field(description="Component of the files.")
    files: list[str] = Field(min_length=1, description="Globs of files that rows name; `**` crosses slashes.")
    database: str = Field(default="database", description="Component of the rows.")
    query: str = Field(description="SQL: file below the component's path, its size or NULL, what to call the row.")


class LockFile(KindOptions):
    """A file that a running portal holds a lock on."""

    component: str = Field(description="Component of the file.")
    file: str = Field(description="Its path below the component's.")


class Moved(KindOptions):
    """Rows of items that a job moves from one database to another."""

    database: str = Field(description="Component of the rows.")
    query: str = Field(description="SQL: the item's name, by which all databases know it, and its row's id.")
    inventory: str = Field(description="The row's key in the component's inventory, with `{id}`.")


class Configured(KindOptions):
    """Where the portal's configuration stands: files of a component, or rows."""

    component: str | None = Field(default=None, description="Component of the files.")
    files: list[str] = Field(default=["*"], min_length=1, description="Their paths; `*` crosses slashes.")
    exclude: list[str] = Field(default=[], description="Paths that are not looked into.")
    database: str = Field(default="database", description="Component of the rows.")
    query: str | None = Field(default=None, description="SQL: what to call the row, and its text.")

    @model_validator(mode="after")
    def _is_one_thing(self) -> Configured:
        if (self.component is None) == (self.query is None):
            raise ValueError("component (with files, exclude), or query (with database)")
        return self


class Script(KindOptions):
    """A script of the installation that can be run at any time and changes nothing."""

    service: str = Field(description="Where it runs.")
    command: list[str] = Field(min_length=1, description="Path and arguments; no shell, which would hide a lost mode.")
    user: str | None = Field(default=None, description="Who runs it.")


def _one_or_more(value: object) -> object:
    """A mapping is short for a list of one."""
    return [value] if isinstance(value, dict) else value


class Options(KindOptions):
    title: str = Field(description="What the software is called.")
    vendor_of: list[str] = Field(default=[], description="Products whose own software this is; else a stand-in.")
    content_tier: str = Field(default="database", description="Component that lists are read from.")
    index_tier: str | None = Field(default=None, description="Component that searches ask, if there is an index.")
    accounts: dict[str, Account] = Field(default={}, description="Who asks, by a name of your own.")
    health: list[Health] = Field(min_length=1, description="Questions that a healthy portal answers.")
    facts: list[Asked] = Field(min_length=1, description="What must be equal at source and restored.")
    versions: list[Asked] = Field(default=[], description="Versions, by the product's name.")
    uses: list[Use] = Field(default=[], description="What people do with the portal.")
    log_errors: Pattern = Field(default=_DENY, description="Lines of the portal's log that must not be there.")
    nonce: Nonce = Field(description="A word before each backup.")
    write: list[WriteStep] = Field(min_length=1, description="Requests that write a numbered item.")
    edit: list[WriteStep] = Field(min_length=1, description="Requests that add a word to such an item.")
    read: dict[
        str, Annotated[list[ReadStep], BeforeValidator(_one_or_more, json_schema_input_type=ReadStep | list[ReadStep])]
    ] = Field(description="By tier: requests that read the item back.")
    content: list[Content] = Field(min_length=1, description="Lists of all content, without the index.")
    search: list[Searching] = Field(min_length=1, description="Searches, one for each type.")
    canary: CanaryItem = Field(description="What a search for a written token must find.")
    index: list[Listing] = Field(default=[], description="The search engine's own lists, by the same types.")
    reindex: Reindex | None = Field(default=None, description="How the index is built anew.")
    references: list[NamedFiles] = Field(default=[], description="Rows that name files.")
    stop: Request | None = Field(default=None, description="The request that shuts the portal down.")
    rest: list[str] = Field(
        default=[], description="Components of files that no process has open while the portal rests."
    )
    locks: list[LockFile] = Field(default=[], description="Files that are locked as long as the portal runs.")
    moved: list[Moved] = Field(default=[], description="Databases between which a job moves items.")
    configuration: list[Configured] = Field(default=[], description="Where configuration names hosts.")
    places: list[Asked] = Field(default=[], description="Where the running portal keeps its files, by component.")
    scripts: list[Script] = Field(default=[], description="Scripts that must still run.")

    @property
    def tiers(self) -> tuple[str, ...]:
        """Tiers that writes acknowledge, in order."""
        return tuple(dict.fromkeys(tier for step in self.write for tier in step.acknowledges))
