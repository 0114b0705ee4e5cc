"""What a restored component's inventory comes to, when it is held against the source's."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from harness.kinds.components import opensearch
from harness.kinds.contracts import ComponentAccess, HttpReply
from harness.model.drill import Component
from harness.model.evidence import Evidence
from harness.model.frozen import JsonValue
from harness.model.inventory import FORM, InventoryRef
from harness.model.plan import Action, Step
from harness.model.restore_point import RestorePoint
from harness.run.inventory_lines import write_inventory
from harness.run.recover import Recovery

RULE: JsonValue = {"field": "title", "begins": "preview", "item_class": "disposable", "reason": "made again"}
SEARCH = Component(
    name="search",
    kind="opensearch",
    service="search",
    engine="snapshot",
    options={"indices": ["pages"], "documents": [RULE]},
)


class Search:
    """Answers as an OpenSearch server with two documents."""

    def request(self, method: str, path: str, **given: Any) -> HttpReply:
        hits = [{"_id": title, "_source": {"title": title}} for title in ("page", "preview of a page")]
        said: Any = {"hits": {"hits": [], "total": {"value": 2}}, "_shards": {"failed": 0}, "timed_out": False}
        said["_scroll_id"] = "one"
        if path.endswith("/_alias"):
            said = {"pages": {"aliases": {}}}
        elif path == "/pages/_search":
            said["hits"]["hits"] = hits
        elif path == "/pages":
            said = {"pages": {"mappings": {}, "settings": {"index": {}}, "aliases": {}}}
        return HttpReply(status=200, headers={}, body=json.dumps(said).encode())


def test_what_a_restored_component_does_not_judge_is_counted_by_the_reason_of_its_own_rule(tmp_path: Path) -> None:
    stack: Any = SimpleNamespace(http=lambda service, port: Search())
    refs = []
    for moment in ("before", "after"):
        items = opensearch.inventory(ComponentAccess(SEARCH, stack))
        count, digest = write_inventory(items, (), tmp_path / moment)
        ref = InventoryRef(component="search", moment=moment, path=moment, count=count, sha256=digest, form=FORM)
        refs.append(ref)
    point = RestorePoint(
        id="one",
        drill="paper",
        drill_sha256="a1" * 32,
        product="plain",
        portal="sql",
        harness_version="0.1.0",
        captured_utc=datetime(2026, 11, 21, tzinfo=UTC),
        nonce="",
        artefacts=(),
        inventories=tuple(refs),
        survey={},
        versions={},
        canaries=(),
        evidence=Evidence(lines=(), complete=True, sha256="b2" * 32),
    )
    observed: dict[str, Any] = {}
    session: Any = SimpleNamespace(
        new_stack=lambda role: stack,
        folder=tmp_path / "run",
        plan=SimpleNamespace(component=lambda name: SEARCH),
        journal=SimpleNamespace(observe=lambda name, data, **more: observed.update({name: data})),
    )
    step = Step(id="inventory_restored:search", action=Action.INVENTORY_RESTORED, subject="search", deadline_s=9)
    Recovery(session, tmp_path, point, None)._inventory_restored(step)
    assert observed["difference"]["ignored"] == {"disposable: made again": 1}
    assert observed["difference"]["restored_count"] == 3
