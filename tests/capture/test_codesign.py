import gzip
import io
import plistlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbdiag.capture.codesign import is_entitlements, read_entitlements
from sbdiag.capture.entitlement_keys import ENTITLEMENT_KEYS, entitlement_key, purpose_of
from sbdiag.capture.frames import ENTITLEMENTS
from sbdiag.errors import EntitlementsError

DUMPS = Path(__file__).parent / "entitlements"
VIRTUALIZATION = "com.apple.security.virtualization"


def keys(frame):
    return {row.key: row.value for row in frame.itertuples() if isinstance(row.key, str)}


def read(text, **options):
    return read_entitlements(text.encode(), **options)


def states(frame):
    return list(frame["state"])


# file, executable (None: not said), state, keys
DUMPED = [
    (
        "abstract-tabs.txt",
        "/Applications/WaveForms.app/Contents/MacOS/WaveForms",
        "entitlements",
        {
            "com.apple.security.cs.allow-jit": True,
            "com.apple.security.cs.allow-unsigned-executable-memory": True,
            "com.apple.security.cs.disable-executable-page-protection": True,
            "com.apple.security.cs.disable-library-validation": True,
        },
    ),
    (
        "xml-ldid.txt",
        None,
        "entitlements",
        {
            "application-identifier": "TNAJ496RHB.OWASP.iGoat-Swift",
            "com.apple.developer.team-identifier": "TNAJ496RHB",
            "get-task-allow": True,
            "keychain-access-groups": ["TNAJ496RHB.OWASP.iGoat-Swift"],
        },
    ),
    (
        "abstract-script-around.txt",
        "<lab prefix>/bin/vzboot   (path redacted; the identity line is the dict below)",
        "entitlements",
        {VIRTUALIZATION: True},
    ),
    (
        "abstract-no-indentation-sbpl.txt",
        None,
        "entitlements",
        {
            "com.apple.security.temporary-exception.sbpl": [
                '(deny file-write* (home-subpath "/Library/Colors"))',
                "(allow file-read* process-exec file-map-executable "
                '(home-subpath "/Library/ColorPickers"))',
                '(allow file-read* (extension "com.apple.app-sandbox.read"))',
            ]
        },
    ),
    ("abstract-excerpt-ellipsis.txt", None, "cut", {VIRTUALIZATION: True}),
    (
        "abstract-no-dict.txt",
        None,
        "entitlements",
        {"keychain-access-groups": ["35Z6P26CBD.com.example.phosphor.vault"]},
    ),
    (
        "xml-colon-pretty.txt",
        "/Library/Developer/CommandLineTools/Library/Frameworks/Python3.framework/Versions/3.8/"
        "bin/python3.8",
        "entitlements",
        {
            VIRTUALIZATION: True,
            "com.apple.security.cs.allow-unsigned-executable-memory": True,
            "com.apple.security.cs.allow-jit": True,
        },
    ),
    (
        "xml-verbose-around-cut.txt",
        "/Applications/PsychoPy.app/Contents/MacOS/PsychoPy",
        "cut",
        {
            "com.apple.security.automation.apple-events": True,
            "com.apple.security.cs.allow-dyld-environment-variables": True,
            "com.apple.security.cs.allow-jit": True,
            "com.apple.security.cs.allow-unsigned-executable-memory": True,
            "com.apple.security.cs.disable-library-validation": True,
            "com.apple.security.device.audio-input": True,
            "com.apple.security.device.camera": True,
            "com.apple.security.device.microphone": True,
            "com.apple.security.device.usb": True,
            "com.apple.security.get-task-allow": True,
        },
    ),
    (
        "xml-one-line-broken-by-hand.txt",
        "/Users/user/Desktop/4343434/MeetWay.app/MeetWay",
        "entitlements",
        {
            "application-identifier": "ABCDE12345.AIVARO22-2025-1.0",
            "com.apple.developer.background-tasks.continued-processing.gpu": True,
            "com.apple.developer.team-identifier": "ABCDE12345",
            "get-task-allow": True,
        },
    ),
    (
        "invalid-blob.txt",
        "/private/var/folders/d3/3v3wd4390c76s9j518cn498c0000gn/T/tmpcz06ndqj/Payload/"
        "Discord.app/Discord",
        "invalid-blob",
        {},
    ),
    ("verbose-without-entitlements.txt", "/usr/bin/w", "none", {}),
    ("not-signed.txt", "VMRunner", "unsigned", {}),
    (
        "source-lima-vz.entitlements",
        None,
        "entitlements",
        {
            "com.apple.security.network.server": True,
            "com.apple.security.network.client": True,
            VIRTUALIZATION: True,
        },
    ),
    ("source-tart.entitlements", None, "entitlements", {VIRTUALIZATION: True}),
    (
        "xml-blob-header-cut.txt",
        "/Users/user/Desktop/DYZB",
        "cut",
        {"com.apple.developer.networking.wifi-info": True},
    ),
]


