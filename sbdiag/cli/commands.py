"""What each command does: read, ask the library, print."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import BinaryIO, Final

from sbdiag import analysis
from sbdiag.capture.captures import Captured, read_captures
from sbdiag.cli.options import parser
from sbdiag.diagnosis import compare
from sbdiag.display.exported import export_text
from sbdiag.display.terminal import report_text
from sbdiag.display.verdicts import changes_text, check_text, explain_text, profile_notes
from sbdiag.display.visible import visible
from sbdiag.errors import SbdiagError
from sbdiag.export.account import Export
from sbdiag.export.policy import read_policy
from sbdiag.export.record import export_record, frame_records, report_record
from sbdiag.seatbelt.profile import Profile


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    options = parser().parse_args(arguments)
    try:
        status = _COMMANDS[options.command](options)
    except BrokenPipeError:
        # The reader of our output went away (`| head`): not an error of ours.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (SbdiagError, OSError) as error:
        print(f"sbdiag: {visible(str(error))}", file=sys.stderr)
        return 2
    return status


def _analyze(options: argparse.Namespace) -> int:
    for name, needed in _NEEDS.items():
        if getattr(options, name) and not getattr(options, needed):
            raise SbdiagError(f"--{name.replace('_', '-')} says nothing without --{needed}")
    report = _report(options)
    written = _exports(report, options)
    if options.json:
        exports = {name: export_record(export) for name, export in written.items()}
        _print_json({**report_record(report), "exports": exports})
        return 0
    notes = profile_notes([report.profile] if report.profile else [])
    print(report_text(report, notes=notes, colour=_colour()), end="")
    for name, export in written.items():
        print("\n" + export_text(export, name=name, colour=_colour()), end="")
    return 0


# Options that say nothing without another.
_NEEDS: Final = {
    "whole": "sb",
    "base": "whole",
    "home_param": "sb",
    "name": "nono",
    "home": "nono",
    "directory": "nono",
    "omit_granted": "nono",
}


def _exports(report: analysis.Report, options: argparse.Namespace) -> dict[str, Export]:
    """Write the files that were asked for; return what each says of itself, by its name."""
    written: dict[str, Export] = {}
    if options.sb:
        written[options.sb] = report.to_sb(
            options.sb,
            whole=options.whole,
            base=options.base or "deny-default",
            home="param" if options.home_param else None,
        )
    if options.nono:
        written[options.nono] = report.to_nono(
            options.nono,
            name=options.name or "sbdiag",
            home=options.home,
            path_kinds=dict.fromkeys(options.directory, "directory"),
            omit_granted=options.omit_granted,
        )
    return written


def _check(options: argparse.Namespace) -> int:
    profile = _profile(options, options.profile)
    read = _read(options)
    checked = compare.check(read.denials, profile)
    passes = compare.passes(checked, unknown_ok=options.unknown_ok, strict=options.strict)
    notes = (*profile_notes([profile]), *read.notes)
    if options.json:
        _print_json({"passes": passes, "accesses": frame_records(checked), "notes": notes})
    else:
        text = check_text(checked, name=options.profile, notes=notes, colour=_colour())
        print(text, end="")
    return 0 if passes else 1


def _explain(options: argparse.Namespace) -> int:
    profile = _profile(options, options.profile)
    decision = profile.decide(options.operation, options.target)
    print(explain_text(decision, notes=profile_notes([profile]), colour=_colour()), end="")
    return 0


def _diff(options: argparse.Namespace) -> int:
    before, after = (_profile(options, name) for name in (options.before, options.after))
    read = _read(options)
    changed = compare.changes(read.denials, before, after)
    notes = (*profile_notes([before, after]), *read.notes)
    if options.json:
        _print_json({"accesses": frame_records(changed), "notes": notes})
    else:
        text = changes_text(
            changed, before=options.before, after=options.after, notes=notes, colour=_colour()
        )
        print(text, end="")
    return int(options.exit_code and compare.alters(changed))


def _profile(options: argparse.Namespace, path: str) -> Profile:
    return read_policy(
        path,
        _params(options.params),
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


def _notebook(options: argparse.Namespace) -> int:
    report = _report(options)
    (report.redact() if options.redact else report).to_notebook(options.output)
    print(f"Wrote {visible(options.output)}")
    return 0


def _report(options: argparse.Namespace) -> analysis.Report:
    return analysis.analyze(
        _files(options),
        entitlements=options.entitlements or None,
        lima_log=options.lima_log or None,
        profile=None if options.profile is None else _profile(options, options.profile),
        params=_params(options.params),
        process=options.process,
        tz=options.tz,
        widen=options.widen,
        xpc=options.xpc,
    )


def _params(given: Sequence[str]) -> dict[str, str]:
    """Read ``K=V`` as ``sandbox-exec -D`` does."""
    pairs = [text.partition("=") for text in given]
    for key, equals, _ in pairs:
        if not key or not equals:
            raise SbdiagError(f"-D takes K=V, not {key!r}")
    return {key: value for key, _, value in pairs}


_COMMANDS: Final[Mapping[str, Callable[[argparse.Namespace], int]]] = MappingProxyType(
    {
        "analyze": _analyze,
        "check": _check,
        "explain": _explain,
        "diff": _diff,
        "notebook": _notebook,
    }
)
