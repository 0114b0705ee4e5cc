"""What a service printed since an instant: its last lines, or every one of them."""

from __future__ import annotations

from collections.abc import Iterator

from harness.clock import remaining_s
from harness.containers.engine import Engine, translated
from harness.errors import CouldNotAsk
from harness.kinds.contracts import LOG_LINES


def last_lines(engine: Engine, container: str, where: str, since_unix_s: float) -> str:
    """At most `LOG_LINES`. Raises: CouldNotAsk."""
    with translated(f"the log of {where} cannot be read", CouldNotAsk):
        text: bytes = engine.api.logs(container, tail=LOG_LINES, since=since_unix_s)
    return text.decode(errors="replace")


def all_lines(engine: Engine, container: str, where: str, since_unix_s: float) -> Iterator[str]:
    """As they come, up to the last one that is there by now. Raises: CouldNotAsk, by the deadline of the step too."""
    rest: list[bytes] = []  # joined once: a line may come in many chunks
    with translated(f"the log of {where} cannot be read", CouldNotAsk):
        for chunk in engine.api.logs(container, stream=True, follow=False, since=since_unix_s):
            first, *others = chunk.split(b"\n")
            rest.append(first)
            for other in others:
                yield b"".join(rest).decode(errors="replace")
                rest = [other]
            if not remaining_s(1):
                raise CouldNotAsk(f"the log of {where} was not read to its end by the deadline")
    if last := b"".join(rest):
        yield last.decode(errors="replace")
