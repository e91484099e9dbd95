# %% [markdown]
# # Your own capture
#
# **The question.** What was refused in *your* log, and which rules lift it?
#
# Run all cells. Upload a capture in the explorer below (and, if you have them, Lima's log and the `codesign` dump; they are told apart by
# content). Until then it shows the bundled sample. How to make a capture stands in the README.
#
# Nothing leaves this notebook: the files are read by the kernel that runs it.

# %%
import os
from pathlib import Path

import sbdiag

# Or name a file here, instead of uploading: CAPTURE = "capture.log"
CAPTURE = os.environ.get("SBDIAG_CAPTURE", "../sample_logs/lima-vz")
report = sbdiag.analyze(CAPTURE)
print(report)

# %% [markdown]
# ## The explorer
#
# Choose runs, processes, operations. Accept, reject or widen rules; the `.sb`, the nono JSON and the proof follow at once.

# %%
explorer = sbdiag.explore(report, upload=True)
explorer

# %% [markdown]
# ## The same without widgets
#
# Run the cells from here on again after an upload: they take the report that the explorer shows.

# %%
report = explorer.report
report

# %%
report.plot_timeline()
# %%
print(report.to_sb().text)

# %% [markdown]
# ## Before you share it
#
# A log names you, your machine and your team. `redact()` replaces the names by stand-ins in frames, rules and pictures alike.

# %%
shared = report.redact()
shared.to_html("out/report.html")
print(shared)

# %% [markdown]
# ## An executable write-up of this investigation

# %%
report.to_notebook("out/investigation.ipynb")
print("out/investigation.ipynb")

# %% [markdown]
# ## Conclusion
#
# The rules above answer every denial of the capture that a rule can answer. What they do not answer is listed in
# `report.rules.withheld`, each with its reason.
#
# ## Limits
#
# Allow, run again, look again: a program that stops at the first refusal never asks for the rest.

# %% tags=["check"]
counts = report.counts
assert counts.lines == counts.denials + counts.continuation + counts.not_ours + counts.unparsed
assert shared.redacted
assert Path("out/report.html").stat().st_size > 1_000
answered = {row for rule in report.rules for row in rule.denials}
withheld = {row for each in report.rules.withheld for row in each.denials}
assert answered | withheld == set(report.denials.index)
