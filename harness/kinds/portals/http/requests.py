"""Requests as a drill file writes them, and who sends them."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from harness.kinds.contracts import KindOptions
from harness.kinds.portals.http.extract import Acknowledged, Holds, Where
from harness.model.frozen import JsonValue

_REQUEST = re.compile(r"(GET|HEAD|POST|PUT|PATCH|DELETE) (/\S*)")


def _request(value: str) -> str:
    if not _REQUEST.fullmatch(value):
        raise ValueError("a method and a path, such as GET /api/pages?after={after}|blanks in a path are written %20")
    return value


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


class Asked(Step):
    """A request whose answer says several things by name."""

    values: Parts = Field(min_length=1, description="What is said, by name.")