@pytest.mark.parametrize(
    ("name", "executable", "state", "expected"), DUMPED, ids=[row[0] for row in DUMPED]
)
def test_every_dump_comes_out_right(name, executable, state, expected):
    frame = read_entitlements(DUMPS / name)
    assert keys(frame) == expected
    assert states(frame) == [state] * max(1, len(expected))
    assert set(frame["executable"].dropna()) == ({executable} if executable else set())
    assert set(frame["run"]) == {name}
    assert is_entitlements((DUMPS / name).read_bytes())


def test_every_stored_dump_is_in_the_table():
    assert sorted(row[0] for row in DUMPED) == sorted(path.name for path in DUMPS.iterdir())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("name", ["abstract-tabs.txt", "xml-colon-pretty.txt"])
def test_encoding_and_line_ends_change_nothing(name, ends, encoding):
    text = (DUMPS / name).read_text()
    plain = read_entitlements(text.encode(), run="r")
    other = read_entitlements(text.replace("\n", ends).encode(encoding), run="r")
    assert other.equals(plain)


def test_lines_of_keys_are_those_of_the_file():
    for name in ("abstract-tabs.txt", "xml-verbose-around-cut.txt", "source-lima-vz.entitlements"):
        lines = (DUMPS / name).read_text().split("\n")
        frame = read_entitlements(DUMPS / name)
        assert len(frame) > 2
        for row in frame.itertuples():
            assert row.key in lines[row.line - 1]


LIMACTL = ["com.apple.security.network.server", VIRTUALIZATION]
HEADERS = [b"??qq", b"\xfa\xde\x71\x71\x00\x00\x02\x1f", rb"\xfa\xde\x71\x71\x00\x00", b"   ", b""]


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("one_line", [False, True])
def test_blob_headers_in_front_of_xml(header, one_line):
    text = plistlib.dumps(dict.fromkeys(LIMACTL, True), sort_keys=False)
    if one_line:
        text = b"".join(line.strip() for line in text.split(b"\n"))
    data = (
        b"Executable=/opt/homebrew/bin/limactl\nwarning: Specifying ':' is deprecated\n"
        + header
        + text
    )
    frame = read_entitlements(data + b"codesign --verify: OK\n")
    assert list(frame["key"]) == LIMACTL
    assert set(frame["state"]) == {"entitlements"}


def test_xml_without_a_line_end_before_the_next_executable():
    body = "<plist version='1.0'><dict><key>a</key><true/></dict></plist>"
    frame = read(f"Executable=/bin/one\n{body}Executable=/bin/two\n{body}Executable=/bin/three\n")
    assert list(frame["executable"]) == ["/bin/one", "/bin/two", "/bin/three"]
    assert states(frame) == ["entitlements", "entitlements", "none"]


