"""How an address filter compares with the address that an access names.

``(remote tcp "localhost:8080")`` is a mask: protocol, host (only ``*`` or ``localhost``) and port.
``localhost`` is wider than loopback: it takes the machine's own addresses and the wildcard address
(safehouse-localhost, sandbox-runtime-localhost). What a log line does not print, the protocol or
the peer, is unknown unless the context tells.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final, Literal, TypeAlias

from sbdiag.seatbelt.paths import NO, YES, Answer

Side: TypeAlias = Literal["local", "remote"]
Family: TypeAlias = Literal["ip4", "ip6"]
Transport: TypeAlias = Literal["tcp", "udp"]

_PATTERN: Final = re.compile(r"(?P<host>\*|localhost):(?P<port>\*|\d{1,5})")
_PROTOCOL: Final = re.compile(r"(?P<transport>ip|tcp|udp)(?P<family>[46])?")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One end of a connection as the log prints it.

    Attributes
    ----------
    side
        Which end it is.
    host
        The address, ``*`` where the line does not tell it.
    port
        Digits, or ``*``.
    """

    side: Side
    host: str
    port: str

    @property
    def address(self) -> IPv4Address | IPv6Address | None:
        """The address as a value, ``None`` where the text is none."""
        try:
            return ip_address(self.host.strip("[]"))
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a connection beside the printed end; ``None`` where nothing is."""

    transport: Transport | None = None
    family: Family | None = None
    own_address: bool | None = None


def read_endpoint(side: Side, text: str) -> Endpoint | None:
    """Split ``1.2.3.4:443`` or ``*:80``; ``None`` for anything else."""
    host, colon, port = text.rpartition(":")
    if not colon or not host or not (port == "*" or port.isdecimal()):
        return None
    return Endpoint(side, host, port)


def match_address(
    side: Side, protocol: str, pattern: str, operation: str, endpoint: Endpoint, known: Known
) -> Answer:
    """Compare one address filter with an internet address.

    Parameters
    ----------
    side
        The end that the filter is about.
    protocol
        ``ip``, ``tcp4``, … as the filter writes it.
    pattern
        ``host:port`` of the filter, ``*:*`` where it has none.
    operation
        Of the access; says what is known of the end that is not printed.
    endpoint
        The printed end.
    known
        What the context tells.
    """
    parts = [_transport(protocol, endpoint, known)]
    shape = _PATTERN.fullmatch(pattern)
    if shape is None:
        return Answer(None, f"{pattern!r} is no address pattern that Seatbelt takes")
    if side == endpoint.side:
        parts += [_host(shape["host"], operation, endpoint, known), _port(shape["port"], endpoint)]
    else:
        parts.append(_other_end(side, shape["host"], shape["port"], operation))
    if any(part.matches is False for part in parts):
        return NO
    return next((part for part in parts if part.matches is None), YES)


def fixed_port(arguments: Sequence[object]) -> str | None:
    """Return the one port that an address filter takes; ``None`` for every port or none."""
    if len(arguments) != 2 or not isinstance(arguments[1], str):
        return None
    if _PROTOCOL.fullmatch(str(arguments[0])) is None:
        return None
    shape = _PATTERN.fullmatch(arguments[1])
    return None if shape is None or shape["port"] == "*" else str(int(shape["port"]))


def _transport(protocol: str, endpoint: Endpoint, known: Known) -> Answer:
    shape = _PROTOCOL.fullmatch(protocol)
    if shape is None:
        return Answer(None, f"{protocol!r} is no protocol of the table")
    if shape["transport"] != "ip" and known.transport not in {None, shape["transport"]}:
        return NO
    family = known.family
    if family is None and endpoint.address is not None:
        family = "ip4" if endpoint.address.version == 4 else "ip6"
    if shape["family"] is not None:
        if family is None:
            return Answer(None, "the line does not say whether it is IPv4 or IPv6")
        if not family.endswith(shape["family"]):
            return NO
    if shape["transport"] != "ip" and known.transport is None:
        return Answer(None, "the line does not say whether it is TCP or UDP")
    return YES


def _host(wanted: str, operation: str, endpoint: Endpoint, known: Known) -> Answer:
    """Compare the host of the end that is printed.

    The local end of a connection is the wildcard or an address of the machine, so ``localhost``
    takes it: such a rule reaches any host outwards (sandbox-runtime-localhost) and lets any peer
    in (safehouse-localhost). Only a bind can ask for an address that is not the machine's.
    """
    if wanted == "*":
        return YES
    if known.own_address is not None:
        return YES if known.own_address else NO
    address = endpoint.address
    connected = endpoint.side == "local" and operation in {"network-inbound", "network-outbound"}
    if connected or endpoint.host == "localhost":
        return YES
    if address is None:
        return Answer(None, "the line does not tell the address")
    if address.is_unspecified or str(address) in {"127.0.0.1", "::1"}:
        return YES
    return Answer(
        None, "`localhost` also takes the machine's own addresses, which the file cannot know"
    )


def _port(wanted: str, endpoint: Endpoint) -> Answer:
    if wanted == "*":
        return YES
    if endpoint.port == "*":
        return Answer(None, "the line does not tell the port")
    return YES if int(wanted) == int(endpoint.port) else NO


def _other_end(side: Side, host: str, port: str, operation: str) -> Answer:
    """Answer for the end that the line does not print.

    Every connection has both ends, so ``*:*`` takes any; for ``localhost`` at the local end see
    `_host`.
    """
    if operation in {"network-outbound", "network-inbound"} and port == "*":
        if host == "*" or side == "local":
            return YES
        return Answer(None, f"the line does not tell the {side} address")
    return Answer(None, f"the line does not tell the {side} end")
