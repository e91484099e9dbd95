"""What the commands take: their arguments, their help, their examples."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeAlias

_Holder: TypeAlias = "argparse.ArgumentParser | argparse._ArgumentGroup"

_WIDTH: Final = 79
_WRONG: Final = "2: the command line or an input file is wrong; stderr says where."


@dataclass(frozen=True, slots=True)
class Command:
    """What the help of one command says; its name is the key."""

    summary: str
    description: str
    statuses: tuple[str, ...]
    examples: tuple[str, ...]


COMMANDS: Final[Mapping[str, Command]] = MappingProxyType(
    {
        "analyze": Command(
            "a capture goes in, minimal rules come out",
            "Say what was refused, where the start of a VM stopped, what it means, and which rules "
            "lift it; write the rules for Seatbelt or nono.",
            ("0: the captures were read, whatever they hold.",),
            (
                "sbdiag analyze capture.log --sb rules.sb",
                "sbdiag analyze runs/ --nono rules.json --omit-granted",
                "sbdiag analyze run-*.log --profile agent.sb -D HOME=/Users/you --json",
                "/usr/bin/log show --last 10m | sbdiag analyze -",
            ),
        ),
        "check": Command(
            "does a profile allow what a capture shows",
            "Say for each access in the captures what the profile answers and which rule decides. "
            "What no profile decides, and sensitive targets and known noise, are shown apart and "
            "do not count.",
            (
                "0: every access that counts is allowed.",
                "1: one is denied, or is unknown (which --unknown-ok lets pass).",
            ),
            (
                "sbdiag check agent.sb capture.log",
                "sbdiag check nono.json runs/ --unknown-ok -D HOME=/Users/you",
                "sbdiag check agent.sb capture.log --json | python -m json.tool",
            ),
        ),
        "explain": Command(
            "why a profile answers as it does",
            "Print the way to the answer: which rules were tried in which order, and why others "
            "that match do not help. OPERATION and TARGET as the log prints them.",
            ("0: there is an answer, whichever it is.",),
            (
                "sbdiag explain agent.sb file-read-data /private/etc/hosts",
                "sbdiag explain agent.sb mach-lookup com.apple.example",
            ),
        ),
        "diff": Command(
            "what a second profile changes for a capture",
            "Say what B changes against A for the accesses of the captures: what is added, what is "
            "removed, what is not settled.",
            (
                "0: the two were compared.",
                "1: with --exit-code, an access is added, removed or unclear.",
            ),
            (
                "sbdiag diff old.sb new.sb --on capture.log",
                "sbdiag diff agent.sb nono.json --on run-1.log run-2.log --exit-code",
            ),
        ),
        "notebook": Command(
            "write the investigation as an executable notebook",
            "Write what analyze concludes as a notebook that carries its evidence and runs "
            "anywhere.",
            ("0: the notebook was written.",),
            (
                "sbdiag notebook capture.log -o write-up.ipynb",
                "sbdiag notebook runs/ -o write-up.ipynb --redact",
            ),
        ),
    }
)


def parser() -> argparse.ArgumentParser:
    """Return the parser; ``command`` of what it reads is the name of the command."""
    whole = argparse.ArgumentParser(
        prog="sbdiag",
        description="Read macOS sandbox denials and write the minimal Seatbelt or nono rules.",
        epilog=_epilog(
            ("0: the command did what was asked.", "1: check or diff --exit-code says no."),
            ("sbdiag analyze capture.log --sb rules.sb", "sbdiag check --help"),
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")
    fill = {
        "analyze": _analyze,
        "check": _check,
        "explain": _explain,
        "diff": _diff,
        "notebook": _notebook,
    }
    for name, said in COMMANDS.items():
        fill[name](
            commands.add_parser(
                name,
                help=said.summary,
                description=textwrap.fill(said.description, _WIDTH),
                epilog=_epilog(said.statuses, said.examples),
                formatter_class=argparse.RawDescriptionHelpFormatter,
            )
        )
    return whole


def _epilog(statuses: tuple[str, ...], examples: tuple[str, ...]) -> str:
    lines = ["examples:", *(f"  {example}" for example in examples), "", "exit status:"]
    return "\n".join([*lines, *(f"  {status}" for status in (*statuses, _WRONG))])


def _analyze(parser: argparse.ArgumentParser) -> None:
    _reading(parser)
    out = parser.add_argument_group("output")
    out.add_argument("--json", action="store_true", help="print the report as JSON")
    out.add_argument("--sb", metavar="OUT", help="write the rules for Seatbelt")
    out.add_argument("--nono", metavar="OUT", help="write the rules as a nono profile")
    sb = parser.add_argument_group("with --sb")
    sb.add_argument(
        "--whole", action="store_true", help="a whole profile, not rules to paste into one"
    )
    sb.add_argument(
        "--base",
        choices=("deny-default", "import-system"),
        help="what a whole profile starts with; import-system adds Apple's system.sb",
    )
    sb.add_argument(
        "--home-param",
        action="store_true",
        help='paths below the home directory by (param "HOME"), for sandbox-exec -D HOME=…',
    )
    nono = parser.add_argument_group("with --nono")
    nono.add_argument("--name", metavar="NAME", help="the name of the profile (default sbdiag)")
    nono.add_argument(
        "--home", metavar="DIR", help="what ~ stands for (default: the one home in the rules)"
    )
    _many(nono, "--directory", "PATH", "grant this path with everything below it, not it alone")
    nono.add_argument(
        "--omit-granted", action="store_true", help="leave out what nono's base grants anyway"
    )


def _check(parser: argparse.ArgumentParser) -> None:
    _policy(parser, "profile", "PROFILE")
    _captures(parser)
    _language(parser)
    parser.add_argument("--unknown-ok", action="store_true", help="let pass what is not settled")
    parser.add_argument(
        "--strict", action="store_true", help="count sensitive targets and known noise as well"
    )
    parser.add_argument("--json", action="store_true", help="print the table as JSON")


def _explain(parser: argparse.ArgumentParser) -> None:
    _policy(parser, "profile", "PROFILE")
    parser.add_argument("operation", metavar="OPERATION", help="file-read-data, mach-lookup, …")
    parser.add_argument("target", metavar="TARGET", nargs="?", help="what stands behind it")
    _language(parser)


def _diff(parser: argparse.ArgumentParser) -> None:
    _policy(parser, "before", "A")
    _policy(parser, "after", "B")
    parser.add_argument(
        "--on", dest="capture", nargs="+", metavar="CAPTURE", required=True, help="captures"
    )
    _selection(parser)
    _language(parser)
    parser.add_argument("--exit-code", action="store_true", help="status 1 if anything changes")
    parser.add_argument("--json", action="store_true", help="print the table as JSON")


def _notebook(parser: argparse.ArgumentParser) -> None:
    _reading(parser)
    out = parser.add_argument_group("output")
    out.add_argument("-o", "--output", metavar="OUT", required=True, help="the .ipynb to write")
    out.add_argument("--redact", action="store_true", help="replace names by stand-ins first")


def _reading(parser: argparse.ArgumentParser) -> None:
    _captures(parser)
    _many(parser, "--entitlements", "FILE", "a codesign dump: one for all runs, or one each")
    _many(parser, "--lima-log", "FILE", "a log of Lima: one for all runs, or one each")
    rules = parser.add_argument_group("rules")
    rules.add_argument(
        "--widen",
        choices=("known", "none", "siblings"),
        default="known",
        help="take a directory for its files: where a table says who owns it (default), never, "
        "or wherever files of it were seen",
    )
    rules.add_argument(
        "--xpc",
        choices=("both", "xpc-service-name", "global-name"),
        default="both",
        help="the kind of name that answers a lookup printed with (xpc); reports disagree",
    )
    profile = parser.add_argument_group("profile in force")
    profile.add_argument(
        "--profile", metavar="FILE", help="a .sb or nono profile: propose only what it lacks"
    )
    _language(profile)


def _captures(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "capture", nargs="+", metavar="CAPTURE", help="file, directory, glob, or - for a pipe"
    )
    _selection(parser)


def _selection(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--process", metavar="P", help="only this process, as printed in the log")
    parser.add_argument("--tz", metavar="Z", help="zone of times written without one (default UTC)")


def _language(parser: _Holder) -> None:
    parser.add_argument(
        "-D",
        dest="params",
        metavar="K=V",
        action="append",
        default=[],
        help="parameter of the profile, as for sandbox-exec; may be repeated",
    )
    _many(parser, "--import-path", "DIR", "where (import …) is looked for")
    parser.add_argument(
        "--missing-imports",
        choices=("unknown", "error"),
        default="unknown",
        help="what an import that is not found makes of answers, or an error (default unknown)",
    )


def _many(parser: _Holder, option: str, metavar: str, said: str) -> None:
    """Add an option that takes one value and may be repeated."""
    parser.add_argument(
        option, metavar=metavar, action="append", default=[], help=f"{said}; may be repeated"
    )


def _policy(parser: argparse.ArgumentParser, name: str, metavar: str) -> None:
    parser.add_argument(name, metavar=metavar, help="a Seatbelt .sb or a nono profile")
