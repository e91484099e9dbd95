# %% [markdown]
# # Minimal rules
#
# **The question.** A list of denials is easily turned into a list of `allow` lines. Which of them are needed, are they enough, and how
# much more than the evidence do they open?
#
# **The evidence.** The bundled series, and an evaluator of Seatbelt profiles that needs no Mac.

# %%
import json
from pathlib import Path

import pandas as pd

import sbdiag
from sbdiag.seatbelt.profile import parse_profile

pd.options.display.max_colwidth = 100
SAMPLE = Path("../sample_logs/lima-vz")
report = sbdiag.analyze(SAMPLE, xpc="global-name")
denials = report.denials

# %% [markdown]
# ## Literals against directories
#
# To the letter, every refused file is a rule of its own:

# %%
exact = sbdiag.minimal_rules(denials, widen="none", xpc="global-name")
print(sbdiag.to_sb(exact).text)

# %% [markdown]
# Correct, and useless tomorrow: Lima makes new names in `~/.lima` at every start. But a directory may stand for its files only where
# there is a reason. A table gives it: these directories *belong* to Lima.

# %%
known = sbdiag.minimal_rules(denials, widen="known", xpc="global-name")
pd.DataFrame(
    {
        "rule": [" ".join(text.split()) for text in report.verification["text"]],
        "table entry": [rule.entry for rule in known],
        "breadth": [rule.breadth for rule in known],
        "source": [rule.source for rule in known],
    }
)

# %% [markdown]
# ## Sufficient: replay
#
# Take a profile that refuses everything, add the rules, and ask about every denial of the capture.

# %%
closed = parse_profile("(version 1)\n(deny default)\n")
opened = closed.with_rules(rule.rule for rule in known)
verdicts = pd.DataFrame(
    {
        "before": sbdiag.replay(denials, closed)["verdict"],
        "after": sbdiag.replay(denials, opened)["verdict"],
        "layer": denials["layer"],
    }
)
verdicts.value_counts(sort=False)

# %% [markdown]
# Denials that stay refused got no rule on purpose. Each has its reason:

# %%
pd.DataFrame(
    [(each.reason, each.name, each.denials, each.explanation) for each in known.withheld],
    columns=["reason", "name", "denials", "explanation"],
)

# %% [markdown]
# ## Necessary: take one away
#
# Remove each rule in turn. If no denial is refused again, the rule was not needed.

# %%
rows = []
for number, each in enumerate(known):
    rest = closed.with_rules(other.rule for place, other in enumerate(known) if place != number)
    again = sbdiag.replay(denials.loc[list(each.denials)], rest)
    refused = again[again["verdict"] == "deny"]
    rows.append(
        (
            " ".join(sbdiag.to_sb(sbdiag.RuleSet((each,))).text.split("\n\n")[-1].split()[-2:]),
            len(refused),
            f"{refused['operation'].iloc[0]} {refused['target'].iloc[0]}",
        )
    )
pd.DataFrame(rows, columns=["without", "refused again", "for example"])

# %% [markdown]
# sbdiag does the same for every report, in `report.verification`.
#
# ## A rule that would not help
#
# Order is not what decides in Seatbelt. An operation's own rules come before those of its group, wherever they stand:

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
# So sbdiag proposes the exact operation that the log prints, and says when a narrower deny defeats even that.
#
# ## Export, and check what was exported

# %%
out = Path("out")
sb = report.to_sb(out / "lima.sb")
nono = report.to_nono(out / "lima.json")
print(sb.text.count("(allow"), "forms in the .sb;", sorted(json.loads(nono.text)), "in the JSON")

# %% tags=["check"]
again = parse_profile("(version 1)\n" + (out / "lima.sb").read_text("utf-8"))
golden = parse_profile("(version 1)\n" + (SAMPLE / "expected" / "article.sb").read_text("utf-8"))
assert again.rules == golden.rules
written = json.loads((out / "lima.json").read_text("utf-8"))
del written["meta"]
assert written == json.loads((SAMPLE / "expected" / "article.json").read_text("utf-8"))
assert len(exact) == 14
assert all(count > 0 for _, count, _ in rows)
ours = verdicts[verdicts.index.isin([row for rule in known for row in rule.denials])]
assert set(ours["before"]) == {"deny"}
assert "deny" not in set(ours["after"])

# %% [markdown]
# ## The picture

# %%
sbdiag.plot_rules(report)

# %% [markdown]
# ## Conclusion
#
# Seven rules are enough for everything in this series that a rule can lift, and none can be left out. Two of them are wider than the
# evidence, on purpose, with a reason and a source; one operation is allowed whole because that is what was measured.
#
# ## Limits
#
# * *Sufficient* means: for what was captured. The next start may ask for more.
# * The lookup is *unknown* with `global-name` alone; see notebook 01.
# * The evaluator follows published tables of libsandbox and measurements; where they conflict it answers *unknown*.
#
# ## Questions for the reader
#
# 1. What does `widen="siblings"` propose, and why is it not the default?
#
# <details><summary>Answer</summary>
#
# It lets a directory stand for its files when several names of it were seen. Nobody vouches for the directory, so names that were never
# seen are admitted; the rule says from what it was widened.
#
# </details>
#
# 2. Could a hostile program widen the rules by the names it asks for?
#
# <details><summary>Answer</summary>
#
# It chooses the names, so it can make a rule *appear*; read what you allow. But a name is always quoted, a known directory matches whole
# path components of a clean absolute path only, and `..`, control characters or a trailing slash widen nothing.
#
# </details>
