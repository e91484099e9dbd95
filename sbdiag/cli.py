"""The command line; no logic.

Exit status: 0 the command did what was asked; 1 ``check`` found an access that the profile
refuses or does not settle, or ``diff --exit-code`` a change; 2 the command line or an input file is
wrong (one line says where).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from typing import BinaryIO, Final

from sbdiag import analysis
from sbdiag.capture.captures import Captured, read_captures
from sbdiag.diagnosis import compare
from sbdiag.display.terminal import report_text
from sbdiag.display.verdicts import changes_text, check_text, explain_text, imports_note
from sbdiag.display.visible import visible
from sbdiag.errors import SbdiagError
from sbdiag.export.policy import read_policy
from sbdiag.export.record import frame_records, report_record
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
    _check_parser(commands.add_parser("check", help="does a profile allow what a capture shows"))
    _explain_parser(commands.add_parser("explain", help="why a profile answers as it does"))
    _diff_parser(commands.add_parser("diff", help="what a second profile changes for a capture"))
    _notebook_parser(
        commands.add_parser("notebook", help="write the investigation as an executable notebook")
    )
    return parser


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
        _print_json(report_record(report))
        return 0
    print(report_text(report, colour=_colour()), end="")
    if written:
        print("\nWrote " + ", ".join(visible(str(name)) for name in written))
    return 0


def _check_parser(parser: argparse.ArgumentParser) -> None:
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
    parser.set_defaults(command=_check)


def _check(options: argparse.Namespace) -> int:
    profile = _profile(options, options.profile)
    read = _read(options)
    checked = compare.check(read.denials, profile)
    passes = compare.passes(checked, unknown_ok=options.unknown_ok, strict=options.strict)
    if options.json:
        _print_json({"passes": passes, "accesses": frame_records(checked)})
    else:
        notes = (*imports_note([profile]), *read.notes)
        text = check_text(checked, name=options.profile, notes=notes, colour=_colour())
        print(text, end="")
    return 0 if passes else 1


def _explain_parser(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Print the way to the answer: which rules were tried in which order, and why others that "
        "match do not help. OPERATION and TARGET as the log prints them."
    )
    _policy(parser, "profile", "PROFILE")
    parser.add_argument("operation", metavar="OPERATION", help="file-read-data, mach-lookup, …")
    parser.add_argument("target", metavar="TARGET", nargs="?", help="what stands behind it")
    _language(parser)
    parser.set_defaults(command=_explain)


def _explain(options: argparse.Namespace) -> int:
    profile = _profile(options, options.profile)
    decision = profile.decide(options.operation, options.target)
    print(explain_text(decision, notes=imports_note([profile]), colour=_colour()), end="")
    return 0


def _diff_parser(parser: argparse.ArgumentParser) -> None:
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
    parser.set_defaults(command=_diff)


def _diff(options: argparse.Namespace) -> int:
    before, after = (_profile(options, name) for name in (options.before, options.after))
    read = _read(options)
    changed = compare.changes(read.denials, before, after)
    if options.json:
        _print_json({"accesses": frame_records(changed)})
    else:
        notes = (*imports_note([before, after]), *read.notes)
        text = changes_text(
            changed, before=options.before, after=options.after, notes=notes, colour=_colour()
        )
        print(text, end="")
    return int(options.exit_code and compare.alters(changed))


def _policy(parser: argparse.ArgumentParser, name: str, metavar: str) -> None:
    parser.add_argument(name, metavar=metavar, help="a Seatbelt .sb or a nono profile")


def _profile(options: argparse.Namespace, path: str) -> Profile:
    return read_policy(
        path,
        params(options.params),
        import_path=options.import_path,
        missing_import=options.missing_imports,
    )


def _read(options: argparse.Namespace) -> Captured:
    return read_captures(_files(options), process=options.process, tz=options.tz)


def _files(options: argparse.Namespace) -> str | BinaryIO | list[str | BinaryIO]:
    captures: list[str | BinaryIO] = [
        sys.stdin.buffer if name == "-" else name for name in options.capture
    ]
    return captures[0] if len(captures) == 1 else captures


def _colour() -> bool:
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ


def _print_json(record: object) -> None:
    print(json.dumps(record, indent=2, ensure_ascii=True))


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
    return analysis.analyze(
        _files(options),
        entitlements=options.entitlements,
        lima_log=options.lima_log,
        profile=None if options.profile is None else _profile(options, options.profile),
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
