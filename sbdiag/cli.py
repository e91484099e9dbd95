"""The command line; no logic.

Exit status: 0 the command did what was asked; 1 ``check`` found an access that the profile
refuses or cannot settle; 2 the command line or an input file is wrong (one line says where).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from typing import BinaryIO, Final

from sbdiag import analysis
from sbdiag.display.terminal import report_text
from sbdiag.display.visible import visible
from sbdiag.errors import SbdiagError
from sbdiag.export.record import report_record

EXIT_STATUS: Final = __doc__.split("\n\n")[1] if __doc__ else ""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    options = _parser().parse_args(arguments)
    try:
        status: int = options.command(options)
    except BrokenPipeError:
        # The reader of our output went away (`| head`): not an error of ours.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (SbdiagError, OSError) as error:
        print(f"sbdiag: {visible(str(error))}", file=sys.stderr)
        return 2
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sbdiag",
        description="Read macOS sandbox denials and write the minimal Seatbelt or nono rules.",
        epilog=EXIT_STATUS,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _analyze_parser(
        commands.add_parser("analyze", help="a capture goes in, minimal rules come out")
    )
    _notebook_parser(
        commands.add_parser("notebook", help="write the investigation as an executable notebook")
    )
    return parser


def _reading(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "capture", nargs="+", metavar="CAPTURE", help="file, directory, glob, or - for a pipe"
    )
    parser.add_argument("--entitlements", metavar="F", nargs="+", help="codesign dumps")
    parser.add_argument("--lima-log", metavar="F", nargs="+", help="Lima's logs")
    parser.add_argument("--process", metavar="P", help="only this process, as printed in the log")
    parser.add_argument("--tz", metavar="Z", help="zone of times written without one (default UTC)")
    parser.add_argument("--widen", choices=("known", "none", "siblings"), default="known")
    parser.add_argument(
        "--xpc", choices=("both", "xpc-service-name", "global-name"), default="both"
    )
    parser.add_argument("--profile", metavar="SB", help="a profile in force: propose what it lacks")
    parser.add_argument(
        "-D", dest="params", metavar="K=V", action="append", default=[], help="profile parameter"
    )


def _analyze_parser(parser: argparse.ArgumentParser) -> None:
    _reading(parser)
    parser.add_argument("--sb", metavar="OUT", help="write the Seatbelt rules")
    parser.add_argument("--nono", metavar="OUT", help="write the nono profile")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.set_defaults(command=_analyze)


def _analyze(options: argparse.Namespace) -> int:
    report = _report(options)
    written = []
    if options.sb:
        report.to_sb(options.sb)
        written.append(options.sb)
    if options.nono:
        report.to_nono(options.nono)
        written.append(options.nono)
    if options.json:
        print(json.dumps(report_record(report), indent=2, ensure_ascii=True))
        return 0
    colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    print(report_text(report, colour=colour), end="")
    if written:
        print("\nWrote " + ", ".join(visible(str(name)) for name in written))
    return 0


def _notebook_parser(parser: argparse.ArgumentParser) -> None:
    _reading(parser)
    parser.add_argument("-o", "--output", metavar="OUT", required=True, help="the .ipynb to write")
    parser.add_argument("--redact", action="store_true", help="replace names by stand-ins first")
    parser.set_defaults(command=_notebook)


def _notebook(options: argparse.Namespace) -> int:
    report = _report(options)
    (report.redact() if options.redact else report).to_notebook(options.output)
    print(f"Wrote {visible(options.output)}")
    return 0


def _report(options: argparse.Namespace) -> analysis.Report:
    captures: list[str | BinaryIO] = [
        sys.stdin.buffer if name == "-" else name for name in options.capture
    ]
    return analysis.analyze(
        captures[0] if len(captures) == 1 else captures,
        entitlements=options.entitlements,
        lima_log=options.lima_log,
        profile=options.profile,
        params=params(options.params),
        process=options.process,
        tz=options.tz,
        widen=options.widen,
        xpc=options.xpc,
    )


def params(given: Sequence[str]) -> dict[str, str]:
    """Read ``K=V`` as ``sandbox-exec -D`` does."""
    pairs = [text.partition("=") for text in given]
    for key, equals, _ in pairs:
        if not key or not equals:
            raise SbdiagError(f"-D takes K=V, not {key!r}")
    return {key: value for key, _, value in pairs}


if __name__ == "__main__":
    raise SystemExit(main([*sys.argv[1:]] or ["--help"]))


__all__ = ["main", "params"]
