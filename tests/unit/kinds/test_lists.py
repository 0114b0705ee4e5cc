"""Two lists of the same items: what counts as the same edit."""

from __future__ import annotations

import pytest

from harness.kinds.checks._lists import agree
from harness.kinds.contracts import ContentItem


@pytest.mark.parametrize(
    ("revision", "title", "same"),
    [
        ("2", "VACUUM", True),
        ("1", "VACUUM", False),
        ("2", "vacuum", False),
        ("2", "", False),
        ("2", None, True),  # this list gives no titles
        ("1", None, False),
    ],
)
def test_same_edit_has_the_same_revision_and_title_as_far_as_lists_tell(
    revision: str, title: str | None, same: bool
) -> None:
    one, other = ContentItem("page:1", "2", None, "VACUUM"), ContentItem("page:1", revision, None, title)
    assert agree(one, other) is same
    assert agree(other, one) is same
