"""The nonce, numbered writes and edits by the requests of the drill file; which of them survived."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from harness.errors import CouldNotAsk
from harness.kinds.contracts import PortalAccess, Query
from harness.kinds.portals.http.client import Client, taken
from harness.kinds.portals.http.extract import Values, filled, held
from harness.kinds.portals.http.lists import item_key, listed
from harness.kinds.portals.http.options import Options
from harness.kinds.portals.http.requests import WriteStep
from harness.model.restore_point import Canary

_LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


def write_nonce(access: PortalAccess, nonce: str) -> None:
    """Raises: CouldNotAsk if it is not found at once: then the drill file describes another portal."""
    client = Client(access)
    client.steps(client.options.nonce.write, {"nonce": nonce})
    if nonce not in _nonces(client, at_work=True):
        raise CouldNotAsk(f"{nonce} was written, and no title of {client.options.nonce.read.type} has it")


def read_nonces(access: PortalAccess) -> tuple[str, ...]:
    """Those in titles of the listed type, by time and then by id."""
    return _nonces(Client(access), at_work=False)


def _nonces(client: Client, *, at_work: bool) -> tuple[str, ...]:
    where = client.options.nonce.read
    found = []
    for listing in client.options.content:
        if listing.type == where.type:
            for _, item in listed(client, listing, at_work=at_work):
                match = re.search(where.pattern, item.title or "")
                if match:
                    found.append((item.committed_utc or _LONG_AGO, item.key, match.group(1 if match.re.groups else 0)))
    return tuple(nonce for _, _, nonce in sorted(found))


def write_canary(access: PortalAccess, number: int, token: str) -> Iterator[tuple[str, str]]:
    """What a tier's write is called is all that was known when the tier acknowledged it, as JSON."""
    client = Client(access)
    yield from _writes(client, client.options.write, {"number": str(number), "token": token})


def edit_canary(access: PortalAccess, earlier: Canary, token: str) -> Iterator[tuple[str, str]]:
    client = Client(access)
    yield from _writes(client, client.options.edit, {**_known(earlier), "token": token})


def _writes(client: Client, steps: Sequence[WriteStep], values: Values) -> Iterator[tuple[str, str]]:
    found = dict(values)
    for step in steps:
        answer = client.send(step, found)
        found |= taken(step, answer, found)
        kept = {name: value for name, value in found.items() if name != "token"}
        for tier, proof in step.acknowledges.items():
            if not proof.model_fields_set or held(answer, proof, found) is None:
                _check_description(client, tier, found)
                yield tier, json.dumps(kept, ensure_ascii=False)


def _check_description(client: Client, tier: str, values: Values) -> None:
    """A source that has just taken a write must have it, or `read` looks for something else, and every write would
    count as lost. An index may take its time, files are looked at by commands that evidence would list one by one,
    and a restored portal is for the checks to judge.

    Raises: CouldNotAsk.
    """
    reads = client.options.read[tier]
    by_request = tier != client.options.index_tier and not any(step.file for step in reads)
    if client.access.stack.role == "source" and by_request and not client.is_there(tier, reads, values):
        raise CouldNotAsk(f"{tier} has acknowledged a write, and `read` does not find it: {values}"[:300])


def _known(canary: Canary) -> dict[str, str]:
    """The values of a write, as its last tier kept them."""
    return {name: value for ref in canary.refs.values() for name, value in json.loads(ref).items()}


def kept_canaries(access: PortalAccess, canaries: Sequence[Canary]) -> Iterator[tuple[int, str, bool]]:
    """By what each tier's own requests, or files, give for the item."""
    client = Client(access)
    for canary in canaries:
        for tier, ref in canary.refs.items():
            values = {**json.loads(ref), "token": canary.token}
            yield canary.number, tier, client.is_there(tier, client.options.read[tier], values)


def canary_query(options: Options, canary: Canary) -> Query | None:
    """None if the tier that searches ask did not acknowledge the write."""
    tier = options.index_tier or options.content_tier
    if tier not in canary.refs:
        return None
    values = {**_known(canary), "token": canary.token}
    return Query(canary.token, frozenset({item_key(options.canary.type, filled(options.canary.id, values))}))
