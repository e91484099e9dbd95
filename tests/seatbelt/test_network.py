import pytest

from sbdiag.seatbelt.network import Endpoint, Known, Side, match_address, read_endpoint

NOTHING = Known()


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [("1.2.3.4:443", "1.2.3.4", "443"), ("*:80", "*", "80"), ("[::1]:*", "[::1]", "*")],
)
def test_read_endpoint(text: str, host: str, port: str) -> None:
    assert read_endpoint("remote", text) == Endpoint("remote", host, port)


@pytest.mark.parametrize("text", ["", "host", ":80", "1.2.3.4:", "1.2.3.4:http"])
def test_no_endpoint(text: str) -> None:
    assert read_endpoint("remote", text) is None


@pytest.mark.parametrize(
    ("side", "protocol", "pattern", "operation", "printed", "known", "matches"),
    [
        ("remote", "ip", "*:*", "network-outbound", ("remote", "*", "*"), NOTHING, True),
        ("remote", "ip", "*:443", "network-outbound", ("remote", "*", "*"), NOTHING, None),
        ("remote", "ip", "*:443", "network-outbound", ("remote", "*", "0443"), NOTHING, True),
        ("remote", "tcp", "*:443", "network-outbound", ("remote", "*", "443"), NOTHING, None),
        ("remote", "tcp", "*:443", "network-outbound", ("remote", "*", "443"), Known("udp"), False),
        ("remote", "tcp4", "*:*", "network-outbound", ("remote", "::1", "1"), Known("tcp"), False),
        ("remote", "ip4", "*:*", "network-outbound", ("remote", "*", "1"), NOTHING, None),
        (
            "remote",
            "ip4",
            "*:*",
            "network-outbound",
            ("remote", "*", "1"),
            Known(None, "ip6"),
            False,
        ),
        ("remote", "ip", "localhost:*", "network-outbound", ("remote", "::1", "1"), NOTHING, True),
        (
            "remote",
            "ip",
            "localhost:*",
            "network-outbound",
            ("remote", "8.8.8.8", "1"),
            NOTHING,
            None,
        ),
        (
            "remote",
            "ip",
            "localhost:*",
            "network-outbound",
            ("remote", "8.8.8.8", "1"),
            Known(own_address=False),
            False,
        ),
        ("local", "ip", "localhost:*", "network-bind", ("local", "0.0.0.0", "1"), NOTHING, True),
        (
            "local",
            "ip",
            "localhost:*",
            "network-outbound",
            ("remote", "8.8.8.8", "1"),
            NOTHING,
            True,
        ),
        (
            "local",
            "ip",
            "localhost:*",
            "network-inbound",
            ("remote", "8.8.8.8", "1"),
            NOTHING,
            True,
        ),
        ("remote", "ip", "localhost:*", "network-inbound", ("local", "*", "1"), NOTHING, None),
        (
            "local",
            "ip",
            "localhost:*",
            "network-inbound",
            ("local", "10.0.0.9", "1"),
            NOTHING,
            True,
        ),
        ("local", "ip", "localhost:*", "network-bind", ("local", "10.0.0.9", "1"), NOTHING, None),
        ("remote", "ip", "*:*", "network-inbound", ("local", "*", "1"), NOTHING, True),
        ("remote", "ip", "*:*", "network-bind", ("local", "*", "1"), NOTHING, None),
        ("remote", "sctp", "*:*", "network-outbound", ("remote", "*", "1"), NOTHING, None),
        ("remote", "ip", "1.2.3.4:*", "network-outbound", ("remote", "*", "1"), NOTHING, None),
    ],
)
def test_match_address(
    side: Side,
    protocol: str,
    pattern: str,
    operation: str,
    printed: tuple[Side, str, str],
    known: Known,
    matches: bool | None,
) -> None:
    answer = match_address(side, protocol, pattern, operation, Endpoint(*printed), known)
    assert answer.matches is matches
