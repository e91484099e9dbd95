"""An investigation as an executable notebook: question, evidence, pictures, rules, limits.

The notebook carries its own evidence: the frames that were read stand in it as compressed JSON. It
names no file, so it runs anywhere, goes on saying what it said when the capture is gone, gives away
no place on the writer's disk, and of a redacted report holds nothing but stand-ins. Log text enters
code cells only inside that block, which is base64, and Markdown only as fenced text; a name in a
log can neither run nor format anything. The same report gives the same bytes. Format: nbformat 4.5.
"""

from __future__ import annotations

import base64
import bz2
import hashlib
import json
import textwrap
from collections.abc import Iterator, Mapping
from typing import Final, Protocol

import pandas as pd

from sbdiag.diagnosis.ruleset import RuleSet, Widen, XpcKind
from sbdiag.errors import ExportError
from sbdiag.export import nono, sb
from sbdiag.export.record import frame_records
from sbdiag.seatbelt.profile import Profile
from sbdiag.seatbelt.sexpr import visible
from sbdiag.seatbelt.text import rule_text

_KERNEL: Final = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
_LINE: Final = 96
_PACKED: Final = "EVIDENCE = (\n"
# With more rules than that their picture is longer than anybody looks at.
_MOST_DRAWN: Final = 40


class Investigation(Protocol):
    """As much of a report as a notebook needs."""

    @property
    def denials(self) -> pd.DataFrame: ...  # noqa: D102
    @property
    def unparsed(self) -> pd.DataFrame: ...  # noqa: D102
    @property
    def entitlements(self) -> pd.DataFrame: ...  # noqa: D102
    @property
    def milestones(self) -> pd.DataFrame: ...  # noqa: D102
    @property
    def runs(self) -> pd.DataFrame: ...  # noqa: D102
    @property
    def stages(self) -> pd.DataFrame: ...  # noqa: D102
    @property
    def findings(self) -> pd.DataFrame: ...  # noqa: D102
    @property
    def rules(self) -> RuleSet: ...  # noqa: D102
    @property
    def notes(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def profile(self) -> Profile | None: ...  # noqa: D102
    @property
    def widen(self) -> Widen: ...  # noqa: D102
    @property
    def xpc(self) -> XpcKind: ...  # noqa: D102
    @property
    def redacted(self) -> bool: ...  # noqa: D102


def to_notebook(report: Investigation) -> str:
    """Write a report as a notebook.

    Parameters
    ----------
    report
        From :func:`sbdiag.analyze`.

    Returns
    -------
    str
        The text of an ``.ipynb`` file: valid by nbformat, cells numbered, no outputs. Running it
        builds the report from the evidence inside, and checks that the rules come out the same.
    """
    # here, as the import takes longer than reading a capture: it builds grammars of its checker
    import nbformat
    from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

    notebook = new_notebook(metadata=_KERNEL)  # type: ignore[no-untyped-call]
    for number, (kind, source) in enumerate(_cells(report), 1):
        make = new_markdown_cell if kind == "markdown" else new_code_cell
        # A front end that can fold a cell folds the packed one.
        folded = (
            {"jupyter": {"source_hidden": True}} if kind == "code" and _PACKED in source else {}
        )
        cell = make(source, id=f"sbdiag-{number:02}", metadata=folded)  # type: ignore[no-untyped-call]
        notebook.cells.append(cell)
    nbformat.validate(notebook)
    text: str = nbformat.writes(notebook, version=4)  # type: ignore[no-untyped-call]
    return text.rstrip("\n") + "\n"


def evidence_text(report: Investigation) -> str:
    """Return the frames that were read as base64 of compressed JSON; same frames, same text."""
    frames = {
        "denials": report.denials,
        "unparsed": report.unparsed,
        "entitlements": report.entitlements,
        "milestones": report.milestones,
    }
    record = {
        **{name: frame_records(frame) for name, frame in frames.items()},
        "runs": report.runs.to_dict("records"),
        "notes": list(report.notes),
        "profile": _profile_record(report.profile),
        "widen": report.widen,
        "xpc": report.xpc,
        "redacted": report.redacted,
    }
    # bz2 and not gzip: its output does not depend on the platform or the version of a library.
    packed = bz2.compress(json.dumps(record, ensure_ascii=True).encode("ascii"))
    return base64.b64encode(packed).decode("ascii")


def _profile_record(profile: Profile | None) -> dict[str, object] | None:
    """Describe a profile by its evaluated rules, as text that evaluates to them again."""
    if profile is None:
        return None
    if profile.unknown_imports:
        raise ExportError(
            "a notebook cannot carry a profile whose imports were not found:"
            f" {', '.join(profile.unknown_imports)}"
        )
    text = "\n".join([f"(version {profile.version})", *map(rule_text, profile.rules)])
    return {"text": text, "path": profile.path or "<profile>"}


def read_evidence(text: str) -> Mapping[str, object]:
    """Read what :func:`evidence_text` wrote, as plain values."""
    record: Mapping[str, object] = json.loads(bz2.decompress(base64.b64decode(text)))
    return record


def fenced(text: str) -> str:
    """Return `text` as a block that Markdown shows to the letter, line ends made visible."""
    lines = [visible(line) for line in text.split("\n")]
    longest = max((len(run) for line in lines for run in _runs(line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}text", *lines, fence])


def _runs(line: str) -> Iterator[str]:
    """Rows of backticks in one line."""
    return (part for part in "".join(c if c == "`" else " " for c in line).split() if part)


def _cells(report: Investigation) -> Iterator[tuple[str, str]]:
    """Markdown and code of the cells, in order; what there is nothing of is left out."""
    denials = report.denials
    refused = denials[denials["verdict"] == "deny"]
    yield "markdown", _opening(report, len(refused))
    yield "markdown", "## The answer\n\n" + fenced(_found(report.findings))
    packed = "\n".join(f'    "{part}"' for part in textwrap.wrap(evidence_text(report), _LINE))
    yield (
        "code",
        f"import sbdiag\nfrom sbdiag.analysis import unpack\n\n{_PACKED}{packed}\n)\n"
        "report = unpack(EVIDENCE)\nprint(report)",
    )
    yield "code", "report"
    yield "markdown", "## What was read\n\n" + _read(report)
    yield "code", "report.runs"
    if len(report.unparsed):
        yield "code", 'report.unparsed[["run", "line", "reason"]]'
    if len(denials):
        yield "code", 'report.denials[["run", "line", "time", "process", "operation", "target"]]'
    if len(report.stages):
        yield "markdown", "## How far each start came"
        yield "code", "ax = report.plot_startup()"
    if refused["time"].notna().any():
        yield "markdown", "## When it was refused"
        yield "code", "ax = report.plot_timeline()"
    if len(refused):
        yield "markdown", "## Who asked for what"
        yield "code", "ax = sbdiag.plot_operations(report.denials)"
    if len(report.rules):
        yield from _rules_cells(len(report.rules))
    yield "markdown", "## Conclusion\n\n" + _conclusion(report.rules)
    if report.rules.withheld:
        yield (
            "code",
            "for each in report.rules.withheld:\n"
            '    what = " ".join(filter(None, (each.reason, each.name)))\n'
            '    print(f"{len(each.denials):>4} {what}: {each.explanation}")',
        )
    yield "markdown", _LIMITS
    yield "code", _check(report)


def _rules_cells(count: int) -> Iterator[tuple[str, str]]:
    yield (
        "markdown",
        "## The rules\n\nFor Seatbelt. Each comment names the run and line that asked for it.",
    )
    yield "code", "print(report.to_sb().text)"
    yield "markdown", "For nono, with what a reader should know before using it:"
    yield (
        "code",
        'nono = report.to_nono()\nprint(nono.text)\nfor note in nono.notes:\n    print("-", note)',
    )
    yield (
        "markdown",
        "## The proof\n\n*Sufficient:* with all rules, is what each one answers allowed?"
        " *Necessary:* without it, is something refused again?",
    )
    if count <= _MOST_DRAWN:
        yield "code", "ax = sbdiag.plot_rules(report)"
    yield (
        "code",
        'report.verification[["with_all", "necessary", "refused_without", "reason", "wider"]]',
    )


def _opening(report: Investigation, refused: int) -> str:
    redacted = (
        "\n\n**Redacted.** Names of persons, machines and teams are stand-ins, in everything below."
        if report.redacted
        else ""
    )
    given = "" if report.profile is None else ", and the profile that was in force"
    denials = f"{refused} denial{'' if refused == 1 else 's'}"
    captures = f"{len(report.runs)} capture{'' if len(report.runs) == 1 else 's'}"
    return (
        "# What the sandbox refused\n\n**The question.** Which accesses were refused, what did that"
        " stop, and what is the least that lifts it?\n\n**The evidence.**"
        f" {denials} in {captures}, read by sbdiag{given}. What was read stands in the first cell"
        f" of code, packed and folded, so that this notebook runs without the files.{redacted}"
    )


def _read(report: Investigation) -> str:
    said = "Lines read = denials + lines that continue one + lines of others + unparsed."
    if report.notes:
        said += " What was assumed:\n\n" + fenced("\n".join(report.notes))
    return said


def _conclusion(rules: RuleSet) -> str:
    if not len(rules):
        return "No rule is proposed. " + (
            "What was refused, and why no rule lifts it:" if rules.withheld else ""
        )
    return (
        "The rules above answer every denial that a rule can answer and should."
        + (" The others, each with its reason:" if rules.withheld else "")
        + "\n\nTo decide otherwise, run `report.explore()` in a cell of its own."
    )


_LIMITS: Final = """## Limits

* A capture is a lower bound: the kernel drops denials, and a program that stops at its first
  refusal never asks for the rest. Allow, run again, look again.
* The proof is about what was captured, by published tables of how Seatbelt decides; where they
  cannot tell, the answer is *unknown*.
* Read what you allow: the program that was refused chose the names."""


def _check(report: Investigation) -> str:
    """Code that compares the rules with those of the day of writing, to the letter."""
    texts = {
        "to_sb": sb.to_sb(report.rules, denials=report.denials).text,
        "to_nono": nono.to_nono(report.rules).text,
    }
    lines = [
        "import hashlib",
        "",
        "# What was concluded when this was written. Another version of sbdiag may know better.",
        f"assert len(report.denials) == {len(report.denials)}",
        f"assert len(report.rules) == {len(report.rules)}",
    ]
    for method, text in texts.items():
        digest = hashlib.sha256(text.encode("utf-8")).hexdigest()
        lines += [
            f"written = report.{method}().text.encode()",
            "assert hashlib.sha256(written).hexdigest() == (",
            f'    "{digest}"',
            ")",
        ]
    return "\n".join(lines)


def _found(findings: pd.DataFrame) -> str:
    rows = findings[findings["severity"] != "note"].to_dict("records")
    return (
        "\n".join(
            line
            for row in rows
            for line in textwrap.wrap(
                f"{row['severity']}: {row['title']}".replace("\n", " "),
                90,
                subsequent_indent="    ",
            )
        )
        or "nothing but notes"
    )
