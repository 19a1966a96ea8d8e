"""The policy in PyTorch: Llama's decoder (RMSNorm, interleaved RoPE, grouped queries, SwiGLU, tied head) over characters.

The Go package pocket computes the same function from the exported file; tests there compare the two.
"""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

VOCAB, BOS, EOS, PAD, NEWLINE = 128, 0, 1, 2, 3
EPS, ROPE_BASE = 1e-5, 10000.0

# Name -> d (width), layers, query heads, key/value heads, ff (hidden width of the feed-forward part).
SHAPES = {
    "pocket-0.1m": (64, 2, 2, 1, 168),
    "pocket-0.3m": (96, 3, 3, 1, 256),
    "pocket-0.8m": (128, 4, 4, 1, 352),
    "pocket-2m": (160, 7, 5, 1, 432),
    "pocket-prm-0.3m": (96, 3, 3, 1, 248),  # a trunk: with its head it has no more parameters than pocket-0.3m
}
SHAPES["pocket-reviser"] = SHAPES["pocket-thinker"] = SHAPES["pocket-0.3m"]

# Style of training -> tokens of the longest sequence: a problem with its solution, and with up to four attempts or passes.
CONTEXT = {"solve": 640, "revise": 1024, "think": 1024}


def encode(text):
    """Encodes newline as 3 and printable ASCII 32...126 as 4...98."""
    return [NEWLINE if c == "\n" else ord(c) - 28 for c in text]


def decode(ids):
    return "".join("\n" if i == NEWLINE else chr(i + 28) for i in ids if i >= NEWLINE)


class RMSNorm(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(d))

    def forward(self, x):
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + EPS) * self.weight


class Block(nn.Module):
    def __init__(self, d, heads, kv, ff):
        super().__init__()
        self.heads, self.kv, self.head = heads, kv, d // heads
        self.attn_norm, self.ffn_norm = RMSNorm(d), RMSNorm(d)
        self.qkv = nn.Linear(d, (heads + 2 * kv) * self.head, bias=False)
        self.out = nn.Linear(d, d, bias=False)
        self.gate_up = nn.Linear(d, 2 * ff, bias=False)
        self.down = nn.Linear(ff, d, bias=False)

    def forward(self, x, turn, mask, at=None):
        """x [b, t, d] -> [b, t, d], or [b, s, d] at the positions `at` [b, s] if given."""
        b, t, d = x.shape
        h, kv, hd = self.heads, self.kv, self.head
        y = self.attn_norm(x)
        if at is None:
            q, k, v = self.qkv(y).split([h * hd, kv * hd, kv * hd], -1)
            turn_q, s = turn, t
        else:
            x, yq = pick(x, at), pick(y, at)
            q = F.linear(yq, self.qkv.weight[: h * hd])
            k, v = F.linear(y, self.qkv.weight[h * hd :]).split([kv * hd, kv * hd], -1)
            turn_q, mask, s = turn[at], torch.where(torch.arange(t) > at[:, None, :, None], -1e9, 0.0), at.shape[1]
        # The query heads that share a key/value head form one tall matrix: no repeated keys.
        group = h // kv
        q = rotate(q.view(b, s, h, hd) * hd**-0.5, turn_q)
        q = q.view(b, s, kv, group, hd).permute(0, 2, 3, 1, 4).reshape(b * kv, group * s, hd)
        k = rotate(k.view(b, t, kv, hd), turn).permute(0, 2, 3, 1).reshape(b * kv, hd, t)
        v = v.view(b, t, kv, hd).permute(0, 2, 1, 3).reshape(b * kv, t, hd)
        a = torch.bmm(q, k).view(b, kv * group, s, t).add_(mask).softmax(-1).view(b * kv, group * s, t)
        y = torch.bmm(a, v).view(b, kv, group, s, hd).permute(0, 3, 1, 2, 4).reshape(b, s, d)
        x = x + self.out(y)
        gate, up = self.gate_up(self.ffn_norm(x)).chunk(2, -1)
        return x + self.down(F.silu(gate) * up)


def rotate(x, turn):
    """Interleaved RoPE: rotates x [b, t, heads, hd] by the complex turn [(b,) t, 1, hd/2]."""
    z = torch.view_as_complex(x.reshape(*x.shape[:-1], -1, 2))
    return torch.view_as_real(z * turn).flatten(-2)


def pick(x, at):
    return x.gather(1, at[..., None].expand(-1, -1, x.shape[-1]))


class LM(nn.Module):
    def __init__(self, d, layers, heads, kv, ff):
        super().__init__()
        self.shape = (d, layers, heads, kv, ff)
        self.embed = nn.Embedding(VOCAB, d)
        self.blocks = nn.ModuleList(Block(d, heads, kv, ff) for _ in range(layers))
        self.norm = RMSNorm(d)
        for p in self.parameters():
            if p.dim() == 2:
                nn.init.normal_(p, std=0.04)
        nn.init.normal_(self.embed.weight, std=0.02)

    def states(self, ids, at=None):
        """Runs the trunk: ids [b, t] -> final normalised states [b, t, d], or those at the positions `at` [b, s] if given."""
        t = ids.shape[1]
        hd = self.shape[0] // self.shape[2]
        freq = torch.exp(torch.arange(0, hd, 2) * (-math.log(ROPE_BASE) / hd))
        turn = torch.polar(torch.ones(()), torch.arange(t)[:, None] * freq)[:, None]
        mask = torch.full((t, t), -1e9).triu(1)
        x = self.embed(ids)
        for block in self.blocks[:-1]:
            x = block(x, turn, mask)
        return self.norm(self.blocks[-1](x, turn, mask, at))

    def forward(self, ids, at=None):
        return self.states(ids, at) @ self.embed.weight.t()
