"""What a drill file says of a portal of its own, key by key. `fit.py` holds the keys against each other."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from harness.kinds.contracts import KindOptions
from harness.kinds.portals.http.extract import Acknowledged, Holds, Where
from harness.model.frozen import JsonValue

_REQUEST = re.compile(r"(GET|HEAD|POST|PUT|PATCH|DELETE) (/\S*)")
_DENY = r"Traceback \(most recent call last\)|\b(CRITICAL|FATAL)\b"


def _request(value: str) -> str:
    if not _REQUEST.fullmatch(value):
        raise ValueError("a method and a path, such as GET /api/pages?after={after}|blanks in a path are written %20")
    return value


def _pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"a regular expression|{error}") from error
    return value


Pattern = Annotated[str, AfterValidator(_pattern)]
RequestLine = Annotated[str, AfterValidator(_request)]
# Named here, so that the name `json` does not hide pydantic's own.
Parts = dict[str, Where]


class Upload(KindOptions):
    """A file that a form sends."""

    name: str = Field(description="File name.")
    content: str = Field(description="What is in it.")


class Request(KindOptions):
    """One request. Texts in it are filled: `{name}` stands for a value, URL-encoded in the path."""

    request: RequestLine = Field(description="Method and path, `GET /api/pages?after={after}`.")
    account: str | None = Field(default=None, alias="as", description="Which of `accounts` asks; nobody if left out.")
    service: str | None = Field(default=None, description="Another service than the portal's own.")
    port: int | None = Field(default=None, ge=1, le=65535, description="Another port.")
    headers: dict[str, str] = Field(default={}, description="Headers.")
    body: JsonValue = Field(default=None, alias="json", description="A body, sent as JSON.")
    form: dict[str, str] | None = Field(default=None, description="Fields of a form.")
    files: dict[str, Upload] | None = Field(default=None, description="Files of a form: `name` and `content`.")
    status: list[int] = Field(default=[200], min_length=1, description="Every status that is well.")

    @model_validator(mode="after")
    def _has_one_body(self) -> Request:
        if self.body is not None and (self.form or self.files):
            raise ValueError("json, or form and files")
        return self

    @property
    def method(self) -> str:
        return self.request.split(" ", 1)[0]

    @property
    def path(self) -> str:
        return self.request.split(" ", 1)[1]


class Step(Request):
    """A request of several in a row; its `values` can be used by those behind it."""

    values: Parts = Field(default={}, description="Values by name, taken from the answer.")


class WriteStep(Step):
    """A step that writes."""

    status: list[int] = Field(default=[200, 201], min_length=1, description="Every status that is well.")
    acknowledges: dict[str, Acknowledged] = Field(
        default={}, description="Tiers (components) that have the item now, each with what shows it."
    )


class ReadStep(Step):
    """A step that reads an item back: with a request, or a file of a component."""

    request: RequestLine = Field(default="GET /", description="Method and path.")
    file: str | None = Field(default=None, description="File of the tier's component that is read instead.")
    absent: list[int] = Field(default=[], description="Statuses that say: there is no such item.")
    holds: list[Holds] = Field(default=[], description="What is there if the item is.")

    @model_validator(mode="after")
    def _reads_one_thing(self) -> ReadStep:
        if ("request" in self.model_fields_set) == (self.file is not None):
            raise ValueError("request or file")
        return self


class Account(KindOptions):
    """Who asks: by HTTP Basic, unless `headers` or `login` are given."""

    user: str = Field(description="Name.")
    password: str | None = Field(default=None, description="A reference, `${env:NAME}` or `${file:/path}`.")
    password_variable: str | None = Field(default=None, description="Variable of a service that holds the password.")
    password_service: str | None = Field(default=None, description="That service; the portal's own if left out.")
    headers: dict[str, str] = Field(default={}, description="Headers of each request; `{user}`, `{password}` known.")
    login: list[Step] = Field(default=[], description="Requests that log in; cookies and `values` are kept.")

    @model_validator(mode="after")
    def _has_one_password(self) -> Account:
        if (self.password is None) == (self.password_variable is None):
            raise ValueError("password (a reference) or password_variable")
        return self


class Health(Request):
    """A question that a healthy portal answers from its own data."""

    holds: list[Holds] = Field(min_length=1, description="What the answer must hold: a status alone is no health.")
    final: bool = Field(default=False, description="Whether waiting cannot change the answer.")
    needs_index: bool = Field(default=False, description="Left out while the index is still to be rebuilt.")


class Use(Request):
    """What a person does with the portal: it must work after the restore as it did before."""

    name: str = Field(description="What the report calls it.")
    holds: list[Holds] = Field(min_length=1, description="What the answer must hold.")


class Asked(Request):
    """A request whose answer says several things by name."""

    values: Parts = Field(min_length=1, description="What is said, by name.")


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
    """All items of one type."""

    revision: Where = Field(description="In an item: what changes with every edit.")
    committed: Where | None = Field(default=None, description="In an item: when that was, ISO 8601 or seconds.")
    title: Where | None = Field(default=None, description="In an item: its title.")
    text: list[Where] = Field(default=[], description="In an item: all that a search looks at.")
    detail: Detail | None = Field(default=None, description="Where that stands, if not in the list.")


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
    content: list[Listing] = Field(min_length=1, description="Lists of all content, without the index.")
    search: list[Searching] = Field(min_length=1, description="Searches, one for each type.")
    canary: CanaryItem = Field(description="What a search for a written token must find.")
    index: list[Listing] = Field(default=[], description="The search engine's own lists, by the same types.")
    reindex: Reindex | None = Field(default=None, description="How the index is built anew.")

    @property
    def tiers(self) -> tuple[str, ...]:
        """Tiers that writes acknowledge, in order."""
        return tuple(dict.fromkeys(tier for step in self.write for tier in step.acknowledges))
