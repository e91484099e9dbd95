# %% [markdown]
# # Minimal rules
#
# **The question.** A list of denials is easily turned into a list of `allow` lines. Which of them are needed, are they enough, and how much
# more than the evidence do they open?
#
# **The evidence.** The bundled series `lima-vz`, and an evaluator of Seatbelt profiles that needs no Mac.

# %%
import json
import textwrap
from pathlib import Path

import pandas as pd

import sbdiag
from sbdiag.seatbelt.profile import parse_profile
from sbdiag.seatbelt.text import rule_text

pd.options.display.max_colwidth = 100
SAMPLE = Path("../sample_logs/lima-vz")
report = sbdiag.analyze(SAMPLE, xpc="global-name")
denials = report.denials
refuse_all = parse_profile("(version 1)\n(deny default)\n")


def line(rule):
    """A rule on one line."""
    return " ".join(rule_text(rule.rule).split())


# %% [markdown]
# ## Literals against directories
#
# To the letter, every refused file is a rule of its own:

# %%
exact = sbdiag.minimal_rules(denials, widen="none", xpc="global-name")
for rule in exact:
    print(line(rule))

# %% [markdown]
# Correct, and useless tomorrow: Lima makes new names at every start. A directory may stand for its files, but only where there is a reason.
# A table gives one: these directories *belong* to Lima.

# %%
known = sbdiag.minimal_rules(denials, widen="known", xpc="global-name")
pd.DataFrame(
    {
        "rule": [line(rule) for rule in known],
        "table entry": [rule.entry or "" for rule in known],
        "wider than the evidence by": [rule.breadth for rule in known],
    }
)

# %% [markdown]
# What the width buys and what it costs can be asked. Four files that *no* log shows: two that the next start may want, a look-alike
# beside Lima's directory, and a key.

# %%
unseen = [
    "/Users/you/.lima/default/vz-efi",
    "/Users/you/.lima/_config/user",
    "/Users/you/.lima-backup/disk",
    "/Users/you/.ssh/id_ed25519",
]
widths = pd.DataFrame(
    {
        name: [
            refuse_all.with_rules(rule.rule for rule in rules)
            .decide("file-read-data", path)
            .verdict
            for path in unseen
        ]
        for name, rules in (("literals", exact), ("known directories", known))
    },
    index=unseen,
)
widths

# %% [markdown]
# The directory ends where its name ends, and nothing else in the home directory comes along. The second row is the price: `_config/user` is
# Lima's own SSH key for its guests. The rule says so, and on whose word it is that wide:

# %%
for rule in known:
    if rule.entry == "lima-state":
        print(rule.warning, rule.source, sep="\n")

# %% [markdown]
# ## Sufficient: replay
#
# Take a profile that refuses everything, add the rules, and ask it about every denial of the capture.

# %%
opened = refuse_all.with_rules(rule.rule for rule in known)
verdicts = pd.DataFrame(
    {
        "before": sbdiag.replay(denials, refuse_all)["verdict"].astype(str),
        "after": sbdiag.replay(denials, opened)["verdict"].astype(str),
        "refused by": denials["layer"].astype(str),
    }
)
verdicts.value_counts().rename("denials").reset_index()

# %% [markdown]
# The two *unknown* are the lookup: reports disagree on whether a `global-name` answers it (notebook 00). Four stay refused, and got no
# rule on purpose:

# %%
pd.DataFrame(
    [(each.reason, each.name, each.denials, each.explanation) for each in known.withheld],
    columns=["reason", "name", "denials", "explanation"],
)

# %% [markdown]
# ## Necessary: take one away
#
# Remove each rule in turn. If no denial were refused again, the rule would not be needed.

# %%
removed = []
for gone in known:
    rest = refuse_all.with_rules(rule.rule for rule in known if rule is not gone)
    replayed = sbdiag.replay(denials.loc[list(gone.denials)], rest)
    again = replayed[replayed["verdict"] == "deny"]
    example = f"{again['operation'].iloc[0]} {again['target'].iloc[0]}" if len(again) else ""
    removed.append((line(gone), len(again), example))
removed = pd.DataFrame(removed, columns=["without", "refused again", "for example"])
removed

# %% [markdown]
# sbdiag does both for every report; the answers are in `report.verification`.
#
# ## A rule that would not help
#
# Here is a profile whose last line allows everything below `~/.lima`. In many rule languages the last match wins. In Seatbelt?

