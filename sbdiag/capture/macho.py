"""Entitlements straight out of a Mach-O or universal binary, without codesign.

The path through the file: (universal header →) Mach-O header → ``LC_CODE_SIGNATURE`` → super blob
→ slot 5, the entitlements as an XML property list; slot 7 holds the same in DER and is only named;
slot 0 is the code directory with the flags (``linker-signed``).

Sources: ``mach-o/fat.h``, ``mach-o/loader.h`` and ``osfmk/kern/cs_blobs.h`` of Apple's xnu. All
numbers of the signature are big-endian; those of the Mach-O header follow its magic.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sbdiag.errors import EntitlementsError

_FAT_MAGICS: Final = {b"\xca\xfe\xba\xbe": False, b"\xca\xfe\xba\xbf": True}  # → 64-bit offsets
_THIN_MAGICS: Final = {  # → byte order, header size in bytes
    b"\xfe\xed\xfa\xce": (">", 28),
    b"\xfe\xed\xfa\xcf": (">", 32),
    b"\xce\xfa\xed\xfe": ("<", 28),
    b"\xcf\xfa\xed\xfe": ("<", 32),
}
# Java class files share the universal magic; their "slice count" is a version of 45 or more.
_MOST_SLICES: Final = 42
_LC_CODE_SIGNATURE: Final = 0x1D
_SUPER_BLOB: Final = 0xFADE0CC0
_CODE_DIRECTORY: Final = 0xFADE0C02
_ENTITLEMENTS: Final = 0xFADE7171
_SLOT_CODE_DIRECTORY: Final = 0
_SLOT_ENTITLEMENTS: Final = 5
_SLOT_DER_ENTITLEMENTS: Final = 7
_CS_LINKER_SIGNED: Final = 0x20000
_ARCHITECTURES: Final = {7: "i386", 0x01000007: "x86_64", 12: "arm", 0x0100000C: "arm64"}


@dataclass(frozen=True, slots=True)
class Slice:
    """The signature of one architecture.

    Attributes
    ----------
    architecture
        ``arm64``, ``x86_64``, … or the cpu type in hexadecimal.
    signed
        Whether there is a code signature.
    linker_signed
        Whether the linker made it (``CS_LINKER_SIGNED``), which never has entitlements.
    entitlements
        The property list of slot 5, ``None`` where the slot is missing.
    valid
        ``False`` if slot 5 is there but is no entitlements blob.
    der
        Whether slot 7 (DER) is there.
    """

    architecture: str
    signed: bool = False
    linker_signed: bool = False
    entitlements: bytes | None = None
    valid: bool = True
    der: bool = False


def is_macho(data: bytes) -> bool:
    """Tell whether `data` starts as a Mach-O or universal binary (a Java class does not)."""
    if data[:4] in _THIN_MAGICS:
        return True
    if data[:4] not in _FAT_MAGICS or len(data) < 8:
        return False
    count = int.from_bytes(data[4:8], "big")
    return 0 < count <= _MOST_SLICES


def read_slices(data: bytes, *, name: str = "<binary>") -> tuple[Slice, ...]:
    """Return the signature of every architecture of a Mach-O or universal binary.

    Raises
    ------
    EntitlementsError
        If `data` is no Mach-O, or a header points outside the file.
    """
    if not is_macho(data):
        raise EntitlementsError(f"{name} is not a Mach-O or universal binary")
    view = memoryview(data)
    try:
        return tuple(_slice(part) for part in _parts(view))
    except (struct.error, IndexError) as cause:
        raise EntitlementsError(f"{name} is cut, or its Mach-O headers are damaged") from cause


def _parts(view: memoryview) -> Iterator[memoryview]:
    magic = bytes(view[:4])
    if magic in _THIN_MAGICS:
        yield view
        return
    wide = _FAT_MAGICS[magic]
    entry = struct.Struct(">iiQQII" if wide else ">iiIII")
    (count,) = struct.unpack_from(">I", view, 4)
    for index in range(count):
        _cpu, _sub, offset, size, *_rest = entry.unpack_from(view, 8 + index * entry.size)
        yield _cut(view, offset, size)


def _cut(view: memoryview, offset: int, size: int) -> memoryview:
    if offset + size > len(view):
        raise IndexError
    return view[offset : offset + size]


def _slice(view: memoryview) -> Slice:
    order, header_size = _THIN_MAGICS.get(bytes(view[:4]), ("", 0))
    if not order:
        raise IndexError
    cpu, _sub, _type, count, commands_size = struct.unpack_from(f"{order}IIIII", view, 4)
    architecture = _ARCHITECTURES.get(cpu, hex(cpu))
    commands = _cut(view, header_size, commands_size)
    at = 0
    for _ in range(count):
        command, size = struct.unpack_from(f"{order}II", commands, at)
        if command == _LC_CODE_SIGNATURE:
            start, length = struct.unpack_from(f"{order}II", commands, at + 8)
            return _signature(_cut(view, start, length), architecture)
        if size < 8:
            raise IndexError
        at += size
    return Slice(architecture)


def _signature(view: memoryview, architecture: str) -> Slice:
    magic, _length, count = struct.unpack_from(">III", view)
    if magic != _SUPER_BLOB:
        raise IndexError
    entitlements: bytes | None = None
    linker_signed = der = False
    valid = True
    for index in range(min(count, len(view) // 8)):
        slot, offset = struct.unpack_from(">II", view, 12 + 8 * index)
        if slot == _SLOT_DER_ENTITLEMENTS:
            der = True
        if slot not in (_SLOT_CODE_DIRECTORY, _SLOT_ENTITLEMENTS):
            continue
        blob_magic, blob_length = struct.unpack_from(">II", view, offset)
        if slot == _SLOT_CODE_DIRECTORY and blob_magic == _CODE_DIRECTORY:
            _version, flags = struct.unpack_from(">II", view, offset + 8)
            linker_signed = bool(flags & _CS_LINKER_SIGNED)
        elif slot == _SLOT_ENTITLEMENTS:
            valid = blob_magic == _ENTITLEMENTS and blob_length >= 8
            if valid:
                entitlements = bytes(_cut(view, offset, blob_length)[8:])
    return Slice(
        architecture,
        signed=True,
        linker_signed=linker_signed,
        entitlements=entitlements,
        valid=valid,
        der=der,
    )
