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

import pandas as pd

from sbdiag import analysis
from sbdiag.diagnosis import compare
from sbdiag.display.terminal import report_text
from sbdiag.display.verdicts import changes_text, check_text
from sbdiag.display.visible import visible
from sbdiag.errors import SbdiagError
from sbdiag.export.policy import read_policy
from sbdiag.export.record import report_record
from sbdiag.seatbelt.profile import Profile

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
    _check_parser(commands.add_parser("check", help="does a profile allow what a capture shows?"))
    _explain_parser(commands.add_parser("explain", help="why a profile allows or denies an access"))
    _diff_parser(
        commands.add_parser("diff", help="what changes between two profiles, on a capture")
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
    print(report_text(report, colour=_colour()), end="")
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


def _policy_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-D", dest="params", metavar="K=V", action="append", default=[], help="profile parameter"
    )
    parser.add_argument(
        "--import-path", metavar="DIR", action="append", default=[], help="where imports are found"
    )
    parser.add_argument(
        "--missing-imports",
        choices=("error", "unknown"),
        default="error",
        help="what an import that is not found means",
    )


def _policy(options: argparse.Namespace, path: str) -> Profile:
    return read_policy(
        path,
        params(options.params),
        import_path=options.import_path,
        missing_import=options.missing_imports,
    )


def _check_parser(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("profile", metavar="PROFILE", help="a .sb, or a nono profile")
    parser.add_argument("capture", nargs="+", metavar="CAPTURE", help="as for analyze")
    _policy_options(parser)
    parser.add_argument("--tz", metavar="Z", help="zone of times written without one")
    parser.add_argument("--unknown-ok", action="store_true", help="pass what is not settled")
    parser.add_argument(
        "--strict", action="store_true", help="count sensitive targets and known noise as well"
    )
    parser.set_defaults(command=_check)


def _check(options: argparse.Namespace) -> int:
    checked = compare.check(_denials(options), _policy(options, options.profile))
    print(check_text(checked, colour=_colour()), end="")
    passed = compare.passes(checked, unknown_ok=options.unknown_ok, strict=options.strict)
    return 0 if passed else 1


def _explain_parser(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("profile", metavar="PROFILE", help="a .sb, or a nono profile")
    parser.add_argument("operation", metavar="OPERATION")
    parser.add_argument("target", metavar="TARGET", nargs="?", help="as the log prints it")
    _policy_options(parser)
    parser.set_defaults(command=_explain)


def _explain(options: argparse.Namespace) -> int:
    print(_policy(options, options.profile).decide(options.operation, options.target).explain())
    return 0


def _diff_parser(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("before", metavar="A", help="a .sb, or a nono profile")
    parser.add_argument("after", metavar="B")
    parser.add_argument("--on", dest="capture", metavar="CAPTURE", nargs="+", required=True)
    _policy_options(parser)
    parser.add_argument("--tz", metavar="Z", help="zone of times written without one")
    parser.set_defaults(command=_diff)


def _diff(options: argparse.Namespace) -> int:
    changed = compare.changes(
        _denials(options), _policy(options, options.before), _policy(options, options.after)
    )
    print(changes_text(changed, colour=_colour()), end="")
    return 0


def _denials(options: argparse.Namespace) -> pd.DataFrame:
    return analysis.analyze(_captures(options), tz=options.tz).denials


def _captures(options: argparse.Namespace) -> list[str | BinaryIO]:
    return [sys.stdin.buffer if name == "-" else name for name in options.capture]


def _colour() -> bool:
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ


def _report(options: argparse.Namespace) -> analysis.Report:
    captures = _captures(options)
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
