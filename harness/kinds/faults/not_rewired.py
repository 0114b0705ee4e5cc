"""The restored copy is started with production's own values: whom it calls, what it is called (LR-D7, GEN-D20).

`parameter`: the value that nobody replaced, or `all`; or, after `only`, the one file in which it was replaced.
"""

from __future__ import annotations

from harness.kinds.contracts import FaultRow
from harness.model.plan import Plan

_WHY = ("LR-D7", "GEN-D20")
ROWS = (
    FaultRow("everything", "liferay_home", "all", _WHY, "configuration"),
    FaultRow("mail_server", "liferay_home", "mail.production.example", _WHY, "configuration"),
    FaultRow("webhook", "liferay_home", "hooks.production.example", _WHY, "configuration"),
    FaultRow("reporting_database", "liferay_home", "reports.production.example", _WHY, "configuration"),
    FaultRow("cluster_peer", "liferay_home", "198.51.100.20:7800", _WHY, "configuration"),
    FaultRow("own_name", "liferay_home", "portal.production.example", _WHY, "configuration"),
    FaultRow(
        "one_workspace",
        "repository_directory",
        "db.production.example only workspaces/default/workspace.xml",
        ("XLR-D4",),
        "restore",
        product="xl-release-7.2",
    ),
    FaultRow(
        "archive_of_production",
        "installation",
        "db.production.example only conf/releases.ini",
        ("XLR-D4",),
        "restore",
        product="xl-release-7.5",
    ),
    FaultRow(
        "archiving_job",
        "installation",
        "archiving.enabled=yes",
        ("XLR-D3", "GEN-D21"),
        "tests",
        product="xl-release-7.5",
    ),
    # Only the portal's people know that a copy must not run its jobs: a test beside the drill file says so.
    FaultRow("scheduler", "liferay_home", "scheduler.enabled=true", ("LR-D7", "GEN-D21"), "tests"),
)


def alter(row: FaultRow, plan: Plan) -> Plan:
    value, _, only = row.parameter.partition(" only ")
    if only:
        narrowed = (
            one.model_copy(update={"file": only}) if (one.component, one.old) == (row.component, value) else one
            for one in plan.rewire
        )
        return plan.model_copy(update={"rewire": tuple(dict.fromkeys(narrowed))})
    kept = tuple(rewire for rewire in plan.rewire if row.parameter not in ("all", rewire.old))
    return plan.model_copy(update={"rewire": kept})
