"""Writes the output of PyTorch with the exported weights, for a comparison in a Go test.

usage: reference.py ../models/testdata/reference.json out/pocket-0.3m.pt out/pocket-0.8m.pt
"""
import json
import sys

import torch

from model import BOS, EOS, LM, decode, encode

PROBLEMS = 4


def main():
    problems = [json.loads(line) for _, line in zip(range(PROBLEMS), open("out/train.jsonl"))]
    out = []
    for name in sys.argv[2:]:
        z = torch.load(name)
        model = LM(*z["shape"])
        model.load_state_dict({k: v.half().float() if v.dim() > 1 else v for k, v in z["model"].items()})
        for p in problems:
            ids, log_prob = [BOS] + encode(p["text"] + "\n"), 0.0
            start = len(ids)
            with torch.no_grad():
                while ids[-1] != EOS and len(ids) < start + 120:
                    next_token = model(torch.tensor([ids]))[0, -1].log_softmax(-1)
                    log_prob += next_token.max().item()
                    ids.append(int(next_token.argmax()))
            out.append({"model": z["name"], "prompt": p["text"] + "\n", "greedy": decode(ids[start:]), "log_prob": log_prob})
    with open(sys.argv[1], "w") as f:
        json.dump(out, f, indent=1)


if __name__ == "__main__":
    main()
