"""An investigation as an executable notebook: question, evidence, pictures, rules, limits.

The notebook carries its own evidence: the frames that were read stand in it as compressed JSON, so
that it runs anywhere, without the capture. Log text enters code cells only inside that block, which
is base64, and Markdown only as fenced text; a name in a log can neither run nor format anything.
The same report gives the same bytes. Format: nbformat 4.5.
"""

from __future__ import annotations

import base64
import gzip
import json
import textwrap
from collections.abc import Iterator, Mapping
from typing import Final, Protocol

import nbformat
import pandas as pd
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from sbdiag.diagnosis.ruleset import RuleSet, Widen, XpcKind
from sbdiag.errors import ExportError
from sbdiag.export.record import frame_records
from sbdiag.seatbelt.profile import Profile
from sbdiag.seatbelt.sexpr import visible
from sbdiag.seatbelt.text import rule_text

_KERNEL: Final = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
_LINE: Final = 96


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
    notebook = new_notebook(metadata=_KERNEL)  # type: ignore[no-untyped-call]
    for number, (kind, source) in enumerate(_cells(report), 1):
        make = new_markdown_cell if kind == "markdown" else new_code_cell
        notebook.cells.append(make(source, id=f"sbdiag-{number:02}"))  # type: ignore[no-untyped-call]
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
    packed = gzip.compress(json.dumps(record, ensure_ascii=True).encode("ascii"), mtime=0)
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
    record: Mapping[str, object] = json.loads(gzip.decompress(base64.b64decode(text)))
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
    refused = int((report.denials["verdict"] == "deny").sum())
    yield (
        "markdown",
        "# What the sandbox refused\n\n**The question.** Which accesses were refused, what did"
        f" that stop, and what is the least that lifts it?\n\n**The evidence.** {refused} denials"
        f" in {len(report.runs)} captures, read by sbdiag. They stand in the next cell, packed, so"
        " that this notebook runs without the files.",
    )
    packed = "\n".join(f'    "{part}"' for part in textwrap.wrap(evidence_text(report), _LINE))
    yield (
        "code",
        f"import sbdiag\nfrom sbdiag.analysis import unpack\n\nEVIDENCE = (\n{packed}\n)\n"
        "report = unpack(EVIDENCE)\nreport",
    )
    yield "markdown", "## What was found\n\n" + fenced(_found(report.findings))
    yield "code", 'report.findings[["severity", "run", "title", "source"]]'
    if len(report.stages):
        yield "markdown", "## How far each start came"
        yield "code", "report.plot_startup();"
    yield "markdown", "## When it was refused"
    yield "code", "report.plot_timeline();"
    yield "markdown", "## The rules\n\nEach comment names the run and line that asked for it."
    yield "code", "print(report.to_sb().text)"
    yield "code", "print(report.to_nono().text)"
    yield (
        "markdown",
        "## The proof\n\nWith all rules: is what each answers allowed? Without it: is something"
        " refused again?",
    )
    yield "code", 'report.verification[["text", "with_all", "necessary", "reason"]]'
    yield (
        "markdown",
        "## Conclusion\n\nThe rules above answer every denial that a rule can answer. The others,"
        " each with its reason:",
    )
    yield (
        "code",
        "for each in report.rules.withheld:\n"
        '    print(f"{each.reason} {each.name}: {len(each.denials)} denials. {each.explanation}")',
    )
    yield (
        "markdown",
        "## Limits\n\nA capture is a lower bound: the kernel drops denials, and a program that"
        " stops at the first refusal never asks for the rest.",
    )
    yield (
        "code",
        f"assert len(report.denials) == {len(report.denials)}\n"
        f"assert len(report.rules) == {len(report.rules)}",
    )


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
