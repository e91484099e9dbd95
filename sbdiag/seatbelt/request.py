"""What is known of one request: the printed access, and what the caller knows beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from sbdiag.seatbelt.access import Access
from sbdiag.seatbelt.filters import spelling
from sbdiag.seatbelt.network import Endpoint, Family, Known, Side, Transport, read_endpoint
from sbdiag.seatbelt.paths import readings


@dataclass(frozen=True, slots=True)
class Extension:
    """A runtime token that a process holds: its class, and the path or name it was issued for."""

    kind: str
    target: str | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """What a log line does not print; every ``None`` leaves the filters that need it unknown.

    Attributes
    ----------
    transport, family
        Protocol and address family of a socket.
    side
        Which end a bare address of ``network-inbound`` is.
    own_address
        Whether the printed address is one of the machine's own or the wildcard.
    same_sandbox
        Whether the target process runs in the same sandbox.
    extensions
        All extensions that the process holds; an empty tuple says that it holds none.
    entitlements
        All entitlements of the program that are present and not false.
    values
        Further facts as ``(filter, value)``: ``("vnode-type", "SYMLINK")``,
        ``("process-path", "/bin/sh")``.
    """

    transport: Transport | None = None
    family: Family | None = None
    side: Side | None = None
    own_address: bool | None = None
    same_sandbox: bool | None = None
    extensions: tuple[Extension, ...] | None = None
    entitlements: frozenset[str] | None = None
    values: tuple[tuple[str, str], ...] = ()


NOTHING_KNOWN: Final = Context()

_HIDDEN: Final = "<private>"


class Request:
    """One access with its context, in the form that filters compare with.

    Attributes
    ----------
    paths
        The resolved paths it may mean: one for a line of the kernel, none where it names no path.
    socket
        ``unix`` or ``ip`` for an operation on a socket, ``None`` where the line does not say.
    endpoint
        The printed end of an internet connection.
    """

    __slots__ = ("_values", "access", "context", "endpoint", "operation", "paths", "socket")

    def __init__(self, access: Access, context: Context = NOTHING_KNOWN) -> None:
        self.access = access
        self.context = context
        self.operation = access.operation
        self._values: dict[str, str] = {}
        for kind, value in (*context.values, *access.values):
            known = spelling(kind)
            self._values[kind if known is None else known.filter] = value
        self.socket: Literal["unix", "ip"] | None = None
        self.endpoint: Endpoint | None = None
        self._read_socket()
        path = self._values.get("unix-socket") or self._values.get("path")
        told = path is not None and path.startswith("/") and _HIDDEN not in path
        self.paths: tuple[str, ...] = readings(path) if path is not None and told else ()

    def _read_socket(self) -> None:
        if "unix-socket" in self._values:
            self.socket = "unix"
            return
        for side in ("local", "remote"):
            text = self.access.value(side)
            if text is not None:
                self.socket = "ip"
                self.endpoint = read_endpoint(side, text)

    def value(self, kind: str) -> str | None:
        """Return the value of a filter's kind, ``None`` where nobody told it."""
        value = self._values.get(kind)
        return None if value is None or _HIDDEN in value else value

    @property
    def known(self) -> Known:
        """What the context tells of a connection."""
        context = self.context
        return Known(context.transport, context.family, context.own_address)

    def ends(self) -> tuple[Endpoint, ...]:
        """Return the printed end in every reading of which end it is.

        A bare address of ``network-inbound`` may be either end unless the context says which.
        """
        end = self.endpoint
        if end is None:
            return ()
        if self.context.side is not None:
            return (Endpoint(self.context.side, end.host, end.port),)
        detail = self.access.detail or ""
        if self.operation.startswith("network-inbound") and not detail.startswith(
            ("local:", "remote:")
        ):
            return (end, Endpoint("remote", end.host, end.port))
        return (end,)
