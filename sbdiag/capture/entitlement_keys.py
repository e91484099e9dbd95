"""What an entitlement is for: key → purpose, with the page that says so.

A trailing star stands for the rest of the key. Pages are those of developer.apple.com (title, or
key page under *Entitlements*), the *Entitlement Key Reference* of Apple's documentation archive, or
the named repository.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class EntitlementKey:
    """One row: `pattern` (exact, or with a trailing star), what it permits, and the source."""

    pattern: str
    purpose: str
    source: str

    def matches(self, key: str) -> bool:
        """Tell whether this row is about `key`."""
        if self.pattern.endswith("*"):
            return key.startswith(self.pattern[:-1])
        return key == self.pattern


_VIRTUALIZATION: Final = "Apple, Virtualization framework: Entitlements"
_HYPERVISOR: Final = "Apple, Hypervisor framework: Entitlements"
_SANDBOX: Final = "Apple, App Sandbox entitlements"
_RUNTIME: Final = "Apple, Hardened Runtime entitlements"
_ARCHIVE: Final = "Apple, Entitlement Key Reference (archive): Enabling App Sandbox"
_EXCEPTIONS: Final = (
    "Apple, Entitlement Key Reference (archive): App Sandbox Temporary Exception Entitlements"
)
_SHARING: Final = "Apple, Entitlements: Keychain and App Groups"

# Exact rows stand before the starred ones that would answer for them.
ENTITLEMENT_KEYS: Final[tuple[EntitlementKey, ...]] = tuple(
    EntitlementKey(*row)
    for row in (
        (
            "com.apple.security.virtualization",
            "create and run virtual machines with Virtualization.framework",
            _VIRTUALIZATION,
        ),
        (
            "com.apple.vm.networking",
            "bridge or share networks of a VM through vmnet",
            "Apple, vmnet",
        ),
        (
            "com.apple.vm.device-access",
            "capture USB devices of the host for a VM",
            "Apple, com.apple.vm.device-access",
        ),
        (
            "com.apple.developer.networking.vmnet",
            "use vmnet from an App Store app",
            "Apple, com.apple.developer.networking.vmnet",
        ),
        (
            "com.apple.security.hypervisor",
            "create VMs directly on Hypervisor.framework",
            _HYPERVISOR,
        ),
        (
            "com.apple.vm.hypervisor",
            "Hypervisor.framework before macOS 11 (deprecated)",
            _HYPERVISOR,
        ),
        ("com.apple.security.app-sandbox", "run inside the App Sandbox", _SANDBOX),
        ("com.apple.security.inherit", "run in the App Sandbox of the parent process", _ARCHIVE),
        (
            "com.apple.security.network.server",
            "accept incoming connections (App Sandbox)",
            _SANDBOX,
        ),
        ("com.apple.security.network.client", "open outgoing connections (App Sandbox)", _SANDBOX),
        ("com.apple.security.device.camera", "take pictures and video with a camera", _SANDBOX),
        (
            "com.apple.security.device.audio-input",
            "record audio (Hardened Runtime)",
            _RUNTIME,
        ),
        ("com.apple.security.device.microphone", "record audio (App Sandbox)", _SANDBOX),
        ("com.apple.security.device.usb", "talk to USB devices (App Sandbox)", _SANDBOX),
        (
            "com.apple.security.device.bluetooth",
            "talk to Bluetooth devices (App Sandbox)",
            _SANDBOX,
        ),
        ("com.apple.security.device.serial", "use serial ports (App Sandbox)", _ARCHIVE),
        ("com.apple.security.device.firewire", "talk to FireWire devices (App Sandbox)", _ARCHIVE),
        ("com.apple.security.device.*", "use a device (App Sandbox)", _SANDBOX),
        ("com.apple.security.print", "print (App Sandbox)", _SANDBOX),
        (
            "com.apple.security.personal-information.addressbook",
            "read and change the user's contacts",
            _SANDBOX,
        ),
        (
            "com.apple.security.personal-information.calendars",
            "read and change the user's calendars",
            _SANDBOX,
        ),
        ("com.apple.security.personal-information.location", "learn the location", _SANDBOX),
        (
            "com.apple.security.personal-information.photos-library",
            "read the photo library (Hardened Runtime)",
            _RUNTIME,
        ),
        ("com.apple.security.personal-information.*", "use personal data", _SANDBOX),
        (
            "com.apple.security.files.user-selected.read-only",
            "read files that the user picks (App Sandbox)",
            _SANDBOX,
        ),
        (
            "com.apple.security.files.user-selected.read-write",
            "read and write files that the user picks (App Sandbox)",
            _SANDBOX,
        ),
        (
            "com.apple.security.files.user-selected.executable",
            "write executables where the user picks (App Sandbox)",
            _ARCHIVE,
        ),
        (
            "com.apple.security.files.downloads.*",
            "use the Downloads folder (App Sandbox)",
            _SANDBOX,
        ),
        ("com.apple.security.files.bookmarks.*", "keep access to picked files", _ARCHIVE),
        ("com.apple.security.files.all", "read and write every file (App Sandbox)", _ARCHIVE),
        ("com.apple.security.assets.*", "use the Music, Movies or Pictures folder", _SANDBOX),
        (
            "com.apple.security.application-groups",
            "share containers and Mach names among a developer's apps",
            _SHARING,
        ),
        (
            "keychain-access-groups",
            "share keychain items among a developer's apps",
            _SHARING,
        ),
        (
            "com.apple.security.smartcard",
            "use smart cards through CryptoTokenKit",
            "Apple, com.apple.security.smartcard",
        ),
        (
            "com.apple.security.scripting-targets",
            "send the named Apple events to the named apps (App Sandbox)",
            _ARCHIVE,
        ),
        (
            "com.apple.security.automation.apple-events",
            "send Apple events to other apps, if the user agrees",
            _RUNTIME,
        ),
        (
            "com.apple.security.cs.allow-jit",
            "map writable and executable memory (MAP_JIT)",
            _RUNTIME,
        ),
        (
            "com.apple.security.cs.allow-unsigned-executable-memory",
            "make writable and executable memory without MAP_JIT",
            _RUNTIME,
        ),
        (
            "com.apple.security.cs.allow-dyld-environment-variables",
            "let DYLD_ variables change which libraries are loaded",
            _RUNTIME,
        ),
        (
            "com.apple.security.cs.disable-library-validation",
            "load libraries that others have signed",
            _RUNTIME,
        ),
        (
            "com.apple.security.cs.disable-executable-page-protection",
            "change its own code in memory; switches off all page protection",
            _RUNTIME,
        ),
        ("com.apple.security.cs.debugger", "attach to other processes as a debugger", _RUNTIME),
        ("com.apple.security.cs.*", "an exception to the Hardened Runtime", _RUNTIME),
        (
            "com.apple.security.get-task-allow",
            "let any debugger attach to it (a development build)",
            "Apple, Resolving common notarization issues",
        ),
        (
            "get-task-allow",
            "let any debugger attach to it (an iOS development build)",
            "Apple, Resolving common notarization issues",
        ),
        (
            "com.apple.security.temporary-exception.sbpl",
            "add Seatbelt rules of its own to its App Sandbox",
            _EXCEPTIONS,
        ),
        (
            "com.apple.security.temporary-exception.mach-lookup.global-name",
            "look up the named Mach services in spite of the App Sandbox",
            _EXCEPTIONS,
        ),
        (
            "com.apple.security.temporary-exception.mach-register.global-name",
            "register the named Mach services in spite of the App Sandbox",
            _EXCEPTIONS,
        ),
        (
            "com.apple.security.temporary-exception.files.*",
            "use the named files in spite of the App Sandbox",
            _EXCEPTIONS,
        ),
        (
            "com.apple.security.temporary-exception.iokit-user-client-class",
            "open the named IOKit user clients in spite of the App Sandbox",
            _EXCEPTIONS,
        ),
        (
            "com.apple.security.temporary-exception.shared-preference.*",
            "use other apps' preferences in spite of the App Sandbox",
            _EXCEPTIONS,
        ),
        (
            "com.apple.security.temporary-exception.apple-events",
            "send Apple events to the named apps in spite of the App Sandbox",
            _EXCEPTIONS,
        ),
        (
            "com.apple.security.temporary-exception.*",
            "an exception to the App Sandbox",
            _EXCEPTIONS,
        ),
        (
            "com.apple.application-identifier",
            "the app's identity: team and bundle identifier (macOS)",
            "Apple, com.apple.application-identifier",
        ),
        (
            "application-identifier",
            "the app's identity: team and bundle identifier",
            "Apple, application-identifier",
        ),
        (
            "com.apple.developer.team-identifier",
            "the team that signed the app",
            "Apple, TN3125: Inside Code Signing: Provisioning Profiles",
        ),
        (
            "com.apple.developer.networking.networkextension",
            "provide VPNs, filters or proxies",
            "Apple, Network Extensions Entitlement",
        ),
        (
            "com.apple.developer.networking.wifi-info",
            "learn the joined Wi-Fi network",
            "Apple, Access Wi-Fi Information Entitlement",
        ),
        (
            "com.apple.developer.endpoint-security.client",
            "watch and authorise system events",
            "Apple, Endpoint Security: com.apple.developer.endpoint-security.client",
        ),
        (
            "com.apple.developer.system-extension.install",
            "install system extensions",
            "Apple, System Extension Entitlement",
        ),
        (
            "com.apple.developer.driverkit*",
            "run as a driver in user space",
            "Apple, DriverKit entitlements",
        ),
        (
            "com.apple.developer.background-tasks.continued-processing.gpu",
            "use the GPU in a background task",
            "Apple, Background Tasks",
        ),
        (
            "com.apple.developer.icloud-*",
            "use iCloud",
            "Apple, iCloud entitlements",
        ),
        (
            "com.apple.rootless.*",
            "write what System Integrity Protection guards (Apple's own software)",
            "field reports; no documentation by Apple",
        ),
        (
            "com.apple.private.*",
            "private to Apple's own software",
            "field reports; no documentation by Apple",
        ),
    )
)


def entitlement_key(key: str) -> EntitlementKey | None:
    """Return the row that knows `key`, ``None`` if no row does."""
    return next((row for row in ENTITLEMENT_KEYS if row.matches(key)), None)


def purpose_of(key: str) -> str | None:
    """Return what `key` is for, ``None`` if no row knows."""
    row = entitlement_key(key)
    return None if row is None else row.purpose
