"""Trains a policy on problems exported by the Go generator; see README.md.

usage: train.py NAME [--tokens 22e6] [--data out/train.jsonl] [--out out] [--style solve|revise|think] [--init FILE.pt]

Style solve trains on pools of problems with their drills: the same calculations without their problems, in random order.
A drill needs a twentieth of the tokens per calculation, and most errors of small policies are in calculations. The other
styles fine-tune a policy on problems with wrong attempts (`pocket wrong`).

A run is a function of the seed and of the number of tokens: an interrupted run resumes from its checkpoint with the same
result. The learning rate is constant and falls to zero over the last 40 % of the token target; the target may be changed
before that part begins.
"""
import argparse
import json
import os
import random
import time

import torch
import torch.nn.functional as F

from model import BOS, CONTEXT, EOS, NEWLINE, PAD, SHAPES, VOCAB, LM, encode
from muon import Muon

BATCH_TOKENS = 4600  # padded tokens per batch: fits in the caches of one core
POOL = 2048          # problems per pool; a pool is sorted by length
DRILL = 16           # calculations per sequence of a drill
END = None           # stands for the end-of-text token in a list of texts
FALL = 0.4           # part of the run in which the learning rate falls


def sequence(p, parts):
    """Returns (ids, positions of the tokens to learn) of a problem's text and of parts (text, whether to learn it)."""
    ids, learn = [BOS] + encode(p["text"] + "\n"), []
    for text, learnt in parts:
        start = len(ids)
        ids += [EOS] if text is END else encode(text)
        learn += range(start, len(ids)) if learnt else ()
    return ids, learn


def solution(p):
    return "\n".join(p["steps"] + ["A:" + p["answer"]])


def solve(p, chance):
    """Learns the solution and the end of the text."""
    return sequence(p, [(solution(p), True), (END, True)])


def revise(p, chance):
    """Learns the solution after 0 to 4 wrong attempts, the nearest to the solution last (Snell et al. 2024,
    arXiv 2408.03314, section 6.1). Unlike in the paper the last attempt is right in 3 of 10 sequences: chains often
    contain a right attempt, and a policy trained with wrong ones only learns to change it."""
    n = min(chance.randint(0, 4), len(p["wrong"]))
    shown = chance.sample(p["wrong"][1:], n - 1) + p["wrong"][:1] if n else []
    if chance.random() < 0.3:
        shown = shown[-3:] + [p["steps"] + ["A:" + p["answer"]]]
    return sequence(p, [("\n".join(a) + "\n", False) for a in shown] + [(solution(p), True), (END, True)])


def think(p, chance):
    """Learns "Wait" after each of 0 to 3 wrong passes (none in half of the sequences), then the right pass, "#" and the
    answer: to go on thinking while it is wrong, and to stop when it is right (s1, Muennighoff et al. 2025,
    arXiv 2501.19393).

    Budget forcing is in the context, but not learnt: a Wait after a right pass (3 of 10), followed by another right pass,
    and an end of the thinking at a random place (15 of 100), followed by the answer, which is learnt."""
    right = "".join(s + "\n" for s in p["steps"])
    passes = ["".join(s + "\n" for s in a[:-1]) for a in p["wrong"]]
    parts = []
    for a in chance.sample(passes, min(max(0, chance.randint(-2, 3)), len(passes))):
        parts += [(a, False), ("Wait\n", True)]
    if chance.random() < 0.3:
        parts += [(right, True), ("Wait\n", False)]
    parts.append((right, True))
    answer = [("A:" + p["answer"], True), (END, True)]
    if chance.random() >= 0.15:
        return sequence(p, parts + [("#\n", True)] + answer)
    left, cut = chance.randrange(sum(len(text) for text, _ in parts)), []
    for text, learnt in parts:
        cut.append((text[:left], learnt))
        left = max(0, left - len(text))
    whole = "".join(text for text, _ in cut)
    end = "#\nA:" if whole[-1:] in ("", "\n") else "\n#\nA:"
    return sequence(p, cut + [(end, False), (p["answer"], True), (END, True)])


STYLES = {"solve": solve, "revise": revise, "think": think}


def drill(steps):
    """Returns (ids, positions of the tokens to learn) of calculations: their results with the newlines."""
    ids, learn = [BOS, NEWLINE], []
    for step in steps:
        start = len(ids) + step.index("=") + 1
        ids += encode(step + "\n")
        learn += range(start, len(ids))
    return ids, learn


