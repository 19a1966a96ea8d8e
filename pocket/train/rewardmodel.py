"""Trains the head of a process reward model on features computed by `pocket features`; see README.md.

usage: rewardmodel.py OUT.json FEATURES.jsonl... [--name pocket-prm] [--until-error]

The trunk is frozen, so features are computed once and the head trains in a minute. The label of a line is whether the
path is right up to and including it. Selection among many samples fails if a single wrong path scores high, so the
training contrasts pairs of siblings, gives more weight in each round to the wrong paths that score best in their problem,
and finally calibrates the scores on the policies' own samples.

With --until-error the head is trained on no line after a path's first error, as PRM800K's labels end there (Lightman et
al. 2023, arXiv 2305.20050). Such a head gives high scores to an answer that follows from an error: its last score misleads.
"""
import argparse
import base64
import hashlib
import json

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

ROUNDS, STEPS, BATCH, HIDDEN = 3, 2500, 512, 64
SURVIVORS, BOOST = 3, 3.0  # wrong paths per problem that gain weight after a round, and the factor


def load(names):
    """Returns, for all lines of all paths, features, labels and the numbers of problem, path and line; and counts by path."""
    xs, right, problem, path, line, counts, number = [], [], [], [], [], [], {}
    for name in names:
        for text in open(name):
            p = json.loads(text)
            n = len(p["right"])
            x = np.frombuffer(base64.b64decode(p["x"]), "<f4").reshape(n, -1)
            i = number.setdefault(p["problem"], len(number))
            xs.append(x)
            right += p["right"]
            problem += [i] * n
            path += [len(counts)] * n
            line += range(n)
            counts.append(p["count"] if p["source"].startswith("pocket") else 0)
    t = torch.tensor
    return torch.from_numpy(np.concatenate(xs)), t(right).float(), t(problem), t(path), t(line), t(counts)


def first_errors(right, path):
    """Returns a mask of the first wrong line of each path."""
    before = torch.cat((torch.ones(1), right[:-1]))
    starts = torch.cat((torch.ones(1, dtype=torch.bool), path[1:] != path[:-1]))
    return (right < 0.5) & (starts | (before > 0.5))


def pairs(right, problem, line, first):
    """Returns pairs of a right line and a first error with the same beginning: same problem, same line number."""
    good = {}
    for i in torch.nonzero(right > 0.5)[:, 0].tolist():
        good[int(problem[i]), int(line[i])] = i
    both = [(good[k], i) for i in torch.nonzero(first)[:, 0].tolist() if (k := (int(problem[i]), int(line[i]))) in good]
    return torch.tensor(both)


def main():
    a = argparse.ArgumentParser()
    a.add_argument("out")
    a.add_argument("features", nargs="+")
    a.add_argument("--name", default="pocket-prm")
    a.add_argument("--until-error", action="store_true")
    a.add_argument("--seed", type=int, default=5)
    a = a.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(a.seed)
    x, right, problem, path, line, counts = load(a.features)
    first = first_errors(right, path)
    two = pairs(right, problem, line, first)
    seen = (right > 0.5) | first if a.until_error else torch.ones(len(right), dtype=torch.bool)
    held = problem % 7 == 0
    mean, spread = x[~held].mean(0), x[~held].std(0) + 1e-3
    x = (x - mean) / spread
    print(f"{len(x)} lines of {len(counts)} paths of {int(problem.max()) + 1} problems, {right.mean():.3f} right, "
          f"{int(first.sum())} first errors, {len(two)} pairs", flush=True)

    net = nn.Sequential(nn.Linear(x.shape[1], HIDDEN), nn.SiLU(), nn.Linear(HIDDEN, 1))
    # Right and wrong lines have the same total weight; a first error has three times the weight of a later line.
    weight = torch.where(right > 0.5, 1.0, torch.where(first, 3.0, 1.0))
    weight[right < 0.5] *= weight[right > 0.5].sum() / weight[right < 0.5].sum()
    lines, contrasts = torch.nonzero(~held & seen)[:, 0], two[~held[two[:, 0]]]

    def scores():
        with torch.no_grad():
            return torch.cat([net(c)[:, 0] for c in x.split(65536)])

    for r in range(ROUNDS):
        opt = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=0.02)
        pick = torch.multinomial(weight[lines], STEPS * BATCH, replacement=True).view(STEPS, BATCH)
        pick2 = torch.multinomial(weight[contrasts[:, 1]], STEPS * BATCH // 4, replacement=True).view(STEPS, -1)
        for step in range(STEPS):
            opt.param_groups[0]["lr"] = 2e-3 * (1 - step / STEPS)
            k, pair = lines[pick[step]], contrasts[pick2[step]]
            s = net(x[torch.cat((k, pair[:, 0], pair[:, 1]))])[:, 0]
            one, good, bad = s.split([len(k), len(pair), len(pair)])
            loss = F.binary_cross_entropy_with_logits(one, right[k]) - F.logsigmoid(good - bad).mean()
            opt.zero_grad()
            loss.backward()
            opt.step()
        s = scores()
        k, h = held & (right > 0.5), two[held[two[:, 0]]]
        print(f"round {r}: held-out pairs {(s[h[:, 0]] > s[h[:, 1]]).float().mean():.4f} of {len(h)}, "
              f"false alarm {(s[k] < 0).float().mean():.4f}, "
              f"miss {(s[held & first] > 0).float().mean():.4f}, any later line {(s[held & (right < 0.5)] > 0).float().mean():.4f}", flush=True)
        # The score of a path is that of its worst line; the best wrong paths of each problem gain weight.
        worst = torch.full((len(counts),), float("inf")).scatter_reduce(0, path, s, "amin")
        wrong = torch.full((len(counts),), False).index_put((path[first],), torch.tensor(True))
        of = torch.zeros(len(counts), dtype=torch.long).index_put((path,), problem)
        order = torch.nonzero(wrong)[:, 0]
        order = order[torch.argsort(worst[order], descending=True)]
        taken, hard = {}, []
        for i in order.tolist():
            q = int(of[i])
            taken[q] = taken.get(q, 0) + 1
            if taken[q] <= SURVIVORS:
                hard.append(i)
        survived = torch.zeros(len(counts), dtype=torch.bool)
        survived[hard] = True
        weight = torch.where(first & survived[path], weight * BOOST, weight)

    # Calibration (Platt 1999) on the policies' own samples, weighted by their counts.
    s, n = scores(), counts[path].float()
    scale = torch.tensor([1.0, 0.0], requires_grad=True)
    opt = torch.optim.LBFGS([scale], max_iter=100)
    keep = (n > 0) & held & seen

    def closure():
        opt.zero_grad()
        loss = F.binary_cross_entropy_with_logits(s[keep] * scale[0] + scale[1], right[keep], weight=n[keep])
        loss.backward()
        return loss

    opt.step(closure)
    gain, shift = scale.tolist()
    print(f"calibrated: {gain:.3f}·logit {shift:+.3f}")

    recipe = hashlib.sha256(open(__file__, "rb").read())
    for name in a.features:
        recipe.update(open(name, "rb").read())
    w1, b1, w2, b2 = [p.detach() for p in net.parameters()]
    folded = w1 / spread
    head = {
        "name": a.name, "recipe": recipe.hexdigest(),
        "hidden": folded.tolist(), "bias": (b1 - folded @ mean).tolist(),
        "out": (w2[0] * gain).tolist(), "out_bias": (b2[0] * gain + shift).item(),
    }
    json.dump(head, open(a.out, "w"))


if __name__ == "__main__":
    main()
