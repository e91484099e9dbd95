# %% [markdown]
# # Starting a VM from a macOS sandbox, run by run
#
# This notebook reproduces Brent Fitzgerald's write-up *Starting a VM from a MacOS sandbox* (2026-05-27) from data. Each of its claims
# comes out of a cell. Change one, and see what follows.
#
# **The question.** Lima starts a Linux VM with Apple's Virtualization framework (VZ). Inside a Seatbelt sandbox the start fails, and
# the error names no reason. What was refused, in which order, and what is the least that must be allowed?
#
# **The evidence.** The write-up's denials and lines of Lima's log, put back into logs as they stand in files: six captures, one for each attempt.
#
# **The method.** Predict; look at the next denial; allow it; go on. At each *Predict* stop for a moment before you unfold the answer.

# %%
import json
import textwrap
from pathlib import Path

import pandas as pd

import sbdiag
from sbdiag.seatbelt.profile import parse_profile

pd.options.display.max_colwidth = 90
SAMPLE = Path("../sample_logs/lima-vz")

refuse_all = parse_profile("(version 1)\n(deny default)\n")
allowed = []  # the rules we have allowed so far


def attempt(run):
    """Read one run; propose only what the rules we have allowed so far do not grant."""
    profile = refuse_all.with_rules(allowed)
    return sbdiag.analyze(SAMPLE / run, xpc="global-name", profile=profile)


def allow(report):
    """Allow what this run asks for, and show it."""
    allowed.extend(each.rule for each in report.rules)
    print(report.to_sb().text)


def denied(report):
    frame = report.denials.assign(time=report.denials["time"].dt.strftime("%H:%M:%S.%f").str[:-3])
    return frame[["time", "process", "pid", "operation", "target", "layer"]]


def lima_says(report):
    frame = report.milestones.query("milestone != 'other'")
    return frame[["level", "message", "error"]].fillna({"error": ""})


def explain(report, finding):
    """Print a finding in full, with its source."""
    for row in report.findings.query("finding == @finding").itertuples():
        for text in (row.title, row.detail, f"[{row.source}]"):
            print(textwrap.fill(text, 96), end="\n\n")


# %% [markdown]
# ## Before anything else: does the log show denials at all?
#
# The author's first queries found nothing, because the predicate was wrong. What worked:
#
# ```sh
# log stream --style compact --predicate 'eventMessage CONTAINS "Sandbox: "'
# ```
#
# To be sure of that, he provoked a denial that he understood: read a file that the sandbox refuses.

# %%
calibration = attempt("01-calibration")
print((SAMPLE / "01-calibration" / "capture.log").read_text("utf-8"))
denied(calibration)

# %% [markdown]
# *Logging works*, and we see how a denial is written: `Sandbox: <process>(<pid>) deny(1) <operation> <detail>`.
#
# Note the path. What `wc` was told to read is `/etc/sudoers`; but `/etc` is a symbolic link, and the kernel names the file behind it.
# That will matter again.
#
# ## May this binary make VMs?
#
# VZ wants an entitlement. If it were missing, no sandbox rule could help, so we look at what `codesign` says:

# %%
calibration.entitlements[["key", "value", "purpose"]]

# %% [markdown]
# It is there. So far so good.
#
# ## The failure
#
# What Lima's log holds of the first start:

# %%
first = attempt("02-mach-lookup")
lima_says(first)

# %% [markdown]
# **Predict.** The error comes right behind *Setting up Rosetta share*. Is Rosetta the problem?
#
# <details><summary>Answer</summary>
#
# It looks so, and it is not. The line says what Lima did last, not what failed.
#
# </details>

# %%
explain(first, "rosetta-red-herring")

# %% [markdown]
# Lima cannot tell us more: the framework hands it a code without a reason. The kernel can.

# %%
denied(first)

# %% [markdown]
# Both logs on one axis. The marks are the kernel's, the lines Lima's:

# %%
ax = first.plot_timeline()

# %% [markdown]
# The framework looks up the XPC service that is to host the guest, and the sandbox refuses the lookup. That is the whole of `Code=1`.
# (The mark stands *behind* the error line because Lima writes whole seconds; notebook 02 is about that.)
#
# ## Allow it, and go on