def batches(path, seed, style):
    """Yields an infinite sequence of batches of (ids, positions to learn), which depends on file, seed and style only."""
    epoch = 0
    while True:
        with open(path) as f:
            number = 0
            while problems := [json.loads(line) for _, line in zip(range(POOL), f)]:
                chance = random.Random(f"{seed} {epoch} {number}")
                pool = []
                if style == "solve":
                    steps = [s for p in problems for s in p["steps"]]
                    chance.shuffle(steps)
                    pool = [drill(steps[i : i + DRILL]) for i in range(0, len(steps), DRILL)]
                pool = [s for s in (STYLES[style](p, chance) for p in problems) if len(s[0]) <= CONTEXT[style]] + pool
                pool.sort(key=lambda s: len(s[0]))
                cut, batch = [], []
                for s in pool:
                    if batch and (len(batch) + 1) * len(s[0]) > BATCH_TOKENS:
                        cut.append(batch)
                        batch = []
                    batch.append(s)
                chance.shuffle(cut)
                yield from cut
                number += 1
        epoch += 1


def loss_of(model, batch):
    """Returns the mean loss over the tokens to learn, and the number of tokens."""
    t, most = max(len(ids) for ids, _ in batch), max(len(learn) for _, learn in batch)
    x = torch.full((len(batch), t), PAD)
    at = torch.zeros(len(batch), most, dtype=torch.long)
    want = torch.full((len(batch), most), -100)
    for i, (ids, learn) in enumerate(batch):
        x[i, : len(ids)] = torch.tensor(ids)
        learn = torch.tensor(learn)
        at[i, : len(learn)] = learn - 1
        want[i, : len(learn)] = x[i, learn]
    loss = F.cross_entropy(model(x[:, :-1], at).float().reshape(-1, VOCAB), want.reshape(-1))
    return loss, sum(len(ids) for ids, _ in batch)


def rate(done, target):
    """Returns the factor on the learning rate after `done` tokens: a short warm-up, constant, linear to zero."""
    return min(1.0, (done + 1) / 250_000, max(0.0, (1 - done / target) / FALL))


def main():
    a = argparse.ArgumentParser()
    a.add_argument("name", choices=SHAPES)
    a.add_argument("--tokens", type=float, default=22e6)
    a.add_argument("--data", default="out/train.jsonl")
    a.add_argument("--out", default="out")
    a.add_argument("--tag", default="")
    a.add_argument("--style", choices=STYLES, default="solve")
    a.add_argument("--init", help="checkpoint with the initial weights")
    a.add_argument("--seed", type=int, default=1)
    a.add_argument("--lr", type=float, default=3e-3)
    a.add_argument("--matrix-lr", type=float, default=0.02)
    a.add_argument("--optimizer", choices=["muon", "adamw"], default="muon")
    a.add_argument("--bf16", action="store_true", help="multiply in bfloat16: a third faster on processors that have it")
    a = a.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(a.seed)
    model = LM(*SHAPES[a.name])
    matrices = [p for b in model.blocks for p in b.parameters() if p.dim() == 2] if a.optimizer == "muon" else []
    ids = {id(p) for p in matrices}
    others = [p for p in model.parameters() if id(p) not in ids]
    opts = [torch.optim.AdamW(others, lr=a.lr, betas=(0.9, 0.98), weight_decay=0.01)]
    if matrices:
        opts.append(Muon(matrices, lr=a.matrix_lr))
    base = [o.param_groups[0]["lr"] for o in opts]
    path = f"{a.out}/{a.name}{a.tag}.pt"
    step = tokens = 0
    if a.init:
        model.load_state_dict(torch.load(a.init)["model"])
    if os.path.exists(path):
        z = torch.load(path)
        model.load_state_dict(z["model"])
        for o, s in zip(opts, z["optimizers"]):
            o.load_state_dict(s)
        step, tokens = z["step"], z["tokens"]
        print(f"resume at step {step}, {tokens / 1e6:.2f} M tokens", flush=True)

    def save():
        torch.save({"model": model.state_dict(), "optimizers": [o.state_dict() for o in opts], "step": step,
                    "tokens": tokens, "target": a.tokens, "style": a.style, "shape": model.shape, "name": a.name,
                    "seed": a.seed}, path + ".new")
        os.replace(path + ".new", path)

    source = batches(a.data, a.seed, a.style)
    for _ in range(step):
        next(source)
    begin, start, mean = time.time(), tokens, 0.0
    while tokens < a.tokens:
        with torch.autocast("cpu", torch.bfloat16, enabled=a.bf16):
            loss, n = loss_of(model, next(source))
        for o, lr in zip(opts, base):
            o.param_groups[0]["lr"] = lr * rate(tokens, a.tokens)
            o.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for o in opts:
            o.step()
        step, tokens, mean = step + 1, tokens + n, mean + loss.item() / 100
        if step % 100 == 0:
            print(f"step {step} tokens {tokens / 1e6:.2f} M loss {mean:.4f} rate {rate(tokens, a.tokens):.3f} "
                  f"{(tokens - start) / (time.time() - begin):.0f} tokens/s", flush=True)
            mean = 0.0
        if step % 500 == 0:
            save()
    save()


if __name__ == "__main__":
    main()