# %%
agent = parse_profile(
    """(version 1)
(deny default)
(deny file-read-data (subpath "/Users/you/.lima"))
(allow file-read* (subpath "/Users/you/.lima"))
"""
)
print(agent.decide("file-read-data", "/Users/you/.lima/default/lima.yaml").explain())

# %% [markdown]
# The rules of an operation itself come before those of its group, wherever they stand. So a wide rule loses to a narrow deny that is there
# already. That is why sbdiag writes the operation that the log prints, unless a table entry vouches for a wider one; given the profile in
# force, it says whether the rule helps:

# %%
lima_file = denials[denials["target_name"] == "/Users/you/.lima"]
within = sbdiag.minimal_rules(lima_file, profile=agent)
for rule in within:
    print(line(rule), "\n  ", rule.warning)

# %% [markdown]
# ## The picture
#
# Left: which run asked for which rule. Right: how much wider than its evidence each rule is; what lies far to the right deserves a second look.

# %%
ax = sbdiag.plot_rules(report)

# %% [markdown]
# ## Export, and check what was exported

# %%
out = Path("out")
report.to_sb(out / "lima.sb")
nono = report.to_nono(out / "lima.json")
print((out / "lima.json").read_text("utf-8"))

# %% [markdown]
# We read both files back. The `.sb` must evaluate to the rules of the write-up, and the JSON be the write-up's:

# %% tags=["check"]
written = parse_profile("(version 1)\n" + (out / "lima.sb").read_text("utf-8"))
golden = parse_profile("(version 1)\n" + (SAMPLE / "expected" / "article.sb").read_text("utf-8"))
assert written.rules == golden.rules
profile = json.loads((out / "lima.json").read_text("utf-8"))
assert profile.pop("meta") == {"name": "sbdiag"}
assert profile == json.loads((SAMPLE / "expected" / "article.json").read_text("utf-8"))

# %% [markdown]
# nono's language is another one than Seatbelt's, so something is lost or gained on the way. Every rule is in exactly one account:

# %%
accounts = {
    "wider in nono": nono.widened,
    "granted by nono's base already": nono.already_granted,
    "not expressible": nono.unrepresented,
}
for name, entries in accounts.items():
    print(f"{name}: {len(entries)}")
    for rule, reason in entries:
        text = f"{line(rule)}: {reason}"
        print(textwrap.fill(text, 96, initial_indent="  - ", subsequent_indent="    "))

# %% [markdown]
# ## Conclusion
#
# Seven rules are enough for everything in this series that a rule can lift, and none can be left out. Four are wider than the evidence, each
# says by how much, and for the directories it says on whose word.

# %% tags=["check"]
assert (len(exact), len(known)) == (14, 7)
assert list(widths["literals"]) == ["deny"] * 4
assert list(widths["known directories"]) == ["allow", "allow", "deny", "deny"]
answered = [row for rule in known for row in rule.denials]
assert set(verdicts.loc[answered, "before"]) == {"deny"}
assert set(verdicts.loc[answered, "after"]) == {"allow", "unknown"}
assert set(verdicts.drop(index=answered)["after"]) == {"deny"}
assert (removed["refused again"] > 0).all()
assert agent.decide("file-read-data", "/Users/you/.lima/default/lima.yaml").verdict == "deny"
assert sum(bool(rule.breadth) for rule in known) == 4

# %% [markdown]
# ## Limits
#
# * *Sufficient* means: for what was captured. The next start may ask for more.
# * *Necessary* means: without this rule a captured access is refused. It does not mean that the program fails without it; Lima goes on without
#   `resolv.conf`.
# * The evaluator follows published tables of libsandbox and measurements. Where they conflict, it answers *unknown*.
#
# ## Questions for the reader
#
# **1.** What would `widen="siblings"` propose, and why is it not the default?
#
# <details><summary>Answer</summary>
#
# It lets a directory stand for its files where several names in it were seen. Nobody vouches for that directory, so names that were never seen
# are admitted on the strength of a coincidence. In this series it changes nothing: the table covers every directory already.
#
# </details>
#
# **2.** Could a hostile program widen the rules by the names it asks for?
#
# <details><summary>Answer</summary>
#
# It chooses the names, so it can make a rule *appear*: read what you allow. It cannot widen one. A name is always quoted, a known directory
# matches whole components of a clean absolute path only, and `..`, control characters or a trailing slash widen nothing.
#
# </details>
#
# **3.** `exact` has more rules than there were distinct refused files. Why?
#
# <details><summary>Answer</summary>
#
# A rule has an operation *and* a target: `~/Library/Caches/lima` was refused to `file-read-metadata` and to `file-write-create`. And four of
# the rules are not about files at all.
#
# </details>
