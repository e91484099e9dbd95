"""What `analyze` is compared with: the tools that make rules from denials on Linux.

Neither tool is part of this project, nor installed by it. Their logs are made here, with as many
lines and as many distinct accesses as the capture.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.captures import each_then_zipf

DOMAINS = (
    "httpd_t",
    "sshd_t",
    "named_t",
    "ntpd_t",
    "crond_t",
    "syslogd_t",
    "init_t",
    "udev_t",
    "mysqld_t",
    "postgresql_t",
    "dovecot_t",
    "squid_t",
    "smbd_t",
    "nfsd_t",
    "cupsd_t",
    "NetworkManager_t",
)
"""Types of programs that Debian's policy knows."""
PERMISSIONS = ("read", "write", "open", "getattr")
FILE_TYPE = re.compile(r"(?<![A-Za-z0-9_])[A-Za-z0-9_]+_(?:exec|log|tmp|var_lib)_t(?![A-Za-z0-9_])")
"""Types of files, as the names stand in a compiled policy."""
GRANT = re.compile(r"^allow \S+ \S+ (?:\{ ([^}]+) \}|(\S+));", re.MULTILINE)

# What aa-logprof does before its first question, without its look for AppArmor in the kernel.
LOGPROF = """
import sys
import apparmor.aa, apparmor.logparser
apparmor.aa.init_aa(profiledir=sys.argv[1])
apparmor.aa.loadincludes()
apparmor.aa.read_profiles(True)
reader = apparmor.logparser.ReadLog(sys.argv[2], apparmor.aa.active_profiles, sys.argv[1])
asked = apparmor.aa.collapse_log(reader.read_log(""))
print(len(asked["REJECTING"]["/usr/bin/node"]["/usr/bin/node"]["file"].rules))
"""


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool that makes rules from denials.

    Attributes
    ----------
    needs
        The Debian packages it comes in.
    write
        Writes a log of so many lines with so many distinct accesses.
    run
        Runs it on a log; returns how many accesses its rules allow.
    """

    name: str
    needs: str
    write: Callable[[Path, int, int], None]
    run: Callable[[Path], int]


def tools() -> Iterator[Tool | str]:
    """Yield the tools that are installed, and of the others a sentence that says so."""
    name, needs = "audit2allow", "policycoreutils-python-utils, selinux-policy-default"
    policies = sorted(Path("/etc/selinux").glob("*/policy/policy.*"))
    if shutil.which(name) and policies:
        yield _audit2allow(name, needs, policies[-1])
    else:
        yield f"{name} is not installed ({needs})"
    name, needs = "aa-logprof", "apparmor-utils"
    # It is for the administrator, whose path has this directory.
    if script := shutil.which(name) or shutil.which(name, path="/usr/sbin"):
        first = Path(script).read_text("utf-8").partition("\n")[0]
        yield _logprof(name, needs, first.removeprefix("#!").split()[0])
    else:
        yield f"{name} is not installed ({needs})"


def _audit2allow(name: str, needs: str, policy: Path) -> Tool:
    def write(path: Path, lines: int, distinct: int) -> None:
        known = sorted(set(FILE_TYPE.findall(policy.read_bytes().decode("latin-1"))))
        accesses = [(d, t, p) for t in known for d in DOMAINS for p in PERMISSIONS][:distinct]
        with path.open("w", encoding="utf-8") as file:
            for n, access in enumerate(each_then_zipf(lines, distinct)):
                domain, kind, permission = accesses[access]
                file.write(
                    f"{_head(n)} avc:  denied  {{ {permission} }} for  pid={900 + access % 37}"
                    f' comm="node" name="item-{access}.txt" dev="dm-0" ino={1000 + access}'
                    f" scontext=system_u:system_r:{domain}:s0"
                    f" tcontext=system_u:object_r:{kind}:s0 tclass=file permissive=0\n"
                )

    def run(path: Path) -> int:
        command = [name, "-p", str(policy), "-i", str(path)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        return sum(len((many or one).split()) for many, one in GRANT.findall(done.stdout))

    return Tool(name, needs, write, run)


def _logprof(name: str, needs: str, python: str) -> Tool:
    def write(path: Path, lines: int, distinct: int) -> None:
        with path.open("w", encoding="utf-8") as file:
            for n, access in enumerate(each_then_zipf(lines, distinct)):
                file.write(
                    f'{_head(n)} apparmor="DENIED" operation="open" profile="/usr/bin/node"'
                    f' name="/home/you/project/part{access % 50}/build/item-{access}.txt"'
                    f' pid={900 + access % 37} comm="node" requested_mask="r" denied_mask="r"'
                    " fsuid=1000 ouid=1000\n"
                )

    def run(path: Path) -> int:
        profiles = path.with_suffix(".profiles")
        profiles.mkdir(exist_ok=True)
        (profiles / "usr.bin.node").write_text("/usr/bin/node {\n  /usr/bin/node mr,\n}\n")
        command = [python, "-c", LOGPROF, str(profiles), str(path)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        return int(done.stdout.split()[-1])

    return Tool(name, needs, write, run)


def _head(n: int) -> str:
    seconds, millis = divmod(n, 1000)
    return f"type=AVC msg=audit({1_700_000_000 + seconds}.{millis:03}:{n}):"
