"""Memory that runs out in the sandbox, while it starts, is restored or looked at, is ours."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from pathlib import Path

import pytest
from docker.errors import APIError
from drill_bench import At, Bench

from harness.clock import new_id
from harness.containers.labels import new_owner
from harness.containers.tool import TOOLS_IMAGE, tool_container
from harness.errors import HarnessBroken

pytestmark = pytest.mark.engine

MIB = 1024 * 1024
EATS = "tail /dev/zero"  # keeps a line that never ends


def starve(bench: Bench, container: str) -> None:
    """As little memory as the engine lets the container have."""
    for limit in (6, 8, 12, 16, 24, 32, 48, 64, 96, 128):
        try:
            bench.engine.api.update_container(container, mem_limit=limit * MIB, memswap_limit=limit * MIB)
            return
        except APIError:
            continue
    raise AssertionError(f"{container} cannot be limited")


def eat(bench: Bench, container: str) -> None:
    """Something in the container takes all the memory there is; the kernel kills what it likes."""
    made = bench.engine.api.exec_create(container, ["bash", "-c", f"for i in 1 2 3; do {EATS}; done"], user="postgres")
    bench.engine.api.exec_start(made["Id"], detach=True)
    time.sleep(1)


def hit(bench: Bench, container: str) -> None:
    """The kernel's choice falls on the server: it ends all its connections and starts again, for three seconds."""
    for _ in range(15):
        with contextlib.suppress(APIError, ProcessLookupError):  # the container is gone, or the process
            for pid, title in bench.engine.api.top(container, "-eo pid,args")["Processes"]:
                if "checkpointer" in title:
                    os.kill(int(pid), signal.SIGKILL)
        time.sleep(0.2)


@pytest.mark.parametrize(
    "step",
    [
        "restore:database",
        *(pytest.param(s, marks=pytest.mark.prove) for s in ("start_portal", "observe:as_restored", "observe:settled")),
    ],
)
def test_memory_that_runs_out_is_ours(step: str, bench: Bench, point: Path) -> None:
    """The server's own processes die with it: what is found wrong then says nothing of the backup."""

    def too_little(run: str) -> None:
        container = bench.container(run, "sandbox")
        starve(bench, container)
        eat(bench, container)
        threading.Thread(target=hit, args=(bench, container), daemon=True).start()

    run = bench.perform(point=point, progress=At(step, too_little))
    assert "FAIL" not in run.outcomes.values()
    assert "FAIL" not in {objective["outcome"] for objective in run.verdict["objectives"].values()}
    assert "memory ran out in db" in (run.folder / "evidence.jsonl").read_text()
    assert run.verdict["outcome"] == "UNKNOWN"
    if step == "restore:database":
        assert run.outcomes["restore"] == "UNKNOWN"
        assert "the sandbox is too small: memory ran out in db" in run.check("restore")["found"]
    assert bench.left_of(run.run) == []


def test_memory_that_runs_out_at_the_start_is_ours(bench: Bench, point: Path) -> None:
    def too_little(run: str) -> None:
        def once_made() -> None:
            for _ in range(500):
                try:
                    bench.engine.api.update_container(
                        bench.container(run, "sandbox"), mem_limit=6 * MIB, memswap_limit=6 * MIB
                    )
                    return
                except APIError:
                    time.sleep(0.01)

        threading.Thread(target=once_made).start()

    run = bench.perform(point=point, progress=At("launch_service:db", too_little))
    assert (run.verdict["outcome"], run.outcomes["restore"]) == ("UNKNOWN", "UNKNOWN")
    assert "the sandbox is too small" in run.check("restore")["found"]
    assert "FAIL" not in run.outcomes.values()


def test_tool_that_the_kernel_killed_gave_no_answer(bench: Bench) -> None:
    owner = new_owner(new_id(), "skeleton", "tool", bench.root / ".portal-drill")
    with (
        pytest.raises(HarnessBroken, match="memory ran out in tool"),
        tool_container(bench.engine, TOOLS_IMAGE, owner, []) as shell,
    ):
        (made,) = bench.engine.api.containers(filters={"label": f"portal-drill.run={owner.run}"})
        bench.engine.api.update_container(made["Id"], mem_limit=16 * MIB, memswap_limit=16 * MIB)
        shell.run(["sh", "-c", EATS], timeout_s=60).ok()
