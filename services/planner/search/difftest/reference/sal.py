"""Runs search-and-learn's _beam_search and _dvts with a scripted backend.

Both run as they are. In the place of vLLM stands Engine, in that of the reward model PRM;
what they import only to load models, to grade or to publish is an empty module.
"""

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

from script import GREEDY, Tree

STOP = "\n\n"


class Empty(ModuleType):
    """A module in which every name is None."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return None


class SamplingParams(SimpleNamespace):
    def __init__(self, stop=None, **rest):
        super().__init__(stop=stop, **rest)


def parse(text):
    return tuple(text.split(STOP)[:-1]) if text.endswith(STOP) else tuple(text.split(STOP)) if text else ()


class Engine:
    """Continues paths as vLLM would, and records the tree of the requested samples."""

    def __init__(self, script):
        self.script, self.tree, self.rollouts = script, Tree(script), {}

    def get_tokenizer(self):
        return self

    def apply_chat_template(self, convs, **kwargs):
        return [c[-1]["content"] if c[-1]["role"] == "assistant" else "" for c in convs]

    def generate(self, prompts, params, use_tqdm=False):
        outputs = []
        for prompt in prompts:
            prefix = parse(prompt)
            if params.temperature == 0:
                path = prefix + (GREEDY,)
                self.roll(prefix)
            else:
                path = prefix + (self.script.step(self.tree.samples(prefix)),)
                if params.stop is None:
                    path = self.script.whole(path)
                self.tree.add(prefix, path[len(prefix) :])
            ended = self.script.ends(path)
            text = STOP.join(path[len(prefix) :]) + ("" if ended else STOP)
            outputs.append(SimpleNamespace(outputs=[SimpleNamespace(text=text, stop_reason=None if ended else STOP)]))
        return outputs

    def roll(self, prefix):
        """Adds a step at temperature 0 to the rollout that it belongs to."""
        start = prefix
        while start and start[-1] == GREEDY:
            start = start[:-1]
        if start == prefix:
            self.rollouts[start] = self.tree.add(start, (GREEDY,))
        else:
            self.rollouts[start].steps += (GREEDY,)


class PRM:
    def __init__(self, script):
        self.script = script

    def score(self, questions, outputs):
        return [[self.script.scores(parse(text)) for text in texts] for texts in outputs]


class SearchAndLearn:
    def __init__(self, checkout):
        for name in ("vllm", "datasets", "huggingface_hub", "sal.models.reward_models", "sal.utils.math"):
            sys.modules[name] = Empty(name)
        sys.modules["vllm"].SamplingParams = SamplingParams
        sys.modules["datasets"].Dataset = SimpleNamespace  # named in annotations
        sys.modules["sal.models.reward_models"].PRM = PRM
        sys.modules["vllm"].LLM = Engine
        sal = ModuleType("sal")  # its packages, without what their __init__ imports
        sal.__path__ = [str(Path(checkout) / "src" / "sal")]
        search = ModuleType("sal.search")
        search.__path__ = [sal.__path__[0] + "/search"]
        models = ModuleType("sal.models")
        sys.modules.update({"sal": sal, "sal.search": search, "sal.models": models})
        from sal.config import Config
        from sal.search.beam_search import _beam_search
        from sal.search.diverse_verifier_tree_search import _dvts
        from sal.utils.score import aggregate_scores

        self.config, self.beam_search, self.dvts_search, self.aggregate = Config, _beam_search, _dvts, aggregate_scores

    def finish(self, engine, agg, lookahead=0):
        """Gives nodes their values. With lookahead a step that goes on has none of its own."""
        for n in engine.tree.nodes:
            if not lookahead or n.steps[0] == GREEDY or engine.script.ends(n.path):
                n.value = self.aggregate(engine.script.scores(n.path), agg)

    def dvts(self, script, n, m, k, agg, levels):
        config = self.config(approach="dvts", n=n, beam_width=m, lookahead=k, agg_strategy=agg, num_iterations=levels)
        engine = Engine(script)
        beams = self.dvts_search(["?"], config, engine, PRM(script))
        self.finish(engine, agg, k)
        paths = {x.path for x in engine.tree.nodes}
        assert all(parse(b.current_text) in paths for b in beams)
        return engine.tree, "", 0

    def beam(self, script, n, m, agg, levels, dedupe=False):
        """Returns the tree, the reason why Ponder's may differ, and the level from which on it may."""
        config = self.config(
            approach="beam_search", n=n, beam_width=m, agg_strategy=agg, num_iterations=levels, search_batch_size=1,
            filter_duplicates=dedupe,
        )
        engine = Engine(script)
        beams = self.beam_search(["?"], config, engine, PRM(script))
        self.finish(engine, agg)
        ended = {x.path for x in engine.tree.nodes if script.ends(x.path)}
        assert {parse(b.current_text) for b in beams} <= ended
        return engine.tree, *self.differs(engine.tree, n, m, levels)

    @staticmethod
    def differs(tree, n, m, levels):
        """Says where the beam is cut between equal values, and where an odd child is given."""
        for depth in range(1, min(levels, tree.script.kind.last)):
            nodes = {x.path: x for x in reversed(tree.level(depth)) if tree.open(x)}
            values = sorted((x.value for x in nodes.values()), reverse=True)
            width = n // m
            if len(values) > width and values[width - 1] == values[width]:
                return "tie", depth
            if values and n % min(width, len(values)):
                return "odd", depth
        return "", 0
