"""What the commands take: their arguments, their help, their examples."""

from __future__ import annotations

import argparse
from typing import Final

EXIT_STATUS: Final = (
    "Exit status: 0 the command did what was asked; 1 check found an access that the profile "
    "refuses or does not settle, or diff --exit-code a change; 2 the command line or an input file "
    "is wrong (one line says where)."
)


def parser() -> argparse.ArgumentParser:
    """Return the parser; ``command`` of what it reads is the name of the command."""
    whole = argparse.ArgumentParser(
        prog="sbdiag",
        description="Read macOS sandbox denials and write the minimal Seatbelt or nono rules.",
        epilog=EXIT_STATUS,
    )
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _analyze(commands.add_parser("analyze", help="a capture goes in, minimal rules come out"))
    _check(commands.add_parser("check", help="does a profile allow what a capture shows"))
    _explain(commands.add_parser("explain", help="why a profile answers as it does"))
    _diff(commands.add_parser("diff", help="what a second profile changes for a capture"))
    _notebook(
        commands.add_parser("notebook", help="write the investigation as an executable notebook")
    )
    return whole


def _analyze(parser: argparse.ArgumentParser) -> None:
    _reading(parser)
    parser.add_argument("--sb", metavar="OUT", help="write the Seatbelt rules")
    parser.add_argument("--nono", metavar="OUT", help="write the nono profile")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")


def _check(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Say for each access in the captures what the profile answers and which rule decides. "
        "Exit status 0: all is allowed; 1: something is denied or unknown. What no profile "
        "decides, and sensitive targets and known noise, are shown apart and do not count."
    )
    _policy(parser, "profile", "PROFILE")
    _captures(parser)
    _language(parser)
    parser.add_argument("--unknown-ok", action="store_true", help="let pass what is not settled")
    parser.add_argument(
        "--strict", action="store_true", help="count sensitive targets and known noise as well"
    )
    parser.add_argument("--json", action="store_true", help="print the table as JSON")


def _explain(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Print the way to the answer: which rules were tried in which order, and why others that "
        "match do not help. OPERATION and TARGET as the log prints them."
    )
    _policy(parser, "profile", "PROFILE")
    parser.add_argument("operation", metavar="OPERATION", help="file-read-data, mach-lookup, …")
    parser.add_argument("target", metavar="TARGET", nargs="?", help="what stands behind it")
    _language(parser)


def _diff(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Say what B changes against A for the accesses of the captures: what is added, what is "
        "removed, what is not settled."
    )
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
    parser.add_argument("-o", "--output", metavar="OUT", required=True, help="the .ipynb to write")
    parser.add_argument("--redact", action="store_true", help="replace names by stand-ins first")


def _reading(parser: argparse.ArgumentParser) -> None:
    _captures(parser)
    parser.add_argument("--entitlements", metavar="F", nargs="+", help="codesign dumps")
    parser.add_argument("--lima-log", metavar="F", nargs="+", help="Lima's logs")
    parser.add_argument("--widen", choices=("known", "none", "siblings"), default="known")
    parser.add_argument(
        "--xpc", choices=("both", "xpc-service-name", "global-name"), default="both"
    )
    parser.add_argument(
        "--profile", metavar="F", help="a .sb or nono profile in force: propose what it lacks"
    )
    _language(parser)


def _captures(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "capture", nargs="+", metavar="CAPTURE", help="file, directory, glob, or - for a pipe"
    )
    _selection(parser)


def _selection(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--process", metavar="P", help="only this process, as printed in the log")
    parser.add_argument("--tz", metavar="Z", help="zone of times written without one (default UTC)")


def _language(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-D", dest="params", metavar="K=V", action="append", default=[], help="profile parameter"
    )
    parser.add_argument(
        "--import-path",
        metavar="DIR",
        action="append",
        default=[],
        help="where (import …) is looked for",
    )
    parser.add_argument(
        "--missing-imports",
        choices=("unknown", "error"),
        default="unknown",
        help="what is not found makes answers unknown, or is an error",
    )


def _policy(parser: argparse.ArgumentParser, name: str, metavar: str) -> None:
    parser.add_argument(name, metavar=metavar, help="a Seatbelt .sb or a nono profile")
