# %% [markdown]
# # Denial timelines
#
# **The question.** Denials come in bursts, from several programs, beside an application's own log. In which order did things happen,
# and which refusal belongs to which line of the application?
#
# **The evidence.** The bundled series (`lima-vz`), and one burst that we make ourselves.

# %%
import io
from pathlib import Path

import pandas as pd

import sbdiag

report = sbdiag.analyze(Path("../sample_logs/lima-vz"), xpc="global-name")

# %% [markdown]
# ## One axis for both logs
#
# Styles of `log` write times with and without a zone, Lima with one. sbdiag brings all to UTC; where a text has no zone it takes `tz=`,
# and says that it was assumed:

# %%
for note in report.notes:
    print("-", note)

# %%
report.plot_timeline()
# %% [markdown]
# A lane is an operation, a mark a denial, its size how often it was reported. Lines are Lima's milestones, the red ones failures.
# Idle time is cut out where the axis is hatched, or six short starts within an hour would be six dots.
#
# ## Which denial stands next to the error?
#
# The refusal that ended the first start is in the same second as Lima's error. In numbers:

# %%
run = "02-mach-lookup"
denials = report.denials.query("run == @run and layer == 'profile'")
errors = report.milestones.query("run == @run and milestone == 'vz-error'")
refused_at, failed_at = denials["time"].iloc[0], errors["time"].iloc[0]
print(
    f"refused {refused_at:%H:%M:%S.%f}, error logged {failed_at:%H:%M:%S} (Lima writes whole seconds)"
)

# %% [markdown]
# ## By process, by run

# %%
report.plot_timeline(lanes="process", color="layer")
# %%
sbdiag.plot_operations(report.denials)

# %% [markdown]
# ## A burst
#
# A program that polls is refused the same thing thousands of times. We write such a log and read it: above a few hundred marks the
# timeline counts them in bins.


# %%
def burst(count):
    """Lines of compact style: one program, two operations, denser and denser."""
    start = pd.Timestamp("2026-05-27 15:00:00")
    lines = []
    for number in range(count):
        time = start + pd.Timedelta(milliseconds=int(600_000 * (number / count) ** 0.5))
        access = "file-read-data /Users/you/x" if number % 3 else "mach-lookup com.example.poll"
        lines.append(
            f"{time:%Y-%m-%d %H:%M:%S}.{time.microsecond // 1000:03d} E  kernel[0:1] (Sandbox) "
            f"Sandbox: poller(77) deny(1) {access}\n"
        )
    return io.BytesIO("".join(lines).encode())


many = sbdiag.read_denials(burst(5_000), tz="UTC")
sbdiag.plot_timeline(many)
# %% [markdown]
# ## Conclusion
#
# The order of refusals is the order of the start: lookup, task name, extensions, files. The error of the application comes
# in the second of the denial that explains it, and never names it.
#
# ## Limits
#
# * Clocks: the unified log has microseconds, Lima's log seconds. Within one second the order between the two files is not known.
# * A terminal log of Lima has only seconds since its start; such lines have no place on the axis, and the picture says how many.
# * What the kernel dropped is not there.

# %% tags=["check"]
assert refused_at.floor("s") == failed_at
assert len(many) == 5_000
assert many["time"].is_monotonic_increasing
order = (
    report.denials.query("layer == 'profile' and process == 'limactl'")
    .groupby("operation", observed=True)["time"]
    .min()
    .sort_values()
)
assert list(order.index[:3]) == ["mach-lookup", "mach-task-name", "generic-issue-extension"]

# %% [markdown]
# ## Questions for the reader
#
# 1. Why does the last run still show denials, though the VM reached READY?
#
# <details><summary>Answer</summary>
#
# Draw it with `color="layer"`: they are *System Policy*, from a shell that has nothing to do with Lima. No rule of ours lifts them.
#
# </details>
#
# 2. What happens to a denial whose time cannot be read?
#
# <details><summary>Answer</summary>
#
# It stays in the frame with `NaT`, gets its rule, and the picture says that it could not be placed.
#
# </details>
