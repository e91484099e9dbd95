"""The network rules of nono, which come last: all, none, or its own proxy.

Source: nolabs-ai/nono ``crates/nono/src/sandbox/macos.rs`` (``generate_profile``) and
``crates/nono-cli/src/sandbox_prepare.rs`` (when the proxy is started), v0.66.0 and v0.74.0.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from sbdiag.errors import ExportError
from sbdiag.export.nono_grants import Socket, escaped
from sbdiag.export.nono_keys import AGAINST_BLOCK, PROXY
from sbdiag.export.nono_read import NonoProfile
from sbdiag.export.nono_setting import Setting
from sbdiag.seatbelt.rules import Filter, Rule, Symbol

# Ports that ranges may name together on macOS.
MAX_PORTS: Final = 16_384
_STREAM: Final = Filter("socket-type", (Symbol("SOCK_STREAM"),))
_RESOLVER: Final = ("/private/var/run/mDNSResponder", "/var/run/mDNSResponder")

Rules = tuple[Rule, ...]


def network(
    given: NonoProfile, sockets: Iterable[Socket], setting: Setting
) -> Iterator[tuple[str, Rules]]:
    """Yield the blocks for the network: origin and rules.

    Raises
    ------
    ExportError
        What nono refuses: ``connect_port`` on macOS, blocking beside what needs the proxy, ranges
        of more than 16,384 ports.
    """
    if given.numbers("network.connect_port"):
        raise ExportError(
            "nono refuses network.connect_port on macOS: Seatbelt cannot filter by port alone",
            given.where("network.connect_port"),
        )
    asking = [key for key in PROXY if given.flag(key)]
    if given.flag("network.block"):
        for key in AGAINST_BLOCK:
            if key in asking:
                raise ExportError(
                    f"nono refuses {key} beside network.block, which blocks its proxy as well",
                    given.where(key),
                )
    ports, ranged = _ports(given)
    local = bool(ports) or bool(ranged)
    if asking:
        yield f"{asking[0]}: through nono's proxy", tuple(_closed())
    elif given.flag("network.block"):
        yield "network.block", tuple(_closed())
    else:
        yield (
            "no network mode",
            (
                Rule("allow", ("system-socket",)),
                Rule("allow", ("network-outbound",)),
                Rule("allow", ("network-inbound",)),
                Rule("allow", ("network-bind",)),
            ),
        )
        return
    for socket in sockets:
        yield socket.origin, tuple(_socket(socket))
    rules: list[Rule] = []
    if asking:
        if setting.proxy_port is None:
            setting.note(
                "the port of nono's proxy is chosen when it starts: no rule for it is previewed"
            )
        else:
            rules.append(_localhost(setting.proxy_port))
    if asking or local:
        rules += [
            Rule("allow", ("system-socket",), (Filter("socket-domain", (Symbol(name),)), _STREAM))
            for name in ("AF_INET", "AF_INET6")
        ]
    yield "TCP to this machine", tuple(rules)
    yield "network.open_port", tuple(map(_localhost, (*ports, *ranged)))
    listens = given.numbers("network.listen_port") or given.ranges("network.listen_port_range")
    if local or (asking and listens):
        both = Rule("allow", ("network-bind",)), Rule("allow", ("network-inbound",))
        yield "ports that are listened on, whichever they are", both


def _closed() -> Iterator[Rule]:
    """Yield what all closed modes have: names are still resolved, by way of a Unix socket."""
    yield Rule("deny", ("network*",))
    domain = Filter("socket-domain", (Symbol("AF_UNIX"),))
    yield Rule("allow", ("system-socket",), (domain, _STREAM))
    for path in _RESOLVER:
        yield Rule("allow", ("network-outbound",), (Filter("path", (path,)),))


def _socket(socket: Socket) -> Iterator[Rule]:
    for operation in (
        ("network-outbound", "network-bind") if socket.binds else ("network-outbound",)
    ):
        for form in socket.forms:
            if socket.scope == "children":
                where = Filter("regex", (f"^{escaped(form)}/[^/]+$",))
            else:
                where = Filter("path" if socket.scope == "file" else "subpath", (form,))
            yield Rule("allow", (operation,), (where,))


def _localhost(port: int) -> Rule:
    address = f"localhost:{port or '*'}"
    return Rule("allow", ("network-outbound",), (Filter("remote", (Symbol("tcp"), address)),))


def _ports(given: NonoProfile) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return single ports, 0 (any) last, and those of ranges, each once and sorted."""
    single = sorted(given.numbers("network.open_port"), key=lambda port: (port == 0, port))
    ranged: set[int] = set()
    for first, last in given.ranges("network.open_port_range"):
        ranged.update(range(first, last + 1))
    if len(ranged) > MAX_PORTS:
        raise ExportError(
            f"nono refuses ranges of more than {MAX_PORTS} ports on macOS",
            given.where("network.open_port_range"),
        )
    return tuple(single), tuple(sorted(ranged))
