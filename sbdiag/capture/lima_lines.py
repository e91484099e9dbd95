"""The lines that Lima logs while a VZ instance starts: which line means what.

Read from lima-vm/lima at commit 183a60d7 (2026-08-21, between v2.2.0 and v2.3) and its tags from
v0.14.0 on; ``source`` names the file and line there. Wording by version:

* v0.14: no ``Starting the instance`` line, no ``hostagent socket created at``, ``serial.log``;
* v0.20 to v1.2: ``Starting the instance "x" with VM driver "vz"``, ``serial*.log``;
* v2.0, v2.1: ``… with internal VM driver "vz"``;
* v2.2 and later: quotes are backticks (Go's ``%#q``), double ones where the text has a backtick.

Three traps, which is why each row says what its line tells:

* ``Setting up Rosetta share`` is only the last line before Validate and Start, which print nothing;
* the DNS warning comes before ``Starting VZ``, and the start goes on;
* VZErrorDomain Code=2 is the missing entitlement, Code=1 any refusal by the framework, among them
  the sandbox's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

# Go's %q and %#q: "double" with escapes, or `backticks`.
_QUOTED: Final = r'(?:"(?:[^"\\]|\\.)*"|`[^`]*`)'


@dataclass(frozen=True, slots=True)
class LimaLine:
    """One kind of line.

    Attributes
    ----------
    milestone
        One of ``frames.LIMA_MILESTONES``. Several rows may share one.
    process
        Who logs it: ``limactl`` or ``hostagent``.
    level
        The level it is logged at.
    pattern
        Regular expression for the whole message, every version's wording; ``{q}`` stands for a
        quoted word.
    order
        Position in a start that succeeds; 0 for a line that no fixed place has.
    tells
        What the line is evidence of.
    source
        File and line in lima-vm/lima at 183a60d7.
    """

    milestone: str
    process: str
    level: str
    pattern: str
    order: int
    tells: str
    source: str


# Go's bindings and Foundation print an error of Virtualization.framework alike up to its code.
VZ_ERROR: Final = re.compile(r"\bError Domain=VZErrorDomain Code=(?P<code>-?\d{1,18})\b")
# Before the error that ended the driver, which Lima logs at level info; the quote as in _QUOTED.
STOPPED_BY: Final = re.compile(r'Driver stopped due to error: ["`]')

LIMA_LINES: Final[tuple[LimaLine, ...]] = tuple(
    LimaLine(*row)
    for row in (
        (
            "starting-instance",
            "limactl",
            "info",
            r"Using the existing instance {q}",
            1,
            "limactl found the instance",
            "cmd/limactl/start.go:300",
        ),
        (
            "starting-instance",
            "limactl",
            "info",
            r"Starting the instance {q} with (?:(?:internal|external) )?VM driver {q}",
            2,
            "limactl has read the configuration; images and disks come next",
            "pkg/instance/start.go:228",
        ),
        (
            "hostagent-socket",
            "hostagent",
            "info",
            r"hostagent socket created at .*",
            3,
            "the hostagent runs and may write in the instance's directory",
            "cmd/limactl/hostagent.go:126",
        ),
        (
            "dns-fallback",
            "hostagent",
            "warning",
            r"failed to detect system DNS, falling back to .*",
            4,
            "the hostagent could not read /etc/resolv.conf; the start goes on with public servers",
            "pkg/hostagent/dns/dns.go:99",
        ),
        (
            "starting-vz",
            "hostagent",
            "info",
            r"Starting VZ(?: \(hint: to watch the boot progress, see {q}\))?",
            5,
            "the driver begins to put the configuration together",
            "pkg/driver/vz/vz_driver_darwin.go:457",
        ),
        (
            "rosetta-share",
            "hostagent",
            "info",
            r"Setting up Rosetta share",
            6,
            "the last line before Validate and Start; no evidence about Rosetta",
            "pkg/driver/vz/vm_darwin.go:752",
        ),
        (
            "rosetta-unavailable",
            "hostagent",
            "warning",
            r"Unable to configure Rosetta: .*",
            7,
            "the start goes on without Rosetta",
            "pkg/driver/vz/vm_darwin.go:755",
        ),
        (
            "state-running",
            "hostagent",
            "info",
            r"\[VZ\] - vm state change: running",
            8,
            "Start succeeded: the VM runs",
            "pkg/driver/vz/vm_darwin.go:105",
        ),
        (
            "state-stopped",
            "hostagent",
            "info",
            r"\[VZ\] - vm state change: stopped",
            0,
            "the VM stopped",
            "pkg/driver/vz/vm_darwin.go:160",
        ),
        (
            "ssh-port",
            "limactl",
            "info",
            r"SSH Local Port: \d+",
            9,
            "limactl heard from the hostagent which port forwards to the guest",
            "pkg/instance/start.go:372",
        ),
        (
            "requirement-waiting",
            "hostagent",
            "info",
            r"Waiting for the \w+ requirement \d+ of \d+: {q}",
            10,
            "the hostagent tries to reach the guest",
            "pkg/hostagent/requirements.go:37",
        ),
        (
            "requirement-satisfied",
            "hostagent",
            "info",
            r"The \w+ requirement \d+ of \d+ is satisfied",
            11,
            "the guest answered",
            "pkg/hostagent/requirements.go:42",
        ),
        (
            "guest-agent-running",
            "hostagent",
            "info",
            r"Guest agent is running",
            12,
            "port forwarding works",
            "pkg/hostagent/hostagent.go:942",
        ),
        (
            "ready",
            "limactl",
            "info",
            r"READY\. Run .* to open the shell\.",
            13,
            "the instance is up",
            "pkg/instance/start.go:421",
        ),
        (
            "degraded",
            "limactl",
            "warning",
            r"DEGRADED\. The VM seems running, but .*",
            13,
            "the VM runs; file sharing or port forwarding does not",
            "pkg/instance/start.go:403",
        ),
        (
            "exiting",
            "limactl",
            "fatal",
            r"exiting, status=.*",
            0,
            "the hostagent gave up; its ha.stderr.log says why",
            "pkg/instance/start.go:398",
        ),
        (
            "exiting",
            "limactl",
            "fatal",
            r"did not receive an event with the {q} status",
            0,
            "the hostagent was not ready within ten minutes",
            "pkg/instance/start.go:440",
        ),
        (
            "exiting",
            "hostagent",
            "info",
            r"Driver stopped due to error: .*",
            0,
            "the VM stopped, or the driver gave up after the start",
            "pkg/hostagent/hostagent.go:521",
        ),
        (
            "exiting",
            "hostagent",
            "info",
            r"Shutting down the host agent",
            0,
            "the hostagent ends",
            "pkg/hostagent/hostagent.go:736",
        ),
        (
            "exiting",
            "hostagent",
            "info",
            r"Shutting down VZ",
            0,
            "the hostagent stops the VM",
            "pkg/driver/vz/vz_driver_darwin.go:504",
        ),
    )
)


_COMPILED: Final = tuple(
    (re.compile(row.pattern.replace("{q}", _QUOTED), re.DOTALL), row) for row in LIMA_LINES
)


def find_line(message: str) -> LimaLine | None:
    """Return the row that knows `message`, ``None`` if no row does."""
    return next((row for pattern, row in _COMPILED if pattern.fullmatch(message)), None)