ONE = "[Dict]\n\t[Key] a\n\t[Value]\n\t\t[Bool] true\n"
TWO = "[Dict]\n\t[Key] b\n\t[Value]\n\t\t[Bool] false\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            f"Executable=/1\n{ONE}Executable=/2\n{TWO}",
            [("/1", "entitlements", "a"), ("/2", "entitlements", "b")],
        ),
        # stderr came first, as it does through a pipe
        (
            f"Executable=/1\nExecutable=/2\n{ONE}{TWO}",
            [("/1", "entitlements", "a"), ("/2", "entitlements", "b")],
        ),
        (
            f"Executable=/1\nExecutable=/2\n{TWO}",
            [("/1", "none", None), ("/2", "entitlements", "b")],
        ),
        # three names, two dictionaries: whose they are cannot be told
        (
            f"Executable=/1\nExecutable=/2\nExecutable=/3\n{ONE}{TWO}",
            [
                ("/1", "unknown", None),
                ("/2", "unknown", None),
                ("/3", "unknown", None),
                (None, "entitlements", "a"),
                (None, "entitlements", "b"),
            ],
        ),
        (
            f"/bin/x: code object is not signed at all\nExecutable=/2\n{TWO}",
            [("/bin/x", "unsigned", None), ("/2", "entitlements", "b")],
        ),
        (
            f"Executable=/2\n{TWO}/bin/x: code object is not signed at all\n",
            [("/2", "entitlements", "b"), ("/bin/x", "unsigned", None)],
        ),
        # one per architecture, as ldid -e prints a universal binary
        (ONE + ONE, [(None, "entitlements", "a")]),
        (ONE + TWO, [(None, "entitlements", "a"), (None, "entitlements", "b")]),
    ],
)
def test_several_executables_in_one_dump(text, expected):
    frame = read(text).astype(object).where(lambda column: column.notna(), None)
    columns = frame[["executable", "state", "key"]]
    assert list(columns.itertuples(index=False, name=None)) == expected


@pytest.mark.parametrize(
    ("text", "executable", "state"),
    [
        ("Executable=/usr/bin/true\n", "/usr/bin/true", "none"),
        ("Executable=/usr/bin/true\n<plist version='1.0'><dict/></plist>", "/usr/bin/true", "none"),
        ("Executable=/usr/bin/true\n[Dict]\n", "/usr/bin/true", "none"),
        ("", None, "unknown"),
        (" \n\n", None, "unknown"),
        (
            "code object is not signed at all\nIn subcomponent: /a/VMRunner\n",
            "/a/VMRunner",
            "unsigned",
        ),
        (
            "Executable=/tmp/a.out\nIdentifier=a.out\nFormat=Mach-O thin (arm64)\n"
            "CodeDirectory v=20400 size=375 flags=0x20002(adhoc,linker-signed) hashes=9+0 "
            "location=embedded\nSignature=adhoc\nInfo.plist=not bound\n",
            "/tmp/a.out",
            "linker-signed",
        ),
        (
            "Executable=/x\nCodeDirectory v=20400 size=1 flags=0x2(adhoc) hashes=9+0\n"
            "Signature=adhoc\n",
            "/x",
            "none",
        ),
        ("$ codesign -d --entitlements - /bin/x\n", "/bin/x", "unknown"),
    ],
)
def test_states_without_keys(text, executable, state):
    frame = read(text)
    assert states(frame) == [state]
    assert frame["key"].isna().all()
    assert [*frame["executable"].dropna()] == ([executable] if executable else [])


def test_an_invalid_blob_keeps_its_keys_and_says_so():
    frame = read(
        "Executable=/x\nwarning: binary contains an invalid entitlements blob. "
        f"The OS will ignore these entitlements.\n{ONE}"
    )
    assert keys(frame) == {"a": True}
    assert states(frame) == ["invalid-blob"]


def test_the_quoted_command_line_names_the_executable():
    text = "$ codesign -d --entitlements - /opt/homebrew/bin/limactl\n...\n" + (
        "[Key] com.apple.security.virtualization\n[Value]\n    [Bool] true\n"
    )
    frame = read(text)
    assert list(frame["executable"]) == ["/opt/homebrew/bin/limactl"]
    assert states(frame) == ["cut"]
    assert list(frame["line"]) == [3]


