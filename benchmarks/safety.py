"""What the two nets for words of danger catch and what they take for danger wrongly: patterns, meaning, both.

    python benchmarks/safety.py

The sentences are in benchmarks/safety_lists.toml, which says how each list came about; only `heldout` is fair.
"Careful" counts the fixed reply that points to help, "careful or gentle" also the soft one for when it is not sure.
Writes benchmarks/results/safety.json with the verdict on every sentence.
"""

from __future__ import annotations

import statistics
import time
import tomllib
from typing import Any

from common import REPOSITORY, save, table
from espressivo.engines.safety import concern, danger
from espressivo.engines.safety.meaning import SURE, UNSURE, Meaning, exemplars, plain

NETS = ("patterns", "meaning", "both")


def main() -> None:
    lists = tomllib.loads((REPOSITORY / "benchmarks" / "safety_lists.toml").read_text(encoding="utf-8"))
    known = set(exemplars()[1])
    repeated = [s for kinds in lists.values() for group in kinds.values() for s in group if plain(s) in known]
    if repeated:
        raise SystemExit(f"these are exemplars, take them out of the lists: {repeated}")
    Meaning.load()  # the exemplars' vectors are on disk now
    begun = time.perf_counter()
    net = Meaning.load()
    loading = time.perf_counter() - begun
    rows = {name: [judge(net, kind, s) for kind in kinds for s in kinds[kind]] for name, kinds in lists.items()}
    figures = {f"{name}: {which}": summary(group, which) for name, group in rows.items() for which in NETS}
    table(figures)
    seconds = [row["seconds"] for group in rows.values() for row in group]
    times = {
        "loading_seconds": round(loading, 3),
        "median_seconds_a_sentence": round(statistics.median(seconds), 4),
        "longest_seconds_a_sentence": round(max(seconds), 4),
    }
    print(times)
    setup = {"sure": SURE, "unsure": UNSURE, "exemplars": len(known)}
    save("safety", {"setup": setup, "figures": figures, "times": times, "sentences": rows})


def judge(net: Meaning, kind: str, said: str) -> dict[str, Any]:
    """The verdicts on one sentence: "careful", "gentle" or "" for each net."""
    begun = time.perf_counter()
    meant = net(said)
    seconds = time.perf_counter() - begun
    both = concern(said)
    verdicts = {"patterns": "careful" if danger(said) else "", "meaning": _verdict(meant), "both": _verdict(both)}
    return {"said": said, "is": kind, **verdicts, "kind": both.kind if both else None, "seconds": round(seconds, 4)}


def _verdict(found: Any) -> str:
    return "" if found is None else "careful" if found.sure else "gentle"


def summary(rows: list[dict[str, Any]], which: str) -> dict[str, str]:
    """Recall over what is dangerous and false alarms over what is not."""
    figures = {}
    for name, group in (
        ("dangerous", [row for row in rows if row["is"] != "harmless"]),
        ("harmless", [row for row in rows if row["is"] == "harmless"]),
    ):
        careful = sum(row[which] == "careful" for row in group)
        gentle = sum(row[which] == "gentle" for row in group)
        figures[f"{name}_careful"] = f"{careful} of {len(group)}"
        figures[f"{name}_careful_or_gentle"] = f"{careful + gentle} of {len(group)}"
    return figures


if __name__ == "__main__":
    main()
