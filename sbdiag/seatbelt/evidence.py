"""Where each fact about Seatbelt comes from, and the reader of the tables that hold them.

Apple publishes neither the operations nor the filters; what stands in ``tables/`` was dumped from
libsandbox, read in shipped profiles, measured, or reported. Rows name their evidence by the
identifiers of :data:`EVIDENCE`; the graver the grade, the less it should be leaned on.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import Final, Literal, TypeAlias

Grade: TypeAlias = Literal["measured", "dumped", "shipped", "field report", "inferred"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """One source: how good it is and where to look."""

    grade: Grade
    text: str


EVIDENCE: Final[dict[str, Evidence]] = {
    "libsandbox-13.0": Evidence(
        "dumped", "operation and filter tables of libsandbox, macOS 13.0 (blacktop/ipsw)"
    ),
    "libsandbox-10.15": Evidence(
        "dumped", "operation tables of libsandbox, macOS 10.12 to 10.15 (0xbf00/simbple)"
    ),
    "libsandbox-15": Evidence(
        "dumped", "filter and symbol tables of libsandbox, macOS 15.2 (0x3c3e/sandblaster)"
    ),
    "vocabulary-14.4.1": Evidence(
        "dumped", "operation names of libsandbox, macOS 14.4.1 (Protonk/sandbox-boostrap)"
    ),
    "profiles-26.4.1": Evidence(
        "shipped", "the 508 profiles of /System/Library/Sandbox/Profiles, macOS 26.4.1"
    ),
    "profiles-iOS26": Evidence("shipped", "decompiled profiles of iOS 26 (blacktop/ipsw-diffs)"),
    "prelude-1": Evidence(
        "shipped", "prelude of (version 1), macOS 10.15 (0xbf00/simbple, knightsc/sandbox_profiles)"
    ),
    "policy.scm": Evidence(
        "shipped", "policy.scm of libsandbox, macOS 10.15 (knightsc/sandbox_profiles)"
    ),
    "mozilla-implicit": Evidence(
        "shipped", "Mozilla SandboxPolicyContent.h: not included in (deny default)"
    ),
    "webkit-implicit": Evidence(
        "shipped", "WebKit WebProcess.sb.in: process-info* defaults to allow"
    ),
    "safehouse-26": Evidence(
        "measured", "eugene1g/agent-safehouse commit e9f84c3, tested on macOS 26"
    ),
    "safehouse-localhost": Evidence(
        "measured", "eugene1g/agent-safehouse commit 8b81516, seen on macOS 15.7 and 26"
    ),
    "sandbox-runtime-localhost": Evidence(
        "field report", "anthropic sandbox-runtime issues 131 and 225"
    ),
    "version-3-spike": Evidence(
        "field report", "runs of (version 3) profiles on macOS 15: what (deny default) then covers"
    ),
    "anchor-runs": Evidence("measured", "Protonk/sandbox-boostrap runtime runs, macOS 14.4.1"),
    "mxc-network": Evidence(
        "measured", "microsoft/mxc commit 7e01c740: filtered against unfiltered, bind and inbound"
    ),
    "mxc-paths": Evidence(
        "measured", "microsoft/mxc commit 5b1bc721: aliases and trailing slashes"
    ),
    "sandbox-coverage": Evidence(
        "measured", "0xbf00/macos-sandbox-coverage matching tests, macOS 10.14 and 10.15"
    ),
    "homebrew": Evidence("shipped", "Homebrew/brew sandbox.rb, every build on macOS"),
    "nono-971": Evidence("measured", "nono pull request 971 and policy.rs: run with sandbox-exec"),
    "orbit-494": Evidence(
        "field report", "constellation-works/orbit 494: subpath folds case, regex does not"
    ),
    "case-folding": Evidence(
        "field report",
        "paths match without regard to case on every volume, and Apple's own "
        "compiled path regexes are all lower case",
    ),
    "orbit-495": Evidence("measured", "constellation-works/orbit 495: `^` only at the start"),
    "regex-corpus": Evidence("shipped", "1177 regexes of public and Apple profiles"),
    "xpc-reports": Evidence(
        "field report", "(xpc) denials answered by global-name in one, xpc-service-name in others"
    ),
    "mach-kinds": Evidence(
        "dumped", "global-name, local-name and xpc-service-name exclude each other (simbple)"
    ),
    "field-report": Evidence("field report", "public threads without a repeatable run"),
    "inferred-name": Evidence("inferred", "from the name and the order of the list"),
    "inferred": Evidence("inferred", "by reasoning; nobody is known to have measured it"),
}


def read_table(name: str) -> list[tuple[str, ...]]:
    """Read one table of the package, ``operations.tsv``, without its heading.

    Returns
    -------
    list of tuple of str
        One tuple a row, columns as in the heading; ``-`` stands for nothing.
    """
    text = (files("sbdiag.seatbelt") / "tables" / name).read_text(encoding="utf-8")
    return [tuple(line.split("\t")) for line in text.splitlines() if not line.startswith("#")]
