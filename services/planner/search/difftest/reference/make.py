"""Makes ../testdata: the trees that the reference packages grow with the scripted backend.

See ../doc.go for how to run it. rebase.py and search-and-learn are checkouts, its_hub is an
installed package: no code of theirs is here.
"""

import argparse
import os
import subprocess
import sys
from importlib.metadata import version
from itertools import product
from pathlib import Path

from script import Script, digest

TREES = {"rebase": 6, "dvts": 1, "beam": 2, "narrow": 3, "particles": 3}  # drawn whole, of each setting
MAX_DRAWN = 16000  # bytes of one that is


def commit(checkout, name):
    def git(*args):
        return subprocess.run(["git", "-C", checkout, *args], check=True, capture_output=True, text=True).stdout.strip()

    if git("status", "--porcelain", "--untracked-files=no"):
        sys.exit(f"{checkout}: is changed: give a clean checkout")
    return f"{name} {git('rev-parse', 'HEAD')}"


def settings_rebase():
    for n, balance in product((4, 16, 64), (0.1, 0.2, 1)):
        yield {"n": n, "balance": balance, "script": "plain"}, 300
        yield {"n": n, "balance": balance, "script": "cut"}, 100
        yield {"n": n, "balance": balance, "script": "coarse"}, 20
    yield {"n": 16, "balance": 0.2, "script": "long"}, 200


def settings_dvts():
    sizes = ((4, 2), (4, 4), (8, 2), (16, 4), (16, 16), (4, 1))
    for (n, m), k, agg in product(sizes, (0, 1, 2), ("last", "min", "prod")):
        yield {"n": n, "m": m, "k": k, "agg": agg, "levels": 40, "script": "plain"}, 80
    for k, agg in product((0, 1, 2), ("last", "min")):
        yield {"n": 16, "m": 4, "k": k, "agg": agg, "levels": 3, "script": "long"}, 60
        yield {"n": 16, "m": 4, "k": k, "agg": agg, "levels": 40, "script": "coarse"}, 60


def settings_beam():
    for (n, m), agg in product(((4, 1), (4, 2), (8, 4), (16, 4), (16, 2)), ("last", "min", "prod")):
        yield {"n": n, "m": m, "agg": agg, "levels": 40, "script": "plain"}, 100
    for agg in ("last", "min", "prod"):
        yield {"n": 64, "m": 4, "agg": agg, "levels": 40, "script": "plain"}, 40
        yield {"n": 16, "m": 4, "agg": agg, "levels": 40, "script": "long"}, 100
        yield {"n": 16, "m": 4, "agg": agg, "levels": 3, "script": "long"}, 100
        yield {"n": 16, "m": 4, "agg": agg, "levels": 40, "dedupe": "true", "script": "twins"}, 100
    yield {"n": 16, "m": 4, "agg": "last", "levels": 40, "script": "coarse"}, 20


def settings_narrow():
    for n, m in ((4, 1), (4, 2), (16, 4), (16, 2), (64, 4)):
        yield {"n": n, "m": m, "script": "plain"}, 200 if n < 64 else 100
    yield {"n": 16, "m": 4, "script": "long"}, 100


def settings_particles():
    for n in (2, 4, 16, 64):
        yield {"n": n, "iterations": 1, "script": "plain"}, 200 if n < 64 else 100
    yield {"n": 16, "iterations": 1, "script": "long"}, 100
    for n, iterations in ((8, 2), (16, 4), (16, 2)):
        yield {"n": n, "iterations": iterations, "script": "flat"}, 100


def write_trees(out, name, header, settings, run):
    """Writes a line for each tree, and some whole trees. A line has the seed and the hash; if Ponder's tree
    may differ, also the reason, the level down to which it must not, and the hash down to that level.
    """
    hashes, trees = [f"# {header}\n"], [f"# {header}\n"]
    count = total = 0
    for setting, seeds in settings:
        title = f"{name} {' '.join(f'{k}={v}' for k, v in setting.items())}"
        hashes.append(f"\n= {title}\n")
        args = {k: v for k, v in setting.items() if k != "script"}
        drawn = 0
        for seed in range(seeds):
            tree, reason, level = run(Script(setting["script"], seed), seed, **args)
            outline = tree.outline()
            if reason:
                hashes.append(f"{seed} {digest(outline)} {reason} {level} {digest(tree.outline(level))}\n")
                count += 1
                continue
            total += 1
            hashes.append(f"{seed} {digest(outline)}\n")
            if drawn < TREES[name] and len(outline) < MAX_DRAWN:
                trees.append(f"\n= {title} seed={seed}\n{outline}")
                drawn += 1
    (out / f"{name}.txt").write_text("".join(hashes))
    (out / f"{name}-trees.txt").write_text("".join(trees))
    print(f"{name}: {total} trees to be equal, {count} to be equal as far as the definitions are")


