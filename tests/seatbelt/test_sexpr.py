import pytest
from hypothesis import given
from hypothesis import strategies as st

from sbdiag.errors import Location, ProfileSyntaxError
from sbdiag.seatbelt.rules import Symbol
from sbdiag.seatbelt.sexpr import MAX_DEPTH, NIL, Char, Pair, comment, quote, read, visible


def plain(value):
    """Lists as Python lists, a dotted tail as the last element of a tuple."""
    if not isinstance(value, Pair):
        return [] if value is NIL else value
    items = []
    while isinstance(value, Pair):
        items.append(plain(value.car))
        value = value.cdr
    return items if value is NIL else (*items, "dot", plain(value))


def data(text):
    return [plain(datum.value) for datum in read(text).data]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("(a b) c", [["a", "b"], "c"]),
        ("()", [[]]),
        ("(a . b)", [("a", "dot", "b")]),
        ("(a . (b))", [["a", "b"]]),
        ("'a", [["quote", "a"]]),
        ("`(a ,b ,@c)", [["quasiquote", ["a", ["unquote", "b"], ["unquote-splicing", "c"]]]]),
        ("a ; b\nc #!x\nd", ["a", "c", "d"]),
        ("#t #f", [True, False]),
        ("1 -2 +3 #o17 #xfF #b101 #d9 #x-1", [1, -2, 3, 15, 255, 5, 9, -1]),
        ("1.5 -.5 2. 1e3", [1.5, -0.5, 2.0, 1000.0]),
        ("- + ... 1+ -a 1.2.3", ["-", "+", "...", "1+", "-a", "1.2.3"]),
        (r"#\a #\space #\newline #\x41 #\( #\;", [*map(Char, "a \nA(;")]),
        ("file-read* %x", ["file-read*", "%x"]),
    ],
)
def test_data(text, expected):
    assert data(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r'"a\nb\tc\rd"', "a\nb\tc\rd"),
        (r'"\"\\"', '"\\'),
        (r'"^/a\.b"', "^/a.b"),  # any other escaped character is itself
        (r'"\x41\x4a"', "AJ"),
        (r'"\101\7z\0"', "A\x07z\x00"),
        (r'"\xc3\xa9"', "é"),
        (r'"\xff"', "\udcff"),
        ('"é\n;(x"', "é\n;(x"),
        (r'#"^/a\.b\"', "^/a\\.b\\"),
        ('#"a\nb"', "a\nb"),
    ],
)
def test_strings(text, expected):
    [value] = data(text)
    assert value == expected
    assert not isinstance(value, Symbol)


@pytest.mark.parametrize(
    ("text", "message", "line", "column"),
    [
        ("(a", "ends inside this list", 1, 1),
        ("a\n  (b (c)", "ends inside this list", 2, 3),
        ("a)", "no opening one", 1, 2),
        ("(a ')", "nothing to quote", 1, 5),
        ("'", "ends inside this quote", 1, 1),
        ('\n "abc\nd', "ends inside this string", 2, 2),
        ('"abc\\', "ends inside this string", 1, 1),
        ('#"abc', "ends inside this string", 1, 1),
        ('"a\n\\xg0"', "two hexadecimal digits", 2, 1),
        ("#|abc", "ends inside this #| comment", 1, 1),
        ("(. a)", "a dot", 1, 2),
        ("(a .)", "nothing stands between", 1, 5),
        ("(a . b c)", "only one datum", 1, 8),
        (".", "a dot", 1, 1),
        ("#q", "undefined sharp expression: #q", 1, 1),
        ("(a)\n#if B\n(c)\n#endif", "#if is a line for the C preprocessor", 2, 1),
        ("#(1)", "undefined sharp expression", 1, 1),
        (r"#\foo", "no such character", 1, 1),
        ("99999999999999999999", "64 bits", 1, 1),
        ("9" * 5000, "64 bits", 1, 1),
        ("(" * (MAX_DEPTH + 1), "nested deeper", 1, MAX_DEPTH + 1),
        ("'" * (MAX_DEPTH + 1), "nested deeper", 1, MAX_DEPTH + 1),
    ],
)
def test_errors_have_a_place(text, message, line, column):
    with pytest.raises(ProfileSyntaxError, match=message.replace("(", r"\(")) as error:
        read(text, path="p.sb")
    assert error.value.location == Location("p.sb", line, column)


def test_every_datum_has_its_place():
    source = read('(allow\n  file-read*\n  (literal "/x")\n)\n', path="p.sb")
    [datum] = source.data
    assert str(datum.location) == "p.sb:1:1"
    form = datum.value
    assert str(form.location) == "p.sb:1:1"
    assert str(form.place) == "p.sb:1:2"
    assert str(form.cdr.place) == "p.sb:2:3"
    assert str(form.cdr.cdr.place) == "p.sb:3:3"
    assert str(form.cdr.cdr.car.location) == "p.sb:3:3"
    assert str(form.cdr.cdr.car.cdr.place) == "p.sb:3:12"


def test_block_comment_is_accepted_with_a_warning():
    source = read("a #| (b\n |# c", path="p.sb")
    assert [datum.value for datum in source.data] == ["a", "c"]
    assert source.warnings == ("Seatbelt does not know #|…|# comments (p.sb:1:3)",)


def test_deep_input_is_freed_without_recursion():
    assert len(read("(" * MAX_DEPTH + ")" * MAX_DEPTH).data) == 1
    assert len(read("(" + "a " * 100_000 + ")").data) == 1


HOSTILE = [
    '"',
    "\\",
    '\\"',
    '") (allow default) ("',
    "\n(allow default)",
    "\r\n; x",
    "\x00\x1b[31m\x7f\x85",
    "\u2028\u2029\u202e\u200b\ufeff",
    "naïve/日本/🙂",
    "\udcff\udc80",  # bytes that are not UTF-8
    "\ud800 \ud83d\ude00",  # what JSON may carry
    "a\\x41\\101",
    "|# #| ;",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_quote_reads_back(text):
    written = quote(text)
    assert data(written) == [text]
    assert written.isprintable()
    written.encode("utf-8")


def test_a_row_of_bytes_that_is_a_character_reads_back_as_the_character():
    assert data(quote("\udcc3\udca9")) == ["é"]


@given(st.text(st.characters(exclude_categories=()), max_size=30))
def test_quote_keeps_the_bytes(text):
    def spelled(value):
        return b"".join(
            c.encode("utf-8", "surrogateescape" if "\udc80" <= c <= "\udcff" else "surrogatepass")
            for c in value
        )

    [value] = data(quote(text))
    assert spelled(value) == spelled(text)
    if not any("\udc80" <= c <= "\udcff" for c in text):
        assert value == text


@given(st.text(st.characters(exclude_categories=()), max_size=60))
def test_comment_holds_any_text(text):
    written = comment(text)
    assert read(written).data == ()
    assert written.count("\n") == text.count("\n")
    assert all(line.isprintable() and line.startswith(";") for line in written.split("\n"))


def test_comment_shows_what_does_not_print():
    assert comment("a\rb\x1b\u2028\ud800\n\nc") == "; a\\rb\\x1b\\u2028\\ud800\n;\n; c"
    assert visible("plain é") == "plain é"


@given(st.text(st.sampled_from("()\"\\;#|!.'`,@ \n\tabx0179-+etf\x00é\udcff"), max_size=80))
def test_reader_raises_nothing_but_its_own_errors(text):
    try:
        source = read(text)
    except ProfileSyntaxError as error:
        assert error.location is not None  # noqa: PT017
    else:
        assert all(1 <= datum.location.line <= text.count("\n") + 1 for datum in source.data)