ABSTRACT = [
    ("[Key] a [Bool] true\n[Key] b      [Bool] false", {"a": True, "b": False}),
    ("[Dict] [Key] a [Value] [Bool] true [Key] b [Value] [String] x y", {"a": True, "b": "x y"}),
    ("[Key] a\n[Value] [Array]\n[Key] b\n[Value] [Bool] true", {"a": [], "b": True}),
    (
        "[Dict]\n\t[Key] a\n\t[Value]\n\t\t[Array]\n\t[Key] b\n\t[Value]\n\t\t[Int] 0x10",
        {"a": [], "b": 16},
    ),
    (
        "[Dict]\n\t[Key] a\n\t[Value]\n\t\t[Dict]\n\t\t\t[Key] c\n\t\t\t[Value]\n\t\t\t\t[Array]\n"
        "\t\t\t\t\t[String] 1\n\t\t\t\t\t[String] 2\n\t[Key] b\n\t[Value]\n\t\t[String] end",
        {"a": {"c": ["1", "2"]}, "b": "end"},
    ),
    (
        "[Dict]\n\t[Key] a\n\t[Value]\n\t\t[Array]\n"
        "\t\t\t[Dict]\n\t\t\t\t[Key] k\n\t\t\t\t[Value]\n\t\t\t\t\t[Integer] 1\n"
        "\t\t\t[Dict]\n\t\t\t\t[Key] k\n\t\t\t\t[Value]\n\t\t\t\t\t[Integer] 2\n",
        {"a": [{"k": 1}, {"k": 2}]},
    ),
    (
        "[Dict]\n\t[Key] a\n\t[Value]\n\t\t[Array]\n\t\t\t[String] (allow x\n  y)\n"
        "\t\t\t[String] z\n",
        {"a": ["(allow x\n  y)", "z"]},
    ),
    ("[Key] a\n[Value]\n[String] [Key] b\n", {"a": "[Key] b"}),
    ("[Key] a\n\n[Value]\n\n[Real] 1.5\n", {"a": 1.5}),
]


@pytest.mark.parametrize(("text", "expected"), ABSTRACT)
def test_abstract_notation(text, expected):
    frame = read(text)
    assert keys(frame) == expected
    assert set(frame["state"]) == {"entitlements"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{ONE}\t[Key] b\n", {"a": True}),
        (f"{ONE}\t[Key] b\n\t[Value]\n", {"a": True}),
        (f"{ONE}\t[Key] b\n\t[Value]\n\t\t[Bo", {"a": True}),
        (f"{ONE}\t[Key] b\n\t[Value]\n\t\t[Bool] tr", {"a": True}),
        (f"{ONE}\t...\n", {"a": True}),
        ("[Key] b\n[Value]\n[Int] twelve\n[Key] a\n[Value]\n[Bool] true", {"a": True}),
        ("<dict><key>a</key><true/><key>b</key>", {"a": True}),
        ("<dict><key>a</key><true/><key>b</key><string>x", {"a": True}),
        ("<dict><key>a</key><true/><key>b</key><array><string>x</string>", {"a": True}),
        ("<dict><key>a</key><true/><key>b", {"a": True}),
        ("<dict><key>a</key><true/>", {"a": True}),
        ("<key>a</key>\n<true/>\n", {"a": True}),
        ("<dict><key>b</key><string>x<key>a</key><true/></dict>", {"a": True}),
        ("<dict><key>b</key><key>a</key><true/></dict>", {"a": True}),
        ("<dict><key>b</key><integer>x</integer><key>a</key><true/></dict>", {"a": True}),
        ("<dict><key>a</key><true/></array></dict>", {"a": True}),
        ("<dict><key>a</key><true/><b>c</b></dict>", {"a": True}),
        ("<dict><key>a</key><true/> <--- here </dict>", {"a": True}),
        ("<plist><array><string>x</string></array></plist>", {}),
    ],
)
def test_cut_and_broken_dumps_keep_what_is_whole_and_say_so(text, expected):
    frame = read(text)
    assert keys(frame).items() >= expected.items()
    assert "b" not in keys(frame)
    assert set(frame["state"]) == {"cut"}


def test_a_cut_list_ends_at_the_next_executable():
    frame = read(
        "Executable=/1\n<?xml version='1.0'?>\n<plist>\n<dict>\n<key>a</key>\n<true/>\n<key>b</key>"
        f"\n<string>tv.dou\nExecutable=/2\n{TWO}"
    )
    assert list(frame["executable"]) == ["/1", "/2"]
    assert states(frame) == ["cut", "entitlements"]


def test_xml_references_comments_and_character_data():
    text = (
        "<plist><dict><!-- <key>no</key> --><key>a</key><string>&lt;&amp;&#65;&#x42;&gt;&bogus;"
        "<![CDATA[<b>]]></string><key>n</key><integer>-7</integer><key>d</key>"
        "<data>\n AAEC\n </data>"
        "<key>t</key><date>2026-05-27T00:00:00Z</date><key>e</key><string/></dict></plist>"
    )
    frame = read(text)
    assert keys(frame) == {
        "a": "<&AB>&bogus;<b>",
        "n": -7,
        "d": "AAEC",
        "t": "2026-05-27T00:00:00Z",
        "e": "",
    }
    assert list(frame["type"]) == ["string", "integer", "data", "date", "string"]
    assert set(frame["state"]) == {"entitlements"}