def write_stopping(out, header, its):
    """Writes the counts of all answers, and how many samples BetaSelfConsistency takes."""
    lines = [f"# {header}\n"]
    for n in (8, 16, 64):
        lines.append(f"\n= votes n={n} script=plain\n")
        for seed in range(200):
            votes = its.votes(Script("plain", seed), n)
            lines.append(f"{seed} {' '.join(f'{a}={c}' for a, c in sorted(votes.items()))}\n")
    for n, confidence in ((16, 0.8), (16, 0.95), (64, 0.9), (64, 0.95), (64, 0.99)):
        lines.append(f"\n= beta n={n} confidence={confidence} script=plain\n")
        for seed in range(200):
            lines.append(f"{seed} {its.beta(Script('plain', seed), n, confidence)}\n")
    (out / "stopping.txt").write_text("".join(lines))


def write_gibbs(out, header, its):
    """Writes what particle Gibbs costs, and its best value, where its trees may differ."""
    lines = [f"# {header}\n"]
    for n, iterations in ((16, 4), (16, 2)):
        lines.append(f"\n= gibbs n={n} iterations={iterations} script=plain\n")
        for seed in range(400):
            tree, _, _ = its.particles(Script("plain", seed), n, iterations, seed)
            best = max(x.value for x in tree.nodes if tree.script.ends(x.path))
            lines.append(f"{seed} {len(tree.nodes)} {best:.6f}\n")
    (out / "gibbs.txt").write_text("".join(lines))


def draw(title, run):
    """Draws one tree: "rebase n=4 balance=0.1 script=plain seed=7"."""

    def value(text):
        return int(text) if text.isdigit() else float(text) if text.replace(".", "").isdigit() else text

    args = {k: value(v) for k, v in (field.split("=") for field in title.split()[1:])}
    seed = args.pop("seed")
    tree, reason, level = run(Script(args.pop("script"), seed), seed, **args)
    print(tree.outline(), end="")
    if reason:
        print(f"another definition may differ: {reason}, level {level}")


def main():
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("--rebase", metavar="CHECKOUT", help="of thu-wyz/inference_scaling; needs torch and pyyaml")
    args.add_argument("--search-and-learn", metavar="CHECKOUT", help="of huggingface/search-and-learn; needs tqdm")
    args.add_argument("--compute-optimal", metavar="CHECKOUT", help="of RyanLiu112/compute-optimal-tts; needs torch")
    args.add_argument("--its-hub", action="store_true", help="with the its_hub that is installed")
    args.add_argument("--draw", metavar="TITLE", help="draw one tree and write nothing")
    args.add_argument("--out", type=Path, default=Path(__file__).resolve().parent.parent / "testdata")
    args = args.parse_args()
    os.environ["TQDM_DISABLE"] = "1"  # read when tqdm is imported
    references = {}  # by strategy: the header of its data, its settings, and what runs it
    its = None
    if args.rebase:
        from rebase import Rebase

        authors = Rebase(args.rebase)
        header = f"{commit(args.rebase, 'thu-wyz/inference_scaling')}, rebase.py; torch {version('torch')}"
        references["rebase"] = header, settings_rebase(), lambda s, seed, **a: authors.run(s, **a)
    if args.search_and_learn:
        from sal import SearchAndLearn

        sal = SearchAndLearn(args.search_and_learn)
        header = f"{commit(args.search_and_learn, 'huggingface/search-and-learn')}; numpy {version('numpy')}"
        references["dvts"] = header + ", _dvts", settings_dvts(), lambda s, seed, **a: sal.dvts(s, **a)
        references["beam"] = header + ", _beam_search", settings_beam(), lambda s, seed, **a: sal.beam(s, **a)
    if args.compute_optimal:
        from liu import ComputeOptimal

        liu = ComputeOptimal(args.compute_optimal)
        header = f"{commit(args.compute_optimal, 'RyanLiu112/compute-optimal-tts')}, SearchTree.beam_search"
        references["narrow"] = header, settings_narrow(), lambda s, seed, **a: liu.run(s, **a)
    if args.its_hub:
        from itshub import ItsHub

        its, header = ItsHub(), f"its_hub {version('its_hub')}; numpy {version('numpy')}"
        references["particles"] = header, settings_particles(), lambda s, seed, **a: its.particles(s, seed=seed, **a)
    if args.draw:
        name = args.draw.split()[0]
        if name not in references:
            sys.exit(f"{name}: give its reference: {', '.join(references) or 'none'} given")
        draw(args.draw, references[name][2])
        return
    args.out.mkdir(exist_ok=True)
    for name, (header, settings, run) in references.items():
        write_trees(args.out, name, header, settings, run)
    if its:
        write_stopping(args.out, header, its)
        write_gibbs(args.out, header, its)


if __name__ == "__main__":
    main()
