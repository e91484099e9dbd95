# %% [markdown]
# # Entitlements: Code=2 against Code=1
#
# **The question.** `VZErrorDomain Code=2` and `Code=1` look alike. Which is a missing entitlement, which is the sandbox, and what does
# `codesign` say?
#
# **The evidence.** Dumps as `codesign` and others print them, the start from the bundled series that ended with Code=1, and two starts that
# we put together for comparison.

# %%
import io
import json
import textwrap
from pathlib import Path

import pandas as pd

import sbdiag
from sbdiag.diagnosis.startup import WHOLE_DUMPS

pd.options.display.max_colwidth = 80
RUN = Path("../sample_logs/lima-vz/02-mach-lookup")
print((RUN / "limactl.entitlements.txt").read_text("utf-8"))

# %% [markdown]
# That is what `codesign -d --entitlements -` prints on a current macOS. As a frame, one row a key:

# %%
held = sbdiag.read_entitlements(RUN / "limactl.entitlements.txt")
held[["key", "value", "type", "purpose"]]

# %% [markdown]
# ## The same question, many answers
#
# Dumps in issues and mails come in other shapes as well: excerpts, XML behind a mangled header, broken off, and several that are no
# entitlements at all. `state` says which, and it decides what the dump can prove. That a key *is* there, any dump can show. That it is *not*
# there, only a whole one.

# %%
DUMPS = {
    "an excerpt": "$ codesign -d --entitlements - /opt/homebrew/bin/limactl\n...\n"
    "[Key] com.apple.security.virtualization\n[Value]\n    [Bool] true\n",
    "XML, mangled header": '??qq\x01\x02<?xml version="1.0"?><plist version="1.0"><dict>'
    "<key>com.apple.security.virtualization</key><true/></dict></plist>",
    "XML, broken off": '<?xml version="1.0"?><plist version="1.0"><dict>'
    "<key>com.apple.security.hypervisor</key><true/><key>com.apple.sec",
    "signed, no entitlements": "Executable=/usr/local/bin/limactl\nIdentifier=limactl\n"
    "CodeDirectory v=20400 size=580 flags=0x0(none) hashes=13+2 location=embedded\n"
    "Signature size=4442\nAuthority=Software Signing\n",
    "signed by the linker": "Executable=/usr/local/bin/limactl\nIdentifier=limactl\n"
    "CodeDirectory v=20400 size=580 flags=0x20002(adhoc,linker-signed) hashes=13+0\n"
    "Signature=adhoc\n",
    "invalid": "warning: binary contains an invalid entitlements blob. The OS will ignore these"
    " entitlements.\n",
    "not signed": "limactl: code object is not signed at all\n",
}
states = pd.concat(
    {name: sbdiag.read_entitlements(io.BytesIO(text.encode())) for name, text in DUMPS.items()}
).droplevel(1)
states = states.assign(
    key=states["key"].fillna("(none)"),
    proves_absence=["yes" if state in WHOLE_DUMPS else "no" for state in states["state"]],
)[["state", "key", "proves_absence"]]
states

# %% [markdown]
# ## Three failures
#
# **The sandbox.** In the sample the binary has the key, and the start ends with Code=1. The capture of the same start holds a refusal:

# %%


def conclusions(report):
    """Print causes and warnings in full."""
    about_others = ["broad-rule", "sensitive-target"]
    for row in report.findings.query("severity != 'note'").itertuples():
        if row.finding not in about_others:
            print(f"{row.severity}: {textwrap.fill(row.title, 90)}")
            print(textwrap.indent(textwrap.fill(row.detail, 86), "    "), end="\n\n")


sandbox = sbdiag.analyze(RUN, xpc="global-name")
print(sandbox.milestones["message"].iloc[-1], end="\n\n")
conclusions(sandbox)

# %% [markdown]
# **The entitlement.** Suppose that somebody built `limactl` and signed it without the key. The framework refuses the configuration before it
# looks anything up:

# %%
WITHOUT = """Executable=/usr/local/bin/limactl
[Dict]
	[Key] com.apple.security.network.client
	[Value]
		[Bool] true
"""
CODE_2 = (
    'Error Domain=VZErrorDomain Code=2 "The process doesn\u2019t have the'
    ' "com.apple.security.virtualization" entitlement."'
)
# A capture that works: it shows the denial that was provoked to test it, and nothing of limactl.
QUIET = (RUN.parent / "01-calibration" / "capture.log").read_bytes()


