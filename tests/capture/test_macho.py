import plistlib
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbdiag.capture.codesign import is_entitlements, read_entitlements
from sbdiag.capture.macho import Slice, is_macho, read_slices
from sbdiag.errors import EntitlementsError

ARM64, X86_64 = 0x0100000C, 0x01000007
XML = plistlib.dumps({"com.apple.security.virtualization": True, "b": ["x"]}, sort_keys=False)
KEYS = ["com.apple.security.virtualization", "b"]


def blob(magic, content):
    return struct.pack(">II", magic, 8 + len(content)) + content


def directory(flags):
    return blob(0xFADE0C02, struct.pack(">II", 0x20400, flags) + b"\0" * 32)


def signature(*slots):
    """A super blob of (slot number, blob)."""
    at = 12 + 8 * len(slots)
    index, blobs = b"", b""
    for number, content in slots:
        index += struct.pack(">II", number, at + len(blobs))
        blobs += content
    return struct.pack(">III", 0xFADE0CC0, at + len(blobs), len(slots)) + index + blobs


def thin(signed=None, *, cpu=ARM64, order="<", wide=True):
    """A Mach-O with a load command that is none of ours, and a signature behind the headers."""
    other = struct.pack(f"{order}IIII", 0x1B, 16, 0, 0)  # LC_UUID, shortened
    commands = 1
    header_size = 32 if wide else 28
    body = other
    if signed is not None:
        commands = 2
        body += struct.pack(f"{order}IIII", 0x1D, 16, header_size + 32, len(signed))
    magic = 0xFEEDFACF if wide else 0xFEEDFACE
    header = struct.pack(f"{order}IIIIIII", magic, cpu, 0, 2, commands, len(body), 0)
    return header + b"\0" * (header_size - 28) + body + (signed or b"")


def fat(*parts, wide=False):
    """A universal binary of (cpu, Mach-O)."""
    entry = struct.Struct(">iiQQII" if wide else ">iiIII")
    at = 8 + entry.size * len(parts)
    index, body = b"", b""
    for cpu, part in parts:
        tail = (0, 0) if wide else (0,)
        index += entry.pack(cpu, 0, at + len(body), len(part), *tail)
        body += part
    magic = b"\xca\xfe\xba\xbf" if wide else b"\xca\xfe\xba\xbe"
    return magic + struct.pack(">I", len(parts)) + index + body


SIGNED = signature((0, directory(0x10000)), (5, blob(0xFADE7171, XML)), (7, blob(0xFADE7172, b"d")))
LINKER = signature((0, directory(0x20002)))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("wide", [True, False])
def test_a_thin_binary(order, wide):
    data = thin(SIGNED, order=order, wide=wide)
    assert read_slices(data) == (Slice("arm64", signed=True, entitlements=XML, der=True),)


@pytest.mark.parametrize("wide", [True, False])
def test_a_universal_binary(wide):
    data = fat((X86_64, thin(None, cpu=X86_64)), (ARM64, thin(SIGNED)), wide=wide)
    first, second = read_slices(data)
    assert first == Slice("x86_64")
    assert second.entitlements == XML
    assert second.signed


@pytest.mark.parametrize(
    ("data", "state", "keys"),
    [
        (thin(SIGNED), "entitlements", KEYS),
        (thin(None), "unsigned", []),
        (thin(LINKER), "linker-signed", []),
        (thin(signature((0, directory(0x2)))), "none", []),
        (thin(signature((5, blob(0xFADE7171, b"<plist><dict/></plist>")))), "none", []),
        (thin(signature((5, blob(0xFADE0000, XML)))), "invalid-blob", []),
        (thin(signature((5, blob(0xFADE7171, XML[:-30])))), "invalid-blob", KEYS[:1]),
        (thin(signature((7, blob(0xFADE7172, b"d")))), "unknown", []),
        (fat((ARM64, thin(SIGNED)), (X86_64, thin(SIGNED, cpu=X86_64))), "entitlements", KEYS),
    ],
)
def test_states(tmp_path, data, state, keys):
    path = tmp_path / "limactl"
    path.write_bytes(data)
    frame = read_entitlements(path)
    assert set(frame["state"]) == {state}
    assert list(frame["key"].dropna()) == keys
    assert set(frame["executable"]) == {str(path)}
    assert frame["line"].isna().all()
    assert is_entitlements(data)


def test_architectures_that_differ_are_told_apart(tmp_path):
    path = tmp_path / "tool"
    path.write_bytes(fat((X86_64, thin(LINKER, cpu=X86_64)), (ARM64, thin(SIGNED))))
    frame = read_entitlements(path)
    assert list(frame["state"]) == ["linker-signed", "entitlements", "entitlements"]
    assert list(frame["executable"].unique()) == [f"{path} (x86_64)", f"{path} (arm64)"]


def test_values_of_the_blob():
    frame = read_entitlements(thin(SIGNED))
    assert list(frame["value"]) == [True, ["x"]]
    assert list(frame["type"]) == ["bool", "array"]


def test_a_java_class_is_no_universal_binary():
    java = b"\xca\xfe\xba\xbe\x00\x00\x00\x41" + b"\0" * 20
    assert not is_macho(java)
    with pytest.raises(EntitlementsError, match="not a Mach-O"):
        read_slices(java)


@pytest.mark.parametrize(
    "data",
    [
        thin(SIGNED)[:40],
        thin(SIGNED)[:80],
        fat((ARM64, thin(SIGNED)))[:60],
        fat((ARM64, b"hello world, not a Mach-O")),
        thin(b"\0" * 32),
    ],
)
def test_damage_is_our_error(data):
    with pytest.raises(EntitlementsError, match="is cut, or its Mach-O headers are damaged"):
        read_entitlements(data)


def test_a_load_command_of_no_size_does_not_loop():
    data = bytearray(thin(SIGNED))
    data[36:40] = b"\0" * 4
    with pytest.raises(EntitlementsError):
        read_slices(bytes(data))


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 200), st.binary(min_size=1, max_size=12), st.integers(0, 700))
def test_any_damage_gives_a_frame_or_our_error(at, noise, length):
    data = bytearray(fat((ARM64, thin(SIGNED)), (X86_64, thin(LINKER, cpu=X86_64))))
    data[at : at + len(noise)] = noise
    try:
        frame = read_entitlements(bytes(data[:length]))
    except EntitlementsError:
        return
    assert len(frame) > 0
