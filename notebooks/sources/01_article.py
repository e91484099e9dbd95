# %% [markdown]
# # Starting a VM from a macOS sandbox, run by run
#
# This notebook reproduces Brent Fitzgerald's write-up *Starting a VM from a MacOS sandbox* (2026-05-27) from data. Each of its
# claims is computed in a cell; change a cell and see what follows.
#
# **The question.** Lima starts a Linux VM with Apple's Virtualization framework (VZ). Inside a Seatbelt sandbox the start fails, and
# the error names no reason. What was refused, in which order, and what is the least that must be allowed?
#
# **The method.** Predict, look at the next denial, allow it, go on.

# %%
import textwrap
from pathlib import Path

import pandas as pd

import sbdiag
from sbdiag.seatbelt.profile import parse_profile

pd.options.display.max_colwidth = 90
SAMPLE = Path("../sample_logs/lima-vz")
RUNS = sorted(path for path in SAMPLE.iterdir() if (path / "limactl.entitlements.txt").exists())
[path.name for path in RUNS]


# %%
def attempt(number, profile=None):
    """Read one run; with a profile, propose only what that profile lacks."""
    return sbdiag.analyze(RUNS[number], xpc="global-name", profile=profile)


def denied(report):
    columns = ["time", "process", "pid", "operation", "target", "layer"]
    return report.denials[columns]


def lima_says(report):
    return report.milestones[["time", "level", "milestone", "message", "error"]]


def say(report, finding):
    """Print a finding in full, with its source."""
    for row in report.findings.query("finding == @finding").itertuples():
        for text in (row.title, row.detail, f"[{row.source}]"):
            print(textwrap.fill(text, 96), end="\n\n")


# %% [markdown]
# ## Before anything else: does the log show denials at all?
#
# The first queries of the write-up found nothing: the predicate was wrong. So first a denial that one understands: read a file
# that the sandbox refuses.

# %%
calibration = attempt(0)
denied(calibration)

# %% [markdown]
# `wc` was refused `/private/etc/sudoers`, and the log shows it: *logging works*. Note the path. We asked for `/etc/sudoers`;
# `/etc` is a symbolic link, and the kernel prints what it resolved. That will matter again.
#
# ## May this binary make VMs?
#
# VZ wants an entitlement. If it were missing, no sandbox rule could help.

# %%
calibration.entitlements[["key", "value", "purpose"]]

# %% [markdown]
# It has `com.apple.security.virtualization`. So far so good.
#
# ## The failure
#
# **Predict:** Lima's log ends right after *Setting up Rosetta share*. Is Rosetta the problem?

# %%
first = attempt(1)
lima_says(first)

# %%
say(first, "rosetta-red-herring")

# %% [markdown]
# No. Lima prints that line while it configures the machine, and prints nothing more until the state changes. Whatever the framework
# refuses in `Validate` or `Start` comes right behind it. The unified log knows more than Lima does:

# %%
denied(first)

# %% [markdown]
# The framework looks up the XPC service that hosts the guest, and the sandbox refuses the lookup. That is all: the framework turns it
# into `Code=1` and drops the reason.
#
# ## Allow it, and go on
#
# We keep the profile as text and add what each run asks for. At first it refuses everything.

# %%
profile_text = "(version 1)\n(deny default)\n"


def allow_what_is_missing(report):
    """Add the rules that this run asks for; return the new ones."""
    global profile_text
    before = parse_profile(profile_text)
    fresh = [each for each in report.rules if each.rule not in before.rules]
    profile_text += report.to_sb().text
    return [sbdiag.to_sb(sbdiag.RuleSet((each,)), denials=report.denials).text for each in fresh]


for text in allow_what_is_missing(first):
    print(text)

# %% [markdown]
# **Predict:** the lookup is answered now. What will the framework ask next?

# %%
second = attempt(2, parse_profile(profile_text))
denied(second)

# %% [markdown]
# `mach-task-name`: the framework wants a handle on the process it has just been given, to watch over it. `launchd` started that
# process, outside our sandbox, so the target is one of the *others*. (Its name is cut at 32 bytes; a name in a denial is never a key
# to join on.)
#
# The denial also proves something about the run before: the host process exists, so the lookup *was* answered.

# %%
second.stages[["stage", "status", "why"]]

# %%
for text in allow_what_is_missing(second):
    print(text)

# %% [markdown]
# Whether a VM needs this rule is disputed, and sbdiag says so instead of choosing:

# %%
say(second, "task-name-disputed")

# %% [markdown]
# ## The two extensions
#
# **Predict:** directories of the host are to be shared with the guest. What does that need?

# %%
third = attempt(3, parse_profile(profile_text))
denied(third)

# %%
for text in allow_what_is_missing(third):
    print(text)

