# %% [markdown]
# # Quickstart: what did the sandbox refuse, and what is the least I can allow?
#
# **The question.** `limactl start` dies inside a macOS sandbox and says only
#
# > `Error Domain=VZErrorDomain Code=1 … Internal Virtualization error.`
#
# **The evidence.** Six captures of the unified log, one per attempt, each with Lima's own log and the entitlement dump of the
# binary. They are bundled with sbdiag; nothing here needs a Mac.

# %%
from pathlib import Path

import sbdiag

SAMPLE = Path("../sample_logs/lima-vz")
report = sbdiag.analyze(SAMPLE, xpc="global-name")
report

# %% [markdown]
# The page above is the whole answer: how far each run came, what that means, and which rules lift the refusals. The parts of it
# are ordinary DataFrames.

# %%
report.denials[["run", "time", "process", "operation", "target_name", "duplicates"]]

# %% [markdown]
# ## The picture
#
# Each column is one attempt. Every rule that was allowed brings the start one stage further.

# %%
report.plot_startup()
# %% [markdown]
# ## The rules
#
# As text for Seatbelt; the comments name the run and the line of the log that asked for each.

# %%
print(report.to_sb().text)

# %% [markdown]
# And the same for nono. `~` stands for the home directory that the capture shows.

# %%
nono = report.to_nono()
print(nono.text)
for note in nono.notes:
    print("note:", note)

# %% [markdown]
# ## The proof
#
# sbdiag evaluates Seatbelt profiles off the Mac. For each rule: do all rules together allow what it answers, and is a denial
# refused again when it alone is taken away?

# %%
report.verification[["text", "with_all", "necessary", "reason"]]

# %% [markdown]
# One answer is *unknown*, and says why: public reports disagree on which kind of name answers a lookup that the log prints with
# `(xpc)`. With both kinds written (the default) nothing is left open:

# %%
both = sbdiag.analyze(SAMPLE)
both.verification[["with_all", "necessary"]].value_counts()

# %% [markdown]
# ## Conclusion
#
# Seven rules, each asked for by named lines, sufficient and necessary by evaluation.
#
# ## Limits
#
# A capture is a lower bound: the kernel drops denials, and a program that stops at the first refusal never asks for the rest.
# The proof is about what was captured, not about what was never logged.

# %% tags=["check"]
assert len(report.rules) == 7
assert report.counts.lines == 97
assert list(report.verification["necessary"].astype(str)) == ["yes"] * 7
assert set(both.verification["with_all"]) == {"allow"}

# %% [markdown]
# ## Questions for the reader
#
# 1. Which lines of the captures were *not* denials, and how do you know that none was lost?
#
# <details><summary>Answer</summary>
#
# `report.counts` splits all lines: denials + lines that continue one + lines of other programs + unparsed ones. The last are kept in
# `report.unparsed` with file, line and reason. Here there are none.
#
# </details>
#
# 2. The capture holds a denial on `/private/etc/sudoers`. Why is there no rule for it?
#
# <details><summary>Answer</summary>
#
# It is a calibration: a denial provoked on purpose, to see that the log shows denials at all. The path is in the table of sensitive
# targets, and those get a rule only if they are asked for by name. See `report.rules.withheld`.
#
# </details>
