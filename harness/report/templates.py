"""Pages from templates: escaped, and the same bytes for the same values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jinja2


def page(template: str, filters: Mapping[str, Callable[..., Any]], **values: Any) -> str:
    """One of the templates beside this file; a name that it lacks is an error."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("harness", "report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= filters
    return environment.get_template(template).render(values)