# %%
allow(first)

# %% [markdown]
# **Predict.** The lookup is answered now. What will the framework ask for next?
#
# <details><summary>Answer</summary>
#
# It has been given a process that hosts the guest, and wants to watch over it. For that it needs a handle on it.
#
# </details>

# %%
second = attempt("03-task-name")
denied(second)

# %% [markdown]
# `mach-task-name`: the framework asks for the name port of the host process. `launchd` started that process, outside our sandbox, so the
# target is one of the *others*. (Its name is cut at 32 bytes; a process name in a denial is never a key to join on.)
#
# The denial also proves something about the step before. There *is* a host process, so the lookup was answered. sbdiag draws that
# conclusion too, and says why:

# %%
second.stages.query("status != 'not seen'")[["stage", "status", "why"]]

# %%
allow(second)

# %% [markdown]
# The author would rather scope this rule, and so would we. Would `(target same-sandbox)` do? Let us ask:

# %%
scoped = refuse_all.with_rules(
    parse_profile("(version 1)(allow mach-task-name (target same-sandbox))").rules
)
decision = scoped.decide("mach-task-name", "others [com.apple.Virtualization.Virtual(44215)]")
print(textwrap.fill(f"{decision.verdict}: {decision.reason}", 96))

# %% [markdown]
# The log line alone does not say whether the other process shares our sandbox, so the evaluator answers *unknown*. We know more than the
# line: `launchd` started that process, which makes it *deny*. And whether a VM needs the rule at all is disputed:

# %%
explain(second, "task-name-disputed")

# %% [markdown]
# ## The two extensions
#
# **Predict.** Lima shares directories of the host with the guest. What does that take?
#
# <details><summary>Answer</summary>
#
# The host process must open files in our name, so we hand it tokens that say it may: *extensions*. Issuing one is an operation
# of its own, and each kind has a class.
#
# </details>

# %%
third = attempt("04-extensions")
denied(third)

# %%
allow(third)

# %% [markdown]
# `fuse` is the virtio-fs share; `rosetta-directory-share` lets the guest run x86-64 programs. The VM boots without the second:

# %%
third.stages.query("stage in ['virtiofs-extension', 'rosetta-extension']")[
    ["stage", "status", "required", "fails_as"]
]

# %% [markdown]
# ## Files, and the case of resolv.conf
#
# Lima keeps its state below `~/.lima` and guest images below `~/Library/Caches/lima`. And in each start so far there was a warning:

# %%
fourth = attempt("05-files-and-dns")
lima_says(fourth).query("level == 'warning'")

# %%
denied(fourth)

# %% [markdown]
# **Predict.** The author's profile did allow `/etc/resolv.conf`. Why was it refused?
#
# <details><summary>Answer</summary>
#
# For the reason that we met with `sudoers`: the kernel matches the file behind the link, not the name that was used.
#
# </details>

# %%
mistaken = refuse_all.with_rules(
    parse_profile('(version 1)(allow file-read* (literal "/etc/resolv.conf"))').rules
)
print(mistaken.decide("file-read-data", "/private/var/run/resolv.conf").explain())

# %% [markdown]
# The rule is there and never matches. It must name the target:

# %%
allow(fourth)

# %% [markdown]
# ## READY
#
# **Predict.** What is refused now?
#
# <details><summary>Answer</summary>
#
# Of Lima's, nothing.
#
# </details>

# %%
last = attempt("06-ready")
denied(last)

# %% [markdown]
# That is another program, and another layer: *System Policy* is the system's own (SIP, TCC, the platform profile). No rule of ours lifts it,
# and it has nothing to do with the VM. Lima's log ends well:

# %%
lima_says(last).tail(3)

# %% [markdown]
# ## The whole progress at a glance
#
# So far we looked at one run at a time. Read as a series, the same files say how far each attempt came:

# %%
series = sbdiag.analyze(SAMPLE, xpc="global-name")
ax = series.plot_startup()

# %% [markdown]
# And which run asked for which rule, in numbers of refusals:

# %%
asked = series.rule_runs().drop(columns=["01-calibration", "06-ready"])
asked.index = [" ".join(text.split())[:84] for text in series.verification["text"]]
asked

