# %% [markdown]
# # Quickstart: what did the sandbox refuse, and what is the least I can allow?
#
# **The question.** `limactl start` dies inside a macOS sandbox and says only
#
# > `Error Domain=VZErrorDomain Code=1 … Internal Virtualization error. The virtual machine failed to start.`
#
# **The evidence.** Six captures of the unified log, one for each attempt. Beside each lies Lima's own log of the same attempt and what
# `codesign` says of the binary. They are bundled with sbdiag, and nothing here needs a Mac. This is all that one of them holds:

# %%
import textwrap
from pathlib import Path

import pandas as pd

pd.options.display.max_colwidth = 90
SAMPLE = Path("../sample_logs/lima-vz")
for line in (SAMPLE / "02-mach-lookup" / "capture.log").read_text("utf-8").splitlines():
    print(line[:150])

# %% [markdown]
# ## One call
#
# `analyze` takes a file, a directory, or a directory of directories: a series of attempts. It tells logs and dumps apart by what
# they contain, in whatever style they were written.

# %%
import sbdiag

report = sbdiag.analyze(SAMPLE, xpc="global-name")
report

# %% [markdown]
# That page is the whole answer: what stopped each run, what that means, which rules lift it, and what was read. Everything on it can be
# unfolded down to the line of the log. (`xpc="global-name"` asks for the form in which the write-up behind this sample has its rules; what
# the default does instead is shown below.)
#
# ## The picture
#
# One column for each attempt, one row for each stage of a VM's start. Every rule that was allowed brings the start one stage further:

# %%
ax = report.plot_startup()

# %% [markdown]
# ## The evidence as a table
#
# What stands behind page and picture are ordinary DataFrames; a row is one line of a log.

# %%
denials = report.denials
denials.assign(time=denials["time"].dt.strftime("%H:%M:%S"))[
    ["run", "line", "time", "process", "operation", "target_name", "layer"]
].head(9)

# %% [markdown]
# ## The rules
#
# As text for Seatbelt, ready to paste into a profile. The comments name the run and the line that asked for each rule, and say where a
# rule is wider than what was seen.

# %%
print(report.to_sb().text)

# %% [markdown]
# The same for [nono](https://github.com/nolabs-ai/nono), whose profiles are JSON. An export says what its language cannot express, and
# what a reader should know before using it:

# %%
nono = report.to_nono()
print(nono.text)
for note in nono.notes:
    print(textwrap.fill(note, 96, initial_indent="- ", subsequent_indent="  "))

# %% [markdown]
# ## The proof
#
# sbdiag evaluates Seatbelt profiles without a Mac, so it can ask two questions about every rule. *Sufficient:* with all rules, is what this
# one answers allowed? *Necessary:* without it, is some denial refused again?

# %%
proof = report.verification[["text", "with_all", "necessary", "refused_without"]]
proof.assign(text=[" ".join(text.split()) for text in proof["text"]])

# %% [markdown]
# The last column names a row of the denials frame that is refused again. One answer in the table is neither yes nor no. Why?

# %%
print(textwrap.fill(report.verification["reason"].iloc[0], 96))

# %% [markdown]
# Public reports disagree, so sbdiag does not pretend to know. By default it writes *both* kinds of name, and then nothing is left open:

# %%
both = sbdiag.analyze(SAMPLE)
print(both.to_sb().text.split("\n\n")[1])
both.verification[["with_all", "necessary"]].astype(str).value_counts()

# %% [markdown]
# ## Conclusion
#
# Seven rules. Each is asked for by lines that it names, all together they allow every captured access that a rule can allow, and none
# can be left out.

# %% tags=["check"]
assert report.counts.lines == 97
assert len(report.rules) == 7
assert list(report.verification["necessary"].astype(str)) == ["yes"] * 7
assert list(report.verification["with_all"].astype(str)) == ["unknown"] + ["allow"] * 6
assert set(both.verification["with_all"]) == {"allow"}
assert set(both.verification["necessary"]) == {"yes"}

# %% [markdown]
# ## Limits
#
# * A capture is a lower bound. The kernel drops denials, and a program that stops at its first refusal never asks for the rest:
#   allow, run again, look again. Notebook 01 does that.
# * The proof is about what was captured. It says nothing about what was never logged.
#
# ## Questions for the reader
#
# **1.** The captures hold 97 lines and only 21 are denials. How do you know that none was lost?
#
# <details><summary>Answer</summary>
#
# `report.counts` splits all lines into four accounts: denials, lines that continue one (a JSON record has many), lines that have nothing
# to do with the sandbox, and lines that name the sandbox and could not be read. The sum is tested for arbitrary bytes. The last account
# is kept in `report.unparsed` with file, line and reason; here it is empty.
#
# </details>
#
# **2.** `wc` was refused `/private/etc/sudoers`. Why is there no rule for it?
#
# <details><summary>Answer</summary>
#
# It was provoked on purpose, to see that the log shows denials at all, and the file says who may become root. Such targets are in a table;
# they get a rule only if you ask by name: `sbdiag.minimal_rules(report.denials, sensitive=["system-accounts"])`. What got no rule, and
# why, stands in `report.rules.withheld`.
#
# </details>
#
# **3.** Which rules above are wider than the evidence?
#
# <details><summary>Answer</summary>
#
# `report.verification[["text", "wider", "narrower"]]` says so for each: the two directories of Lima, `mach-task-name`, and `file-read*` on
# `resolv.conf`, where only `file-read-data` was seen. Notebook 03 is about that.
#
# </details>