# %% [markdown]
# `fuse` is the virtio-fs share, `rosetta-directory-share` lets the guest run x86-64 programs. The VM boots without the second:

# %%
third.stages.query("stage in ('virtiofs-extension', 'rosetta-extension')")[
    ["stage", "status", "required", "fails_as"]
]

# %% [markdown]
# ## Files, and the case of resolv.conf
#
# Lima keeps state below `~/.lima` and images below `~/Library/Caches/lima`. And there was a warning, all the time:

# %%
fourth = attempt(4, parse_profile(profile_text))
lima_says(fourth).query("milestone == 'dns-fallback'")

# %% [markdown]
# The author's profile *did* allow `/etc/resolv.conf`. Let us ask the evaluator why that did not help:

# %%
mistaken = parse_profile(
    '(version 1)\n(deny default)\n(allow file-read* (literal "/etc/resolv.conf"))\n'
)
decision = mistaken.decide("file-read-data", "/private/var/run/resolv.conf")
print(decision.explain())

# %% [markdown]
# `/etc/resolv.conf` is a symbolic link to `/private/var/run/resolv.conf`, and the kernel matches the file, not the name that was
# used. A rule must name the target:

# %%
for text in allow_what_is_missing(fourth):
    print(text)

# %% [markdown]
# ## READY
#
# **Predict:** what is refused now?

# %%
last = attempt(5, parse_profile(profile_text))
denied(last)

# %% [markdown]
# Only something that no rule of ours can lift: *System Policy* is another layer (SIP, the platform profile, TCC), and it has nothing to
# do with the VM. Lima's log ends well:

# %%
lima_says(last).tail(3)

# %% [markdown]
# ## The whole progress at a glance

# %%
series = sbdiag.analyze(SAMPLE, xpc="global-name")
series.plot_startup()
# %% [markdown]
# Which run asked for which rule:

# %%
rule_runs = series.rule_runs()
rule_runs.insert(0, "text", [" ".join(text.split()) for text in series.verification["text"]])
rule_runs

# %% [markdown]
# ## Conclusion: the article's rules, exactly
#
# What we collected run by run is what the series as a whole gives, and both are what the write-up prints: in Seatbelt's form …

# %% tags=["check"]
collected = {rule for rule in parse_profile(profile_text).rules if rule.action == "allow"}
article = parse_profile("(version 1)\n" + (SAMPLE / "expected" / "article.sb").read_text("utf-8"))
whole = parse_profile("(version 1)\n" + series.to_sb().text)
assert whole.rules == article.rules


def single(rules):
    """Rules with several filters, taken apart: any of them answers."""
    return {(r.operations, f) for r in rules for f in (r.filters or (None,))}


assert single(collected) == single(article.rules)

# %% [markdown]
# … and in nono's:

# %% tags=["check"]
import json

exported = json.loads(series.to_nono().text)
expected = json.loads((SAMPLE / "expected" / "article.json").read_text("utf-8"))
assert exported.pop("meta") == {"name": "sbdiag"}
assert exported == expected
print(json.dumps(exported, indent=2))

# %% [markdown]
# nono's own base profile already grants some of this; the export says which:

# %%
for rule, granted_by in series.to_nono().already_granted:
    print("-", rule.purpose, "\n   ", granted_by)

# %% [markdown]
# ## Limits
#
# * The write-up shows messages, not whole logs. Times, process numbers and columns of the sample were filled in; its `manifest.toml`
#   says so, line for line.
# * Field reports disagree on `(xpc)`: the write-up booted with `global-name`, an ablation on macOS 27 needed `xpc-service-name`. By default
#   sbdiag writes both.
# * Allowing a VM lets a guest do what its caller may not: its network traffic does not pass the caller's sandbox.
#
# ## Questions for the reader
#
# 1. Take the `mach-lookup` rule out of `profile_text` and replay the denials of run 02. What decides?
#
# <details><summary>Answer</summary>
#
# `sbdiag.replay(first.denials, parse_profile("(version 1)(deny default)"))` gives *deny*, decided by `(deny default)`: an operation without a rule
# of its own falls back through its parents to `default`.
#
# </details>
#
# 2. `(allow mach-task-name (target same-sandbox))` is narrower. Would it do?
#
# <details><summary>Answer</summary>
#
# No: the host process is not in the sandbox, `launchd` started it. The log says *others*. `(target others)` is the narrower form that
# matches; it was not measured for a VM start, and the comment in the `.sb` says so.
#
# </details>
#
# 3. Why is the whole of `~/.lima` allowed when ten files were refused?
#
# <details><summary>Answer</summary>
#
# A table knows that Lima owns this directory and keeps making new names in it. Any other directory stays a list of files unless you ask
# for more; see notebook 03.
#
# </details>
