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
    "pocket-0.3m": (96, 3, 3, 1, 256),
    "pocket-0.8m": (128, 4, 4, 1, 352),
}


def encode(text):
    """Newline is 3, printable ASCII 32...126 is 4...98."""
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

    def forward(self, x, turn, mask):
        b, t, d = x.shape
        h, kv, hd = self.heads, self.kv, self.head
        rot, v = self.qkv(self.attn_norm(x)).split([(h + kv) * hd, kv * hd], -1)
        rot = torch.view_as_real(torch.view_as_complex(rot.view(b, t, h + kv, hd // 2, 2)) * turn).view(b, t, h + kv, hd)
        q, k = rot.split([h, kv], 2)
        # The query heads that share a key/value head form one tall matrix: no repeated keys.
        group = h // kv
        q = (q * hd**-0.5).view(b, t, kv, group, hd).permute(0, 2, 3, 1, 4).reshape(b * kv, group * t, hd)
        k = k.permute(0, 2, 3, 1).reshape(b * kv, hd, t)
        v = v.view(b, t, kv, hd).permute(0, 2, 1, 3).reshape(b * kv, t, hd)
        a = torch.bmm(q, k).view(b * kv, group, t, t).add_(mask).softmax(-1).view(b * kv, group * t, t)
        y = torch.bmm(a, v).view(b, kv, group, t, hd).permute(0, 3, 1, 2, 4).reshape(b, t, d)
        x = x + self.out(y)
        gate, up = self.gate_up(self.ffn_norm(x)).chunk(2, -1)
        return x + self.down(F.silu(gate) * up)


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

    def states(self, ids):
        """The trunk: ids [b, t] -> final normalised states [b, t, d]."""
        t = ids.shape[1]
        hd = self.shape[0] // self.shape[2]
        freq = torch.exp(torch.arange(0, hd, 2) * (-math.log(ROPE_BASE) / hd))
        turn = torch.polar(torch.ones(()), torch.arange(t)[:, None] * freq)[:, None]
        mask = torch.full((t, t), -1e9).triu(1)
        x = self.embed(ids)
        for block in self.blocks:
            x = block(x, turn, mask)
        return self.norm(x)

    def forward(self, ids):
        return self.states(ids) @ self.embed.weight.t()