def start(error, dump):
    """Put a start together: Lima's log that ends with an error, a quiet capture, a dump."""
    lines = [
        {"level": "info", "msg": "Setting up Rosetta share", "time": "2026-05-27T14:05:12Z"},
        {"level": "fatal", "msg": error, "time": "2026-05-27T14:05:12Z"},
    ]
    log = "".join(json.dumps(line) + "\n" for line in lines)
    return sbdiag.analyze(
        io.BytesIO(QUIET),
        lima_log=io.BytesIO(log.encode()),
        entitlements=io.BytesIO(dump.encode()),
        tz="UTC",
    )


without = start(CODE_2, WITHOUT)
conclusions(without)

# %% [markdown]
# **Neither.** And now Code=1, with the key in the binary and no refusal of `limactl` in the capture:

# %%
neither = start(
    sandbox.milestones["message"].iloc[-1],
    (RUN / "limactl.entitlements.txt").read_text("utf-8"),
)
conclusions(neither)

# %% [markdown]
# The same words as in the first case, and this time nothing explains them. sbdiag does not guess: it says what is missing, and lists what else
# is known to end that way.
#
# ## Side by side

# %%
STAGES = ["entitlement", "xpc-lookup", "running"]
side = pd.DataFrame(
    {
        name: report.stages.set_index("stage").loc[STAGES, "status"].astype(str)
        for name, report in (
            ("Code=1, sandbox", sandbox),
            ("Code=2, entitlement", without),
            ("Code=1, neither", neither),
        )
    }
)
side

# %% [markdown]
# And the ladder of the second, in the picture that the other notebooks use for the whole series:

# %%
ax = without.plot_startup()

# %% [markdown]
# ## Conclusion
#
# * **Code=2** comes when the configuration is validated. The entitlement is missing. Sign the binary; no rule helps, and sbdiag proposes none.
# * **Code=1** comes when the machine is started. The sandbox is one cause, and a denial of `limactl` at the same time is the evidence. Without
#   one, the code proves nothing.
# * A dump shows that a key is there. Only a whole dump shows that it is not.

# %% tags=["check"]
assert states["state"].astype(str).to_dict() == {
    "an excerpt": "cut",
    "XML, mangled header": "entitlements",
    "XML, broken off": "cut",
    "signed, no entitlements": "none",
    "signed by the linker": "linker-signed",
    "invalid": "invalid-blob",
    "not signed": "unsigned",
}
assert side["Code=1, sandbox"].to_dict() == {
    "entitlement": "reached",
    "xpc-lookup": "refused",
    "running": "not seen",
}
assert side.loc["entitlement", "Code=2, entitlement"] == "refused"
assert side.loc["xpc-lookup", "Code=1, neither"] == "not seen"
first_of = {
    name: each.findings["finding"].iloc[0]
    for name, each in (("sandbox", sandbox), ("without", without), ("neither", neither))
}
assert first_of == {
    "sandbox": "start-stopped",
    "without": "missing-entitlement",
    "neither": "code-1-without-denial",
}
assert len(sandbox.rules) == 1
assert len(without.rules) == 0
assert len(neither.rules) == 0
# Question 2: the capture alone, without a dump.
alone = sbdiag.analyze(RUN / "capture.log").stages.set_index("stage").loc["entitlement"]
assert alone["status"] == "reached"
assert "xpc-lookup" in alone["why"]

# %% [markdown]
# ## Limits
#
# * The second and third start are put together here. The text of Code=2 is from a public report (pyobjc #434), the way Lima logs it is inferred.
# * An entitlement says what a program *may* ask for. Whether the system honours it depends on the signature and on provisioning, which no dump
#   shows.
#
# ## Questions for the reader
#
# **1.** The write-up behind the sample prints its dump with `...` in front. What can that dump prove?
#
# <details><summary>Answer</summary>
#
# That the key is there, and that is all it was printed for. Not that another is missing: it is an excerpt, its state is *cut*.
#
# </details>
#
# **2.** Nobody gave you a dump, but the capture shows a refused lookup of `com.apple.Virtualization.VirtualMachine`. Has the binary the entitlement?
#
# <details><summary>Answer</summary>
#
# It must have. The configuration is validated before the machine is started, so a lookup that was tried proves that the validation passed.
# `sbdiag.analyze(RUN / "capture.log").stages` says so, in the column `why`.
#
# </details>
#
# **3.** Why is *invalid* not the same as *broken off*, when both show no key that could be trusted?
#
# <details><summary>Answer</summary>
#
# In the first the binary is at fault: macOS ignores what it holds, so the entitlement is missing in effect, and the dump proves it. In the
# second the *dump* is at fault, and says nothing about the binary.
#
# </details>
