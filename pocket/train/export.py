"""Writes a checkpoint as the dump that `pocket pack` converts to GGUF: a line of JSON, then float32 data.

usage: export.py CHECKPOINT.pt OUT.dump
"""
import hashlib
import json
import sys

import torch

from model import CONTEXT

# Style of training -> the name of its format, if that is not the default.
TEMPLATES = {"think": "pocket-think-v1"}


def recipe():
    """Returns a hash of the training code."""
    h = hashlib.sha256()
    for name in ("model.py", "muon.py", "train.py"):
        h.update(open(name, "rb").read())
    return h.hexdigest()


def main():
    z = torch.load(sys.argv[1])
    w, style = z["model"], z.get("style", "solve")
    d, layers, heads, kv, ff = z["shape"]
    kd = kv * (d // heads)
    tensors = [("token_embd", w["embed.weight"]), ("output_norm", w["norm.weight"])]
    for i in range(layers):
        p, at = f"blocks.{i}.", f"blk.{i}."
        q, k, v = w[p + "qkv.weight"].split([d, kd, kd])
        gate, up = w[p + "gate_up.weight"].chunk(2)
        tensors += [
            (at + "attn_norm", w[p + "attn_norm.weight"]), (at + "attn_q", q), (at + "attn_k", k), (at + "attn_v", v),
            (at + "attn_output", w[p + "out.weight"]), (at + "ffn_norm", w[p + "ffn_norm.weight"]),
            (at + "ffn_gate", gate), (at + "ffn_up", up), (at + "ffn_down", w[p + "down.weight"]),
        ]
    head = {
        "name": z["name"], "recipe": f"{recipe()} tokens={z['tokens']} seed={z['seed']}",
        "width": d, "layers": layers, "heads": heads, "kv_heads": kv, "hidden": ff,
        "context": CONTEXT[style], "template": TEMPLATES.get(style, ""),
        "tensors": [{"name": n + ".weight", "dims": list(reversed(t.shape))} for n, t in tensors],
    }
    with open(sys.argv[2], "wb") as f:
        f.write(json.dumps(head).encode() + b"\n")
        for _, t in tensors:
            f.write(t.contiguous().numpy().astype("<f4").tobytes())


if __name__ == "__main__":
    main()