# %% [markdown]
# ## Conclusion: the article's rules, exactly
#
# What we collected run by run, what the series gives as a whole, and what the write-up prints are the same rules: in Seatbelt's
# form …

# %% tags=["check"]
article = parse_profile("(version 1)\n" + (SAMPLE / "expected" / "article.sb").read_text("utf-8"))
exported = parse_profile("(version 1)\n" + series.to_sb().text)
assert exported.rules == article.rules


def one_by_one(rules):
    """A rule with two filters is two rules with one each."""
    return {(rule.operations, one) for rule in rules for one in (rule.filters or (None,))}


assert one_by_one(allowed) == one_by_one(article.rules)

# %% [markdown]
# … and in nono's:

# %% tags=["check"]
profile = json.loads(series.to_nono().text)
expected = json.loads((SAMPLE / "expected" / "article.json").read_text("utf-8"))
assert profile.pop("meta") == {"name": "sbdiag"}  # nono wants a name; the write-up left it out
assert profile == expected
print(series.to_nono().text)

# %% [markdown]
# Some of it nono's own base grants already, by what its published source says:

# %%
for rule, granted_by in series.to_nono().already_granted:
    print(textwrap.fill(f"- {rule.purpose} {granted_by}.", 96, subsequent_indent="  "))

# %% [markdown]
# ## Change one thing
#
# Take a rule out and ask what is refused again. Put another operation in the first line, and run the cell.

# %%
LEFT_OUT = "mach-task-name"  # or "mach-lookup", "generic-issue-extension", "file-read*"

rest = refuse_all.with_rules(rule for rule in allowed if LEFT_OUT not in rule.operations)
verdicts = sbdiag.replay(series.denials, rest)
again = verdicts[(verdicts["verdict"] == "deny") & (series.denials["process"] == "limactl")]
print("refused again:")
for row in again.itertuples():
    print(" ", row.operation, row.target)
stopped = series.stages[[bool(set(rows) & set(again.index)) for rows in series.stages["denials"]]]
print("stages that fail:", *stopped["title"], sep="\n  ")

# %% tags=["check"]
if LEFT_OUT == "mach-task-name":
    assert list(stopped["stage"]) == ["task-name"]
assert last.stages.set_index("stage").loc["ready", "status"] == "reached"
assert len(last.rules) == 0
assert set(third.stages.query("stage == 'rosetta-extension'")["required"]) == {"no"}
assert mistaken.decide("file-read-data", "/private/var/run/resolv.conf").verdict == "deny"
assert "rosetta-red-herring" in set(first.findings["finding"])

# %% [markdown]
# ## Limits
#
# * The write-up shows messages, not whole logs. Times, process numbers and the lines around them were filled in; so was *which* files were
#   refused. The sample's `manifest.toml` says so, line for line.
# * Field reports disagree on `(xpc)`: the write-up booted with `global-name`, an ablation on macOS 27 needed `xpc-service-name`. Here we ask
#   for the first, to compare with the write-up. By default sbdiag writes both.
# * Allowing a VM lets a guest do what its caller may not: its network traffic does not pass the caller's sandbox.
#
# ## Questions for the reader
#
# **1.** Put `"mach-lookup"` into `LEFT_OUT`. Which rule decides that the lookup is refused, although none mentions it?
#
# <details><summary>Answer</summary>
#
# `verdicts.loc[again.index, ["rule", "reason"]]` says: `(deny default)`. An operation without a rule of its own is looked up under its
# fallback parents, and in the end under `default`.
#
# </details>
#
# **2.** Now `"file-read*"`. Why do three rules go at once?
#
# <details><summary>Answer</summary>
#
# They share the operation: both directories of Lima have `file-read* file-write*`, `resolv.conf` has `file-read*`. Two stages fail: Lima's own
# files, and DNS. The second is optional: Lima falls back to other servers and goes on.
#
# </details>
#
# **3.** Why is the whole of `~/.lima` allowed when four paths below it were refused?
#
# <details><summary>Answer</summary>
#
# A table knows that Lima owns this directory and makes new names in it at each start. Any other directory stays a list of files unless you
# ask for more; see notebook 03.
#
# </details>
