# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # What does an export ban do?
#
# The shipped scenario: for a year a concentrated supplier exports no gallium, no germanium, no dysprosium, no
# terbium, and nothing that contains them. `make notebooks` executes this page; jupytext opens it in Jupyter.

# %%
from pathlib import Path

from sim import build_network, fill_rate, load_scenario, read_tables, resilience_loss, simulate

here = Path.cwd()
root = here if (here / "scenarios").is_dir() else here.parent

# %% [markdown]
# ## The story in four lines

# %%
network = build_network(read_tables(), year=2024)
scenario = load_scenario(root / "scenarios" / "export_ban.yaml")
result = simulate(network, scenario, seed=7)
print(fill_rate(result, consumer="USA"), resilience_loss(result, consumer="USA"))

# %% [markdown]
# The first number is the share of demand that was met when wanted over the whole horizon, the second the
# weeks of full activity lost; both are means over the consumer's sectors, weighted with value added.
#
# ## Who is hit

# %%
import pandas as pd

sectors = pd.DataFrame(result.summary["sectors"])
columns = ["sector", "country", "weeks_to_shortfall", "peak_shortfall_share", "weeks_to_recover"]
worst = sectors.sort_values("resilience_loss_weeks", ascending=False).head(8)
print(worst[[*columns, "resilience_loss_weeks"]].to_string(index=False))

# %% [markdown]
# ## The resilience curve
#
# Activity as a share of the run without the ban. The area between the curve and 1 is the resilience loss.

# %%
import matplotlib.pyplot as plt

sector = worst["sector"].iloc[0]
activity = result.series[(result.series["material"] == sector) & (result.series["variable"] == "activity")]
sums = activity.pivot_table(
    index="date", columns="country", values=["value", "baseline"], aggfunc="sum", observed=True
)
performance = sums["value"] / sums["baseline"]

figure, axes = plt.subplots(figsize=(8, 3.5))
performance.plot(ax=axes)
onset = result.markers.onset
for label, first, end in result.markers.windows:
    axes.axvspan(performance.index[first], performance.index[end - 1], color="0.92", label=label)
axes.axhline(1.0, color="0.6", linewidth=0.8)
axes.set(title=sector.replace("_", " "), xlabel="", ylabel="activity / baseline", ylim=(0, None))
axes.legend(ncols=5, frameon=False)
plt.show()

# %% [markdown]
# ## What stands behind it
#
# Stocks of the users of one material, in days of its baseline use: they decide when the shortfall begins.

# %%
behind = "dysprosium/metal"
users = result.series[(result.series["material"] == behind) & (result.series["kind"] == "material")]
stocks = users[users["variable"] == "inventory_t"].pivot_table(
    index="date", columns="country", values="value", observed=True
)
use = users[users["variable"] == "consumption_t"].groupby("country", observed=True)["baseline"].mean()
cover = (stocks / use * result.step_days).dropna(axis=1, how="all")
print(cover.iloc[[0, onset, onset + 13, onset + 26, onset + 52]].round(0).to_string())