@pytest.mark.parametrize(
    "text",
    [
        '<?xml version="1.0"?><!DOCTYPE plist [<!ENTITY a "aaaa">]><plist><dict/></plist>',
        '<!DOCTYPE plist SYSTEM "x" [\n<!ENTITY a SYSTEM "file:///etc/passwd">\n]>\n<plist/>',
    ],
)
def test_entity_declarations_are_refused_with_the_place(tmp_path, text):
    path = tmp_path / "x.plist"
    path.write_text(f"\n{text}")
    with pytest.raises(EntitlementsError, match=r"entities.*x\.plist:2"):
        read_entitlements(path)


@pytest.mark.parametrize("depth", [40, 5000])
def test_deep_nesting_is_refused(depth):
    with pytest.raises(EntitlementsError, match="nests deeper"):
        read("<dict><key>a</key>" + "<array>" * depth)
    nested = []
    for _ in range(min(depth, 100)):
        nested = [nested]
    with pytest.raises(EntitlementsError, match="nests deeper"):
        read_entitlements(plistlib.dumps({"a": nested}, fmt=plistlib.FMT_BINARY))


def test_shared_values_of_a_binary_list_do_not_multiply():
    value = ["x"]
    for _ in range(30):
        value = [value, value]
    with pytest.raises(EntitlementsError, match="holds more"):
        read_entitlements(plistlib.dumps({"a": value}, fmt=plistlib.FMT_BINARY))


def test_binary_list():
    content = {"a": True, "b": ["x", 1], "c": {"d": b"\0\1"}, "e": 1.5}
    frame = read_entitlements(plistlib.dumps(content, fmt=plistlib.FMT_BINARY))
    assert keys(frame) == {"a": True, "b": ["x", 1], "c": {"d": "AAE="}, "e": 1.5}
    assert set(frame["state"]) == {"entitlements"}
    assert frame["line"].isna().all()


@pytest.mark.parametrize(
    "data",
    [
        b"bplist00",
        b"bplist00" + b"\xff" * 40,
        plistlib.dumps(["x"], fmt=plistlib.FMT_BINARY),
        b"hello\n",
        b"Sandbox: limactl(42303) deny(1) mach-lookup com.apple.x\n",
    ],
)
def test_what_is_no_dump_is_an_error(data):
    with pytest.raises(EntitlementsError):
        read_entitlements(data)


def test_errors_name_file_and_line(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("\nhello\n")
    with pytest.raises(EntitlementsError, match=r"begins 'hello' \(.*notes\.txt:1\)"):
        read_entitlements(path)
    with pytest.raises(EntitlementsError, match=r"cannot read .*absent: No such file"):
        read_entitlements(tmp_path / "absent")
    with pytest.raises(EntitlementsError, match="binary mode"):
        read_entitlements(io.StringIO("x"))


def test_compressed_dumps_are_unpacked(tmp_path):
    path = tmp_path / "dump.txt.gz"
    for name in ("abstract-tabs.txt", "xml-colon-pretty.txt"):
        path.write_bytes(gzip.compress((DUMPS / name).read_bytes()))
        assert read_entitlements(path, run="r").equals(read_entitlements(DUMPS / name, run="r"))


def test_open_files_and_run_names():
    data = (DUMPS / "source-tart.entitlements").read_bytes()
    frame = read_entitlements(io.BytesIO(data), run="02")
    assert list(frame["run"]) == ["02"]
    assert list(read_entitlements(io.BytesIO(data))["run"]) == ["<stream>"]


@pytest.mark.parametrize(
    "text",
    [
        "Sandbox: limactl(42303) deny(1) mach-lookup com.apple.x\n",
        'Filtering the log data using "x"\n[Key] a\n',
        "Sandbox: cat(1) deny(1) file-read-data /tmp/[Key] a\nExecutable=/x\n",
        '{"eventMessage":"<plist><key>a</key>"}\n',
        '{"level":"info","msg":"Starting VZ"}\n',
        "",
        "hello",
    ],
)
def test_captures_and_other_texts_are_no_dumps(text):
    assert not is_entitlements(text.encode())


def test_purposes():
    assert purpose_of(VIRTUALIZATION) == (
        "create and run virtual machines with Virtualization.framework"
    )
    assert purpose_of("com.example.own") is None
    assert "JIT" in purpose_of("com.apple.security.cs.allow-jit")
    assert purpose_of("com.apple.security.cs.other") == "an exception to the Hardened Runtime"
    row = entitlement_key("com.apple.vm.networking")
    assert row is not None
    assert row.source == "Apple, vmnet"


def test_every_row_of_the_purpose_table_can_answer():
    patterns = [row.pattern for row in ENTITLEMENT_KEYS]
    assert len(set(patterns)) == len(patterns)
    for row in ENTITLEMENT_KEYS:
        assert entitlement_key(row.pattern.removesuffix("*")) == row
        assert row.source


def test_column_types_do_not_depend_on_content():
    full, empty = read(ONE), read("")
    assert list(full.columns) == list(empty.columns) == ENTITLEMENTS.names
    assert list(full.dtypes) == list(empty.dtypes)


VALUES = st.recursive(
    st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=20).map(str.strip),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.from_regex(r"[a-z.-]{1,12}", fullmatch=True), inner, max_size=3)
    ),
    max_leaves=12,
)
CONTENTS = st.dictionaries(st.from_regex(r"[a-z][a-z.-]{0,20}", fullmatch=True), VALUES, max_size=4)


