"""What the portal needs is bound to the host that it ran on: it is well at the source, and not on another machine
(GEN-D23, LR-10).

`parameter`: the file below the component's path, and the element of it that the host's name is put in front of.
"""

from __future__ import annotations

from harness.kinds.contracts import FaultRow, PortalAccess

TIMEOUT_S = 60.0

ROWS = (
    FaultRow(
        "licence",
        "liferay_home",
        "license/activation-key.xml expiration-date",
        ("GEN-D23", "LR-10"),
        "portal_health",
    ),
)

_BIND = """set -e; sed -i "s|<$2>|<host-name>$(cat /proc/sys/kernel/hostname)</host-name>&|" "$1"
grep -q "<host-name>" "$1"
"""


def spoil(row: FaultRow, portal: PortalAccess) -> None:
    """As its vendor would have made it out to the source's host: nothing else differs."""
    component = portal.drill.component(row.component)
    file, _, element = row.parameter.partition(" ")
    argv = ["sh", "-c", _BIND, "bind", f"{component.options['path']}/{file}", element]
    portal.stack.shell(component.service).run(argv, timeout_s=TIMEOUT_S).ok()
