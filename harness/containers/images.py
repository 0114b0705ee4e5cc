"""Images: found here or built; never pulled behind anyone's back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.containers.engine import Engine, translated
from harness.containers.hooks import OnOutput, nothing_said
from harness.errors import HarnessBroken
from harness.model.drill import Service
from harness.model.frozen import Frozen

CONTEXT = "portal-drill.context"
HINT = "hint: `make images` fetches what the project's own images need, and builds them"


class ImageFacts(Frozen):
    """An image as used. `digest` is the registry's, "" for one that was built here."""

    id: str
    tag: str
    built: bool
    digest: str


def ensure(engine: Engine, service: Service, on_output: OnOutput = nothing_said) -> ImageFacts:
    """The service's image, built from its context if it is not here.

    Raises: HarnessBroken, with what to do, if it is not here and cannot be built.
    """
    return ensure_image(engine, service.image, service.build_context, on_output)


def ensure_image(
    engine: Engine, tag: str, context: str | None = None, on_output: OnOutput = nothing_said
) -> ImageFacts:
    """As `ensure`, by tag and folder of the Dockerfile."""
    details = engine.image(tag)
    built = details is None
    if details is None:
        _build(engine, tag, context, on_output)
        details = engine.image(tag)
    if details is None:
        raise HarnessBroken(f"the image {tag} was built and is not there")
    digests = details.get("RepoDigests") or [""]
    return ImageFacts(id=str(details["Id"]), tag=tag, built=built, digest=str(digests[0]).rpartition("@")[2])


def _build(engine: Engine, tag: str, context: str | None, on_output: OnOutput) -> None:
    if context is None:
        raise HarnessBroken(f"the image {tag} is not on this engine, and nothing says how to build it\n    {HINT}")
    folder = Path(context)
    if not (folder / "Dockerfile").is_file():
        raise HarnessBroken(f"the image {tag} cannot be built: there is no {folder / 'Dockerfile'}\n    {HINT}")
    on_output(f"building {tag}")
    last: list[str] = []
    with translated(f"the image {tag} could not be built"):
        labels = {CONTEXT: folder.name}
        steps = engine.api.build(path=str(folder), tag=tag, labels=labels, rm=True, forcerm=True, decode=True)
        for step in steps:
            if "error" in step:
                said = "\n".join(last[-10:])
                raise HarnessBroken(f"the image {tag} could not be built: {step['error']}\n{said}\n    {HINT}")
            for line in _said(step):
                last.append(line)
                on_output(line)


def _said(step: dict[str, Any]) -> list[str]:
    return [line for line in str(step.get("stream", "")).splitlines() if line.strip()]
