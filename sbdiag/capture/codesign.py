"""Entitlements: codesign dumps, property lists and Mach-O binaries → the entitlements frame.

One row a key: ``run executable state key value type purpose line`` (``frames.ENTITLEMENTS``). A
file that has no keys gives one row without a key, since *why* it has none decides what to do:

==============  =================================================================================
state           meaning
==============  =================================================================================
entitlements    the whole dictionary
cut             the text breaks off, leaves lines out or is broken: more keys may be there
none            signed, and without entitlements
unsigned        ``code object is not signed at all`` (or ldid's ``no signature``)
linker-signed   ``flags=0x20002(adhoc,linker-signed)``: by the linker, never with entitlements
invalid-blob    ``binary contains an invalid entitlements blob``: macOS ignores what it holds
unknown         the dump does not say (an empty file, or several files whose output ran together)
==============  =================================================================================

Notations: ``[Dict]``/``[Key]`` text (:mod:`~sbdiag.capture.codesign_abstract`), XML of ``--xml``,
``:-`` and ``ldid -e`` (:mod:`~sbdiag.capture.plist_xml`) behind whatever terminals make of the
8-byte blob header, ``.entitlements`` sources, binary property lists, and binaries themselves
(:mod:`~sbdiag.capture.macho`). What codesign prints on stderr is recognised where it was
captured too. Wording: codesign(1), and the dumps in ``tests/capture/entitlements/``.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import pandas as pd

from sbdiag.capture.codesign_abstract import is_ellipsis, read_abstract, starts_abstract
from sbdiag.capture.entitlement_document import Document, read_binary_plist
from sbdiag.capture.entitlement_keys import purpose_of
from sbdiag.capture.frames import ENTITLEMENTS
from sbdiag.capture.macho import Slice, is_macho, read_slices
from sbdiag.capture.plist_xml import START, read_xml
from sbdiag.capture.text_source import Source, decode, name_of, read_bytes, run_of
from sbdiag.errors import EntitlementsError, Location

_BINARY_PLIST: Final = b"bplist00"
_BLOB: Final = b"\xfa\xde\x71\x71"
_HEADER: Final = re.compile(r"\s*Executable=(?P<path>.*\S)")
_COMMAND: Final = re.compile(r"(?:.*[$%#>❯] )?\s*(?P<command>(?:codesign|ldid)\s+-.*)")
_UNSIGNED: Final = re.compile(r"\s*(?:(?P<path>\S.*): )?code object is not signed at all\b.*")
_NO_SIGNATURE: Final = re.compile(r"\s*(?P<path>\S.*): no signature\s*")
_SUBCOMPONENT: Final = re.compile(r"\s*In subcomponent: (?P<path>.*\S)\s*")
_INVALID_BLOB: Final = re.compile(r".*\binvalid entitlements blob\b", re.IGNORECASE)
_DIRECTORY: Final = re.compile(r"\s*CodeDirectory v=.*?\bflags=0x[0-9a-f]+\((?P<flags>[^)]*)\)")
_DETAIL: Final = re.compile(
    r"\s*(?:Identifier|Format|CodeDirectory|Signature|Signature size|Authority|TeamIdentifier|"
    r"CDHash|Hash type|Sealed Resources|Internal requirements|Info\.plist)(?:=| v=| entries=)"
)
# What a denial capture has and a dump has not; asked before content is taken for a dump.
_REPORT: Final = re.compile(
    r"^Filtering the log data using|\"eventMessage\"|\bSandbox: .*\bdeny|\) deny\(\d+\) |"
    r"^\{.*\"level\":",
    re.MULTILINE,
)
_DUMP: Final = re.compile(
    r"^\s*Executable=\S|code object is not signed at all|^\s*\[Key\] \S|"
    r"<plist\b|<!DOCTYPE\s+plist|^\s*<key>",
    re.MULTILINE,
)


@dataclass(slots=True)
class _Signed:
    """One executable of a dump, as far as it was read."""

    path: str | None
    line: int | None
    said: bool = True  # False: only named on a command line, nothing printed yet
    unsigned: bool = False
    linker_signed: bool = False
    invalid: bool = False
    lost: bool = False  # which of several executables this is about cannot be told


@dataclass(slots=True)
class _Dump:
    """Everything found in one text: executables with the documents printed for them."""

    found: list[tuple[_Signed, Document | None]] = field(default_factory=list)
    heads: list[_Signed] = field(default_factory=list)
    documents: list[Document] = field(default_factory=list)

    def head(self, head: _Signed) -> None:
        last = self.heads[-1] if self.heads and not self.documents else None
        if last is not None and head.said and not last.said:
            self.heads[-1] = head  # the command line, then what it printed
            return
        if self.documents:
            self.flush()
        self.heads.append(head)

    def last(self, line: int) -> _Signed:
        """Return the executable that a remark is about."""
        if not self.heads:
            self.heads.append(_Signed(None, line))
        return self.heads[-1]

    def flush(self) -> None:
        """Give the documents to their executables.

        codesign names an executable on stderr and prints its entitlements on stdout. One run per
        file keeps them together; one run over many files through a pipe prints all names first.
        """
        heads, documents = self.heads, self.documents
        self.heads, self.documents = [], []
        if not documents:
            self.found.extend((head, None) for head in heads)
        elif len(heads) <= 1:
            head = heads[0] if heads else _Signed(None, None)
            # a universal binary prints one per architecture, mostly the same
            unique: dict[str, Document] = {}
            for document in documents:
                unique.setdefault(_content(document), document)
            self.found.extend((head, document) for document in unique.values())
        elif len(documents) == 1:
            self.found.extend((head, None) for head in heads[:-1])
            self.found.append((heads[-1], documents[0]))
        elif len(documents) == len(heads):
            self.found.extend(zip(heads, documents, strict=True))
        else:
            for head in heads:
                head.lost = True
                self.found.append((head, None))
            self.found.extend((_Signed(None, None), document) for document in documents)


def read_entitlements(source: Source, *, run: str | None = None) -> pd.DataFrame:
    """Read a codesign dump, a property list or a Mach-O binary into the entitlements frame.

    Parameters
    ----------
    source
        A path, an open binary file, or the bytes themselves.
    run
        What the column ``run`` says; by default the file's name.

    Returns
    -------
    DataFrame
        ``frames.ENTITLEMENTS``: one row a key, in the order of the dump; one row without a key
        for an executable that has none, its ``state`` saying why.

    Raises
    ------
    EntitlementsError
        If the file cannot be read, holds nothing that codesign prints, declares XML entities, or
        is a damaged binary.
    """
    name = name_of(source)
    data = read_bytes(source, EntitlementsError)
    if data.startswith(_BINARY_PLIST):
        document = read_binary_plist(data, name=name)
        rows = _rows(None, _state(_Signed(None, None), document), document)
    elif is_macho(data):
        rows = [row for rows in _slices(data, name) for row in rows]
    else:
        rows = _text(decode(data), name)
    label = run_of(source) if run is None else run
    return ENTITLEMENTS.frame([{"run": label, **row} for row in rows])


def is_entitlements(data: bytes) -> bool:
    """Tell from its first bytes whether a file is something `read_entitlements` is for.

    A file with denial reports or log records in it is not, whatever else it holds.
    """
    if data.startswith((_BINARY_PLIST, _BLOB)) or is_macho(data):
        return True
    text = decode(data[: 64 * 1024])
    return _DUMP.search(text) is not None and _REPORT.search(text) is None


def _text(text: str, name: str) -> list[dict[str, object]]:
    if not text.strip():
        return [{"state": "unknown"}]
    dump = _scan(text, name)
    dump.flush()
    if not dump.found:
        first = next(line.strip() for line in text.split("\n") if line.strip())
        reason = f"no entitlements and nothing that codesign prints; it begins {first[:60]!r}"
        raise EntitlementsError(reason, Location(name, 1))
    rows: list[dict[str, object]] = []
    for head, document in dump.found:
        rows.extend(_rows(head.path, _state(head, document), document, line=head.line))
    return rows


def _scan(text: str, name: str) -> _Dump:
    dump = _Dump()
    lines = text.split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    index = column = 0
    left_out = False  # the author's "..." in front of a dump
    while index < len(lines):
        line = lines[index]
        list_start = START.search(line, column)
        if column == 0 and starts_abstract(line):
            document, index = read_abstract(lines, index)
            dump.documents.append(_with_gap(document, left_out))
            left_out = False
        elif list_start is not None:
            at = starts[index] + list_start.start()
            document, end = read_xml(text, at, line=index + 1, name=name)
            dump.documents.append(_with_gap(document, left_out))
            left_out = False
            # codesign --xml ends without a line end: what follows stands on the list's last line.
            index += text.count("\n", at, end)
            column = end - starts[index]
        else:
            rest = line[column:]
            left_out = is_ellipsis(rest) or (left_out and not rest.strip())
            _remark(rest, index + 1, dump)
            index, column = index + 1, 0
    return dump


def _with_gap(document: Document, left_out: bool) -> Document:
    return Document(document.entries, document.complete and not left_out)


def _remark(text: str, line: int, dump: _Dump) -> None:
    """Take in a line that is not part of a document."""
    if match := _HEADER.match(text):
        dump.head(_Signed(match["path"], line))
    elif match := _UNSIGNED.fullmatch(text) or _NO_SIGNATURE.fullmatch(text):
        path = match.groupdict().get("path")
        if not dump.heads or dump.documents or not _same_file(dump.heads[-1].path, path):
            dump.head(_Signed(path, line, unsigned=True))
        else:
            dump.heads[-1].unsigned = True
    elif match := _SUBCOMPONENT.fullmatch(text):
        if dump.heads and dump.heads[-1].path is None:
            dump.heads[-1].path = match["path"]
    elif _INVALID_BLOB.match(text):
        dump.last(line).invalid = True
    elif match := _DIRECTORY.match(text):
        dump.last(line).linker_signed = "linker-signed" in match["flags"]
    elif _DETAIL.match(text):
        dump.last(line)
    elif (match := _COMMAND.fullmatch(text)) and (path := _argument(match["command"])):
        dump.head(_Signed(path, line, said=False))


def _argument(command: str) -> str | None:
    """Return the file that a quoted codesign command line was about."""
    command = re.split(r"\s(?:\||&&|;|\d?>)", command)[0]
    try:
        words = shlex.split(command)
    except ValueError:
        return None
    return words[-1] if words and "/" in words[-1] and not words[-1].startswith("-") else None


def _same_file(head: str | None, path: str | None) -> bool:
    """Tell whether a remark about `path` can be about the executable named before it."""
    return head is None or path is None or head == path or f"{path}/" in head


def _content(document: Document) -> str:
    """Return what tells two documents apart: keys, values and whether they are whole."""
    return repr((document.complete, [(entry.key, entry.value) for entry in document.entries]))


def _state(head: _Signed, document: Document | None) -> str:
    if head.invalid:
        return "invalid-blob"
    if document is not None:
        if not document.complete:
            return "cut"
        if document.entries:
            return "entitlements"
    if head.unsigned:
        return "unsigned"
    if head.linker_signed:
        return "linker-signed"
    return "unknown" if head.lost or not head.said else "none"


def _rows(
    path: str | None, state: str, document: Document | None, *, line: int | None = None
) -> list[dict[str, object]]:
    if document is None or not document.entries:
        return [{"executable": path, "state": state, "line": line}]
    return [
        {
            "executable": path,
            "state": state,
            "key": entry.key,
            "value": entry.value,
            "type": entry.type,
            "purpose": purpose_of(entry.key),
            "line": entry.line,
        }
        for entry in document.entries
    ]


def _slices(data: bytes, name: str) -> Iterator[list[dict[str, object]]]:
    """Yield the rows of a binary: once if its architectures agree, else one by one."""
    results = [(part, *_slice(part, name)) for part in read_slices(data, name=name)]
    agree = len({(state, _content(document)) for _part, state, document in results}) <= 1
    for part, state, document in results[:1] if agree else results:
        yield _rows(name if agree else f"{name} ({part.architecture})", state, document)


def _slice(part: Slice, name: str) -> tuple[str, Document]:
    head = _Signed(
        name,
        None,
        unsigned=not part.signed,
        linker_signed=part.linker_signed,
        invalid=not part.valid,
        lost=part.der and part.entitlements is None,  # they stand in DER alone, which is not read
    )
    document = Document(())
    if part.entitlements is not None:
        if part.entitlements.startswith(_BINARY_PLIST):
            document = read_binary_plist(part.entitlements, name=name)
        else:
            document, _end = read_xml(decode(part.entitlements), name=name)
            head.invalid = head.invalid or not document.complete
        entries = tuple(
            type(entry)(entry.key, entry.value, entry.type) for entry in document.entries
        )
        document = Document(entries, document.complete)
    return _state(head, document), document
