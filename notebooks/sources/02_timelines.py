# %% [markdown]
# # Denial timelines
#
# **The question.** Denials come in bursts, from several programs, beside an application's own log. What happened when, and which refusal
# belongs to which line of the application?
#
# **The evidence.** The bundled series `lima-vz`: six captures and Lima's log of the same starts. At the end, a burst that we make ourselves.

# %%
import io
from pathlib import Path

import pandas as pd

import sbdiag

SAMPLE = Path("../sample_logs/lima-vz")
report = sbdiag.analyze(SAMPLE, xpc="global-name")

# %% [markdown]
# ## One axis for both logs
#
# A picture of two logs is worth nothing if their clocks mean different things. Some styles of `log` write a zone beside the time, some do not,
# and Lima writes UTC. sbdiag brings all of it to UTC. Where a text has no zone it takes `tz=`, and says that it was assumed:

# %%
for note in report.notes:
    print("-", note)

# %% [markdown]
# How much that matters: the same file, read as if the Mac had stood in New York.

# %%
path = SAMPLE / "02-mach-lookup" / "capture.log"
by_zone = {zone: sbdiag.read_denials(path, tz=zone)["time"] for zone in ("UTC", "America/New_York")}
pd.DataFrame(by_zone)

# %% [markdown]
# Four hours apart, and no line of Lima's log would stand near the denial that explains it. If a capture has no zone, give one.
#
# ## One start
#
# A lane is an operation, a mark a denial, its size how often it was reported. The lines are what Lima logged; red ones are failures.

# %%
failed = sbdiag.analyze(SAMPLE / "02-mach-lookup", xpc="global-name")
ax = failed.plot_timeline()

# %% [markdown]
# The error line stands *before* the denial. Did the start fail first, and was the lookup refused afterwards?
#
# No. Lima writes whole seconds: a line of 14:05:12 was written somewhere between 14:05:12.000 and 14:05:13.000. The fair question is how
# much later than the refusal the error *can* have been logged:

# %%
refused = (
    report.denials.query("layer == 'profile' and process == 'limactl'").groupby("run")["time"].max()
)
errors = report.milestones.query("milestone == 'vz-error'").groupby("run")["time"].first()
gap = (errors - refused.reindex(errors.index)).dt.total_seconds()
delays = pd.DataFrame(
    {
        "last refusal": refused.reindex(errors.index).dt.strftime("%H:%M:%S.%f").str[:-3],
        "error logged": errors.dt.strftime("%H:%M:%S"),
        "at the earliest, s": gap.round(3),
        "at the latest, s": (gap + 1).round(3),
    }
)
delays

# %% [markdown]
# In all three starts that ended with the error, it can have come behind the refusal, and then within a second and a half. The logs agree
# with *refused, therefore failed*. They do not prove it; what proves it is that the start went on once the lookup was allowed.
#
# ## The series
#
# Six starts within an hour would be six dots on a plain axis. Idle time is cut out where the axis is hatched; the numbers of the lines are
# explained below it.

# %%
ax = report.plot_timeline()

# %% [markdown]
# Read it from left to right: each stage has its own mark, and each is refused in one start and gone in the next. That is the investigator's
# doing, who allowed what he saw. So the order of these marks is the order of his attempts; within a *single* start the framework asks in that
# order too, but the files of the last attempts come first there.
#
# ## Who was refused, and by whom?

# %%
ax = report.plot_timeline(lanes="process", color="layer")

# %% [markdown]
# The marks of `zsh` are of another layer: *System Policy* is the system's own, and no rule of a profile lifts it. They are also from another
# program. Without lanes for processes one might have searched for a connection with the VM.

# %%
ax = sbdiag.plot_operations(report.denials)

# %% [markdown]
# ## A burst
#
# A program that polls is refused the same thing thousands of times. We write such a log, denser towards its end, and hide three lookups of
# another program in it.


# %%
def burst(count):
    """Lines of compact style."""
    start = pd.Timestamp("2026-05-27 15:00:00")
    lines = []
    for number in range(count):
        time = start + pd.Timedelta(milliseconds=int(600_000 * (number / count) ** 0.5))
        who, access = "poller(77)", "file-read-data /Users/you/Library/Preferences/poller.plist"
        if number in (count // 50, count // 3, count * 9 // 10):
            who, access = "updater(78)", "mach-lookup com.example.update"
        lines.append(
            f"{time:%Y-%m-%d %H:%M:%S}.{time.microsecond // 1000:03d} E  kernel[0:1] (Sandbox) "
            f"Sandbox: {who} deny(1) {access}\n"
        )
    return io.BytesIO("".join(lines).encode())


many = sbdiag.read_denials(burst(5_000), tz="UTC")
ax = sbdiag.plot_timeline(many)

# %% [markdown]
# Above a few hundred marks the picture counts in bins, so five thousand denials are as readable as ten, and a million too. The height is
# logarithmic: the three lookups beside thousands of reads stay visible. And thousands of lines come to two rules:

# %%
for rule in sbdiag.minimal_rules(many):
    print(f"{len(rule.denials):>5} denials:", " ".join(map(str, rule.rule.operations)))

# %% [markdown]
# ## Conclusion
#
# * The application's error comes within a second and a half of the refusal that explains it, and never names it. Put both on one axis.
# * A burst hides what is rare. Lanes and a logarithmic height bring it back.
# * What stands near in time need not belong together: look at process and layer.

# %% tags=["check"]
assert list(errors.index) == ["02-mach-lookup", "03-task-name", "04-extensions"]
assert (gap + 1 > 0).all()
assert (gap + 1 < 1.5).all()
zones = pd.DataFrame(by_zone)
assert set(zones["America/New_York"] - zones["UTC"]) == {pd.Timedelta(hours=4)}
other_layer = report.denials.query("layer == 'system-policy'")
assert set(other_layer["process"]) == {"zsh"}
assert len(many) == 5_000
assert many["time"].is_monotonic_increasing
assert sorted(len(rule.denials) for rule in sbdiag.minimal_rules(many)) == [3, 4_997]

# %% [markdown]
# ## Limits
#
# * The times of this sample were filled in (its `manifest.toml` says where), since the write-up behind it prints messages alone. The
#   *method* is what this notebook shows; the half seconds above are no measurement of macOS.
# * The unified log has microseconds, Lima's log seconds. Within one second the order between the two is not known.
# * On a terminal, Lima prints seconds since its start. Such lines have no place on the axis; the picture says how many there are.
# * What the kernel dropped is not there.
#
# ## Questions for the reader
#
# **1.** The last run still shows a denial, though the VM reached READY. Should it worry you?
#
# <details><summary>Answer</summary>
#
# No: it is `zsh`, refused by System Policy, and has nothing to do with Lima. `report.findings` has it as `no-rule-lifts`.
#
# </details>
#
# **2.** Does a mark of twice the size mean that the program asked twice?
#
# <details><summary>Answer</summary>
#
# At least. The kernel folds repetitions: *2 duplicate reports for …* counts what came within a short time. `duplicates` holds that number, and
# a mark counts `duplicates + 1`. The kernel may also drop reports, so the number is a lower bound.
#
# </details>
#
# **3.** What becomes of a denial whose time cannot be read?
#
# <details><summary>Answer</summary>
#
# It stays in the frame with `NaT` and gets its rule. The picture says that it could not be placed.
#
# </details>
