# %% [markdown]
# # Your own capture
#
# **The question.** What was refused in *your* log, and which rules lift it?
#
# **The evidence.** Files of yours: a log of denials, and if you have them the application's log and what `codesign` says. They are told apart
# by what they contain. Until you give some, everything below is about the bundled sample.
#
# Run all cells (*Run ▸ Run All Cells*), then choose files in the explorer below. What you choose is read by the kernel behind this notebook and
# goes nowhere else. If that kernel is not on a machine of yours, tick *replace names* before you choose.

# %%
import sbdiag

CAPTURE = "../sample_logs/lima-vz"  # or the name of a file beside this notebook: "capture.log"

explorer = sbdiag.explore(sbdiag.analyze(CAPTURE), upload=True)
explorer

# %% [markdown]
# Mark runs, processes or operations; none marked means all. Untick a rule, or one access of it, to leave it out, and say how far a rule may
# reach. The `.sb`, the nono profile and the proof follow at once. *Save* puts the file on your disk. That may be all you need.
#
# ## What was found
#
# From here on the notebook is about what the explorer shows. After an upload, run the rest again (*Run ▸ Run Selected Cell and All Below*).

# %%
report = explorer.report
report

# %% [markdown]
# Nothing in the explorer happens out of sight: what you decided is a value, and these are the rules that follow from it.

# %%
rules = explorer.explorer.rules
for rule in rules:
    print(f"{len(rule.denials):>3} denials  {rule.purpose}")

# %% [markdown]
# ## The picture

# %%
ax = report.plot_timeline()

# %%
if len(report.stages):
    ax = report.plot_startup()
else:
    print("No start of a VM is seen in this capture.")

# %% [markdown]
# ## The rules
#
# As they stand after your decisions:

# %%
sb = sbdiag.to_sb(rules, denials=report.denials)
print(sb.text)

# %% [markdown]
# What got no rule, and why:

# %%
for each in rules.withheld:
    what = " ".join(filter(None, (each.reason, each.name)))
    print(f"{len(each.denials):>3} denials  {what}: {each.explanation}")

# %% [markdown]
# ## Before you share it
#
# A log names you, your machine and your team. `redact` puts stand-ins in their places, in frames, rules and pictures alike. The sample holds
# no real name (`you` is a stand-in already), so here is a line that does:

# %%
import io

LINE = b"Sandbox: limactl(42303) deny(1) file-read-data /Users/jane.doe/.lima/default/lima.yaml\n"
for one in (named := sbdiag.analyze(io.BytesIO(LINE)), named.redact()):
    print(one.denials["target"].iloc[0])

# %% [markdown]
# Lima's directory is still known as Lima's. What `redact` cannot know is the name of a project or a customer: look before you publish.

# %%
shared = report.redact()
shared.to_html("out/report.html")  # one page, to attach to an issue
shared.to_notebook("out/investigation.ipynb")  # the same as a notebook that runs
print(shared)

# %% [markdown]
# ## Conclusion
#
# The rules above answer every denial of the capture that a rule can answer and that you did not reject. The others are listed, each with
# its reason.

# %% tags=["check"]
from pathlib import Path

counts = report.counts
assert counts.lines == counts.denials + counts.continuation + counts.not_ours + counts.unparsed
answered = {row for rule in report.rules for row in rule.denials}
withheld = {row for each in report.rules.withheld for row in each.denials}
assert answered | withheld == set(report.denials.index)
assert not answered & withheld
assert "jane" not in named.redact().to_sb().text
assert Path("out/report.html").read_text("utf-8").startswith("<!DOCTYPE html>")
assert shared.redacted
assert len(shared.rules) == len(report.rules)
if CAPTURE.endswith("lima-vz") and report.counts.lines == 97:
    assert len(rules) == 7
    assert sb.text == report.to_sb().text

# %% [markdown]
# ## Limits
#
# * A capture is a lower bound. Allow, run again, look again: a program that stops at its first refusal never asks for the rest. Give all
#   runs together, and the report compares them.
# * No denial at all proves nothing. Provoke one that you understand (the README says how), to see that the capture works.
# * Read what you allow. The program that was refused chose the names.
#
# ## Questions for the reader
#
# **1.** Choose only run `02-mach-lookup`. Why does one rule remain?
#
# <details><summary>Answer</summary>
#
# That start stopped at its first refusal. Rules from one run are what *that* run asked for; only the series shows the rest.
#
# </details>
#
# **2.** Set *Widen to* to what was seen, to the letter. Which rules change, and which cannot?
#
# <details><summary>Answer</summary>
#
# The two directories fall apart into their files, `file-read*` on `resolv.conf` becomes `file-read-data`. The lookup and the extensions are exact
# already. `mach-task-name` stays as it is or becomes `(target others)`, as the proof tab says.
#
# </details>
