"""Runs its_hub's particle filtering, particle Gibbs and self-consistency with a scripted backend.

Its classes run as they are; the language model and the reward model are the script. The
draws of package random are Draws: the same stream of uniform numbers as the Go side has.
"""

import asyncio
import itertools
from bisect import bisect_right

from its_hub.core.algorithms import particle_gibbs
from its_hub.core.algorithms.beta_self_consistency import BetaSelfConsistency
from its_hub.core.algorithms.self_consistency import SelfConsistency
from its_hub.core.lms.step_generation import StepGeneration

from script import Tree

STEP, END = "/", "$"
M64, M128 = 2**64 - 1, 2**128 - 1


def child_seed(seed, ordinal):
    """Computes reasoning.Seed.Child: the finaliser of splitmix64."""
    x = seed ^ ((ordinal + 1) * 0x9E3779B97F4A7C15 & M64)
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & M64
    x = (x ^ x >> 27) * 0x94D049BB133111EB & M64
    return x ^ x >> 31


class PCG:
    """Draws the numbers of the PCG in Go's math/rand/v2 (DXSM 128/64)."""

    def __init__(self, seed1, seed2):
        self.state = seed1 << 64 | seed2

    def uniform(self):
        self.state = (self.state * 0x2360ED051FC65DA44385DF649FCCF645 + 0x5851F42D4C957F2D14057B7EF767814F) & M128
        hi, lo = self.state >> 64, self.state & M64
        hi ^= hi >> 32
        hi = hi * 0xDA942042E4DD58B5 & M64
        hi ^= hi >> 48
        hi = hi * (lo | 1) & M64
        return (hi & (2**53 - 1)) / 2**53


class Draws:
    """Replaces package random in its_hub: chooses by the inverse of the cumulative weights.

    its_hub keeps particles in the order in which they were drawn; Ponder puts those that
    took a step first, together with their siblings, because it requests siblings together.
    The distribution does not depend on the order, but the particle that a random number
    selects does; therefore this class uses Ponder's order.
    """

    def __init__(self, seed):
        self.pcg, self.differs = PCG(child_seed(seed, -1), 0), ""

    def choices(self, population, weights, k):
        order = list(range(len(population)))
        free = k
        if not isinstance(population, range):
            depth = max(len(p.steps) for p in population[:free])  # of those that took a step
            parents = [tuple(p.steps[:-1]) for p in population[:free] if len(p.steps) == depth]
            rank = {parent: i for i, parent in reversed(list(enumerate(parents)))}

            def place(i):
                stepped = i < free and len(population[i].steps) == depth
                return rank[tuple(population[i].steps[:-1])] if stepped else len(population)

            order.sort(key=place)
        sums = list(itertools.accumulate(weights[i] for i in order))
        drawn = [order[min(bisect_right(sums, self.pcg.uniform() * sums[-1]), len(order) - 1)] for _ in range(k)]
        if not isinstance(population, range) and free < len(population):
            self.outlived([population[i] for i in drawn], population[-1], depth)
        return [population[i] for i in drawn]

    def outlived(self, drawn, reference, depth):
        """its_hub ends an iteration when all free particles have ended, Ponder follows the reference to its end."""
        if len(reference.steps) > depth and all(p.is_stopped and len(p.steps) <= depth for p in drawn):
            self.differs = "reference"


class Model:
    """Replaces its_hub's language model and reward model, and records the tree of the requested samples."""

    def __init__(self, script):
        self.script, self.tree = script, Tree(script)

    async def agenerate(self, conversations, stop=None, **kwargs):
        replies = []
        for c in conversations:
            prefix = self.parse(c[-1].content) if c[-1].role == "assistant" else ()
            step = self.script.step(self.tree.samples(prefix))
            node = self.tree.add(prefix, (step,))
            node.value = self.script.score(node.path)
            replies.append({"role": "assistant", "content": step + (END if self.script.ends(node.path) else "")})
        return replies

    async def ascore(self, prompt, texts):
        return [self.script.score(self.parse(t)) for t in texts]

    @staticmethod
    def parse(text):
        return tuple(s for s in text.removesuffix(END).split(STEP) if s)


class Orchestrator:
    """Returns the samples of one problem one after the other, each in its own round."""

    def __init__(self, script):
        self.script, self.asked = script, 0

    async def agenerate(self, lm, conversations, **kwargs):
        ordinals = range(self.asked, self.asked + len(conversations))
        self.asked = ordinals.stop
        for _ in range(8 * ordinals[0]):
            await asyncio.sleep(0)

        def answer(ordinal):
            return self.script.answer(self.script.whole((self.script.step(ordinal),)))

        return [{"role": "assistant", "content": answer(i)} for i in ordinals]


class ItsHub:
    @staticmethod
    def particles(script, n, iterations, seed):
        """Returns the tree, the reason why Ponder's may differ, and the level down to which it must not."""
        model = Model(script)
        particle_gibbs.random = draws = Draws(seed)
        generation = StepGeneration(max_steps=40, step_token=STEP, stop_token=END)
        if iterations == 1:
            search = particle_gibbs.ParticleFiltering(generation, model)
        else:
            search = particle_gibbs.ParticleGibbs(generation, model, num_iterations=iterations)
        asyncio.run(search.ainfer(model, "?", n, return_response_only=False))
        return model.tree, draws.differs, 0

    @staticmethod
    def votes(script, n):
        """Returns the counts of all n answers."""
        search = SelfConsistency(orchestrator=Orchestrator(script))
        result = asyncio.run(search.ainfer(None, "?", n, return_response_only=False))
        return dict(result.response_counts)

    @staticmethod
    def beta(script, n, confidence):
        """Returns how many samples it takes."""
        search = BetaSelfConsistency(confidence_threshold=confidence, orchestrator=Orchestrator(script))
        result = asyncio.run(search.ainfer(None, "?", n, return_response_only=False))
        return len(result.responses)
