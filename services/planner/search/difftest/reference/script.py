"""The scripted backend of the differential suite. script_test.go is the same in Go.

A node is its path: the names of its steps, which are the ordinals of the samples. The
SHA-256 of "kind:seed:name/name/…" decides all that is known of a path: its score, whether
it ends, whether a token limit cuts it, and its answer.
"""

from dataclasses import dataclass
from hashlib import sha256

GREEDY = "g"  # the name of a step at temperature 0


@dataclass(frozen=True)
class Kind:
    first: int  # the least depth at which a path ends
    odds: int  # of 256, that a path ends from there on
    last: int  # the depth at which every path ends
    bits: int = 24  # of a score: 24 are exact in a float32, 3 make many ties
    cut: int = 0  # odds of 256 that a token limit cuts a path that does not end
    flat: bool = False  # a path has the score of its first step
    twins: bool = False  # samples 2i and 2i+1 have the same text


KINDS = {
    "plain": Kind(2, 64, 7),
    "long": Kind(4, 32, 12),
    "coarse": Kind(2, 64, 7, bits=3),
    "cut": Kind(2, 48, 7, cut=32),
    "flat": Kind(2, 64, 7, flat=True),
    "twins": Kind(2, 64, 7, twins=True),
}


class Script:
    def __init__(self, kind, seed):
        self.kind, self.name, self.seed = KINDS[kind], kind, seed

    def digest(self, path):
        return sha256(f"{self.name}:{self.seed}:{'/'.join(path)}".encode()).digest()

    def score(self, path):
        d = self.digest(path[:1] if self.kind.flat else path)
        return (int.from_bytes(d[:3], "big") >> (24 - self.kind.bits)) / 2**self.kind.bits

    def scores(self, path):
        return [self.score(path[: i + 1]) for i in range(len(path))]

    def ends(self, path):
        k = self.kind
        return len(path) >= k.last or len(path) >= k.first and self.digest(path)[3] < k.odds

    def cut(self, path):
        return not self.ends(path) and self.digest(path)[4] < self.kind.cut

    def step(self, ordinal):
        return str(ordinal // 2 if self.kind.twins else ordinal)

    def whole(self, path):
        """Continues a path to its end: each further step is sample 0."""
        while not self.ends(path):
            path += ("0",)
        return path

    def answer(self, path):
        """Gives the answer of a whole solution: "a" with odds that depend on the seed, else one of five."""
        d, lead = self.digest(path), sha256(f"{self.name}:{self.seed}".encode()).digest()[0]
        return "a" if d[5] < lead else "bcdef"[d[6] % 5]


class Node:
    def __init__(self, prefix, steps, value=None):
        self.prefix, self.steps, self.value = prefix, steps, value

    @property
    def path(self):
        return self.prefix + self.steps


class Tree:
    """The requests of a reference to its engine, in order."""

    def __init__(self, script):
        self.script, self.nodes, self.below = script, [], {}

    def add(self, prefix, steps):
        node = Node(prefix, steps)
        self.nodes.append(node)
        self.below.setdefault(prefix, []).append(node)
        return node

    def samples(self, prefix):
        """Counts the samples that were requested after a prefix: the ordinal of the next one."""
        return sum(n.steps[0] != GREEDY for n in self.below.get(prefix, ()))

    def open(self, node):
        return not self.script.ends(node.path) and not self.script.cut(node.path)

    def level(self, depth):
        """Lists the nodes of a level of a tree whose nodes have one step each."""
        return [n for n in self.nodes if len(n.path) == depth]

    def outline(self, depth=1000):
        """Draws the tree down to a depth: a line has a node's steps, value and how it finished."""
        lines, drawn = [], set()

        def draw(prefix, level):
            if level >= depth or prefix in drawn:  # the second of twins has no children
                return
            drawn.add(prefix)
            for n in sorted(self.below.get(prefix, ()), key=lambda n: n.steps[0] != GREEDY):
                value = "-" if n.value is None else f"{n.value:.6f}"
                finish = " end" if self.script.ends(n.path) else " cut" if self.script.cut(n.path) else ""
                lines.append(f"{'  ' * level}{'+'.join(n.steps)} {value}{finish}\n")
                draw(n.path, level + 1)

        draw((), 0)
        return "".join(lines)


def digest(outline):
    return sha256(outline.encode()).hexdigest()[:16]