@settings(max_examples=80, deadline=None)
@given(CONTENTS)
def test_property_lists_are_read_as_plistlib_wrote_them(content):
    for fmt in (plistlib.FMT_XML, plistlib.FMT_BINARY):
        assert keys(read_entitlements(plistlib.dumps(content, fmt=fmt))) == content


def abstract(value, depth):
    pad = "\t" * depth
    if isinstance(value, bool):
        return f"{pad}[Bool] {str(value).lower()}\n"
    if isinstance(value, int):
        return f"{pad}[Int] {value}\n"
    if isinstance(value, str):
        return f"{pad}[String] {value}\n"
    if isinstance(value, list):
        return f"{pad}[Array]\n" + "".join(abstract(item, depth + 1) for item in value)
    inner = "".join(
        f"{pad}\t[Key] {key}\n{pad}\t[Value]\n{abstract(item, depth + 2)}"
        for key, item in value.items()
    )
    return f"{pad}[Dict]\n{inner}"


@settings(max_examples=80, deadline=None)
@given(CONTENTS)
def test_abstract_notation_is_read_as_written(content):
    assert keys(read(abstract(content, 0))) == content


PIECES = st.sampled_from(
    [
        *(b"Executable=/x\n", b"[Dict]\n", b"\t[Key] a\n", b"\t[Value]\n", b"\t\t[Bool] true\n"),
        *(b"[String] s\n", b"[Array]\n", b"...\n", b"\n", b"\r\n", b"\xff\xfe", b"\0", b"bplist00"),
        *(b"<?xml version='1.0'?>", b"<!DOCTYPE plist>", b"<plist>", b"</plist>", b"<dict>"),
        *(b"</dict>", b"<array>", b"</array>", b"<key>", b"</key>", b"k", b"<true/>", b"<string>"),
        *(b"</string>", b"<![CDATA[", b"]]>", b"<!--", b"-->", b"&#0;", b"&#x110000;", b"<!", b"<"),
        *(b"<integer>", b"</integer>", b"x: code object is not signed at all\n"),
        *(b"In subcomponent: y\n", b"warning: invalid entitlements blob\n"),
        b"$ codesign -d 'x /y\n",
    ]
)


@settings(max_examples=200, deadline=None)
@given(st.lists(PIECES | st.binary(max_size=6), max_size=25).map(b"".join) | st.binary(max_size=80))
def test_any_bytes_give_a_frame_or_our_error(data):
    is_entitlements(data)
    try:
        frame = read_entitlements(data)
    except EntitlementsError:
        return
    assert len(frame) > 0
    assert list(frame.dtypes) == list(read("").dtypes)


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=60), st.integers(0, 100))
def test_damaged_binary_lists_give_a_frame_or_our_error(noise, at):
    data = bytearray(plistlib.dumps({"a": [1, "x"], "b": {"c": True}}, fmt=plistlib.FMT_BINARY))
    data[at : at + len(noise)] = noise
    try:
        frame = read_entitlements(b"bplist00" + bytes(data[8:]))
    except EntitlementsError:
        return
    assert list(frame.columns) == ENTITLEMENTS.names
