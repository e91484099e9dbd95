# %% [markdown]
# # Entitlements: Code=2 against Code=1
#
# **The question.** `VZErrorDomain Code=2` and `Code=1` look alike. Which is a missing entitlement, which is the sandbox, and what does
# `codesign` say?
#
# **The evidence.** Dumps as `codesign` and others print them, and a start that fails for the other reason.

# %%
import io
from pathlib import Path

import pandas as pd

import sbdiag

pd.options.display.max_colwidth = 80
SAMPLE = Path("../sample_logs/lima-vz")
print((SAMPLE / "02-mach-lookup" / "limactl.entitlements.txt").read_text("utf-8"))

# %%
limactl = sbdiag.read_entitlements(SAMPLE / "02-mach-lookup" / "limactl.entitlements.txt")
limactl[["executable", "state", "key", "value", "type", "purpose"]]

# %% [markdown]
# ## The same fact in many shapes
#
# Abstract text, XML with a mangled header in front, no entitlements, not signed, signed by the linker: five dumps, five states. A dump
# that is cut keeps what was complete, and says so; only a *whole* dump can prove that a key is missing.

# %%
DUMPS = {
    "text": "Executable=/opt/homebrew/bin/limactl\n[Dict]\n\t[Key] com.apple.security.virtualization\n"
    "\t[Value]\n\t\t[Bool] true\n",
    "old codesign": '??qq\x01\x02<?xml version="1.0"?><plist version="1.0"><dict>'
    "<key>com.apple.security.virtualization</key><true/></dict></plist>",
    "cut": '<?xml version="1.0"?><plist version="1.0"><dict>'
    "<key>com.apple.security.hypervisor</key><true/><key>com.apple.sec",
    "none": "Executable=/usr/bin/w\nIdentifier=com.apple.w\nFormat=Mach-O universal (x86_64 arm64e)\n"
    "CodeDirectory v=20400 size=580 flags=0x0(none) hashes=13+2 location=embedded\n"
    "Signature size=4442\nAuthority=Software Signing\n",
    "unsigned": "vmrunner: code object is not signed at all\nIn subcomponent: vmrunner\n",
}
states = pd.concat(
    [
        sbdiag.read_entitlements(io.BytesIO(text.encode())).assign(dump=name)
        for name, text in DUMPS.items()
    ],
    ignore_index=True,
)
states[["dump", "state", "key", "value"]]

# %% [markdown]
# ## Two failures
#
# In the sample the binary has the key, and the start fails with Code=1 behind a refused lookup:

# %%
refused = sbdiag.analyze(SAMPLE / "02-mach-lookup", xpc="global-name")
for row in refused.findings.query(
    "severity == 'cause' or finding == 'entitlement-present'"
).itertuples():
    print(f"{row.severity}: {row.title}\n    {row.detail}\n")

# %% [markdown]
# Now the other one: the same program without the key, and a log that ends with Code=2.

# %%
LOG = b"""\
{"level":"info","msg":"Starting VZ (hint: see \\"/Users/you/.lima/default/serial*.log\\")","time":"2026-05-27T14:00:00Z"}
{"level":"fatal","msg":"Error Domain=VZErrorDomain Code=2 Description=\\"Invalid virtual machine configuration. The process doesn't have the entitlement.\\"","time":"2026-05-27T14:00:01Z"}
"""
CAPTURE = b"2026-05-27 14:00:00.500 Df limactl[4242:1] starting\n"
missing = sbdiag.analyze(
    io.BytesIO(CAPTURE),
    lima_log=io.BytesIO(LOG),
    entitlements=io.BytesIO(DUMPS["none"].encode()),
    tz="UTC",
)
missing.stages[["stage", "status", "why"]]

# %%
for row in missing.findings.itertuples():
    print(f"{row.severity}: {row.title}\n    {row.detail}\n")

# %% [markdown]
# ## Side by side

# %%
pd.concat(
    {
        "refused by the sandbox": refused.stages.set_index("stage")["status"],
        "entitlement missing": missing.stages.set_index("stage")["status"],
    },
    axis=1,
).astype(str)

# %% [markdown]
# ## Conclusion
#
# * **Code=2** comes from the validation of the configuration: the entitlement is missing. Sign the binary; no rule helps.
# * **Code=1** comes from the start: something was refused, and the sandbox is one candidate. A kernel denial of the same second is the
#   evidence, and there are other causes (a wrong guest image, a disk in use, a locked keychain).
#
# ## Limits
#
# An entitlement says what a program *may* ask for. Whether the system honours it depends on the signature and the provisioning, which
# no dump shows.

# %% tags=["check"]
expected = {
    "text": "entitlements",
    "old codesign": "entitlements",
    "cut": "cut",
    "none": "none",
    "unsigned": "unsigned",
}
assert states.groupby("dump", sort=False)["state"].first().astype(str).to_dict() == expected
assert missing.stages.set_index("stage").loc["entitlement", "status"] == "refused"
assert refused.stages.set_index("stage").loc["entitlement", "status"] == "reached"
assert "missing-entitlement" in set(missing.findings["finding"])
assert len(missing.rules) == 0

# %% [markdown]
# ## Questions for the reader
#
# 1. The first dump of the series begins with `...`. What can it prove?
#
# <details><summary>Answer</summary>
#
# That the key is there. Not that another is missing: the dump is an excerpt, its state is *cut*.
#
# </details>
#
# 2. Why does the ladder call the entitlement *reached* when only a refused lookup is seen and no dump is given?
#
# <details><summary>Answer</summary>
#
# The configuration is validated before the machine is started. A lookup that was tried proves that the validation passed.
#
# </details>
