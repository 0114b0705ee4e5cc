"""A service of the restored copy goes on as in production: it calls what its configuration still names (GEN-D20, 21).

`parameter`: what the service does in the background a moment after its start, as a line of bash.
"""

from __future__ import annotations

from harness.kinds.contracts import FaultRow
from harness.model.plan import Plan

DATABASE, SIDE_EFFECT = ("GEN-D20", "LR-D7"), ("GEN-D21", "LR-D7")

_WEBHOOK = "urllib.request.urlopen('http://hooks.production.example/published?token=4711', data=b'id=1')"
_MAIL = """smtplib.SMTP('mail.production.example').sendmail(
    'portal@production.example', ['editor@production.example'], 'Subject: published\\n\\nsee the portal')"""
_CLUSTER = "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'view', ('228.10.10.1', 45566))"
# The host has the first address of the network.
_HOST = 'at=$(hostname -I); at=${at%% *}; timeout 3 bash -c "exec 3<>/dev/tcp/${at%.*}.1/5432"'


def _python(line: str) -> str:
    return f'python3 -c "import smtplib, socket, urllib.request; {line}"'


ROWS = (
    FaultRow("database_by_name", "liferay_home", "exec 3<>/dev/tcp/db.production.example/5432", DATABASE, "isolation"),
    FaultRow("database_by_address", "liferay_home", "exec 3<>/dev/tcp/198.51.100.20/5432", DATABASE, "isolation"),
    FaultRow("webhook", "liferay_home", _python(_WEBHOOK), SIDE_EFFECT, "isolation"),
    FaultRow("mail", "liferay_home", _python(_MAIL), SIDE_EFFECT, "isolation"),
    FaultRow("cluster_by_multicast", "liferay_home", _python(_CLUSTER), SIDE_EFFECT, "isolation"),
    FaultRow("host_by_gateway", "liferay_home", _HOST, DATABASE, "isolation"),
)


def alter(row: FaultRow, plan: Plan) -> Plan:
    name = plan.component(row.component).service
    command = plan.service(name).command or ()
    script = f'(sleep 1; {row.parameter}) >/dev/null 2>&1 & exec "$@"'
    wrapped = {"command": ("bash", "-c", script, "bash", *command)}
    services = tuple(s.model_copy(update=wrapped) if s.name == name else s for s in plan.services)
    return plan.model_copy(update={"services": services})
