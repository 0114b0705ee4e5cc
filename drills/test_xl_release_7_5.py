"""What the people of this server expect of a restored copy. See "Tests of your own" in README.md."""

from __future__ import annotations

from harness.containers.restored import Restored


def test_archiving_job_of_the_copy_does_not_run(restored: Restored) -> None:
    """A copy that goes on moving releases is another one with every look at it."""
    release = restored.host("release")
    assert release.file("/opt/xl-release-server/conf/archiving.conf").contains("^archiving.enabled=no$")
    running = release.check_output("cat /proc/[0-9]*/cmdline | tr '\\0' '\\n'").splitlines()
    assert "/opt/xl-release-server/bin/run.sh" in running
    assert "bin/archive.py" not in running
