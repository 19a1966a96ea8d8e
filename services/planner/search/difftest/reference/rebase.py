"""Runs the REBASE authors' rebase.py with a scripted backend.

The authors' reward_guided_search runs as it is, on torch. In the place of SGLang stands
State, which continues a path and scores it by the script.
"""

import importlib.util
import sys
import tempfile
from pathlib import Path
from types import ModuleType

from script import Tree

ANSWER = " The answer is"  # the authors' mark of a solution's end


class State:
    def __init__(self, tree, text="", path=(), ordinal=0, limit=0):
        self.tree, self.body, self.path, self.ordinal, self.limit = tree, text, path, ordinal, limit
        self.tokens = 0

    def fork(self, n):
        return [State(self.tree, self.body, self.path, i, self.limit) for i in range(n)]

    def set_score_backend(self, backend):
        pass

    def __iadd__(self, part):
        if part == "step":
            script, step = self.tree.script, self.tree.script.step(self.ordinal)
            node = self.tree.add(self.path, (step,))
            self.path += (step,)
            self.body += f"/{step}" + (ANSWER if script.ends(self.path) else "")
            self.tokens = self.limit if script.cut(self.path) else 1
            node.value = script.score(self.path)
        elif part != "score":
            self.body += part
        return self

    def text(self):
        return self.body

    def scores(self):
        return self.tree.script.scores(self.path)

    def get_meta_info(self, name):
        return {"completion_tokens": self.tokens}


class Rebase:
    def __init__(self, checkout):
        sglang = ModuleType("sglang")
        sglang.function = lambda f: f
        sglang.gen = lambda name, *args, **kwargs: name
        sglang.RuntimeEndpoint = None
        sys.modules["sglang"] = sglang
        spec = importlib.util.spec_from_file_location("authors_rebase", Path(checkout) / "rebase.py")
        self.module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self.module)
        self.store = tempfile.TemporaryDirectory()

    def run(self, script, n, balance):
        """Returns the tree, the reason why Ponder's may differ, and the level from which on it may."""
        paras = {
            "width": n, "softmax_temperature": balance, "temperature": 1.0, "max_step_tokens": 256, "max_tokens": 1024,
            "select_method": "softmax", "policy_model_type": "llemma", "store_path": self.store.name + "/",
        }
        tree = Tree(script)
        state = State(tree, limit=paras["max_tokens"])
        result = self.module.reward_guided_search(state, 0, "", {"answer": ""}, paras, None)
        answers = sorted(a["text"].count("/") for a in result["model_answer"])
        ended = sorted(len(x.path) for x in tree.nodes if script.ends(x.path))
        assert answers == ended, "the authors' answers are the nodes that end"
        return tree, *self.differs(tree)

    @staticmethod
    def differs(tree):
        """The authors sort ascending and reverse: of nodes with one score the last is first."""
        for depth in range(1, tree.script.kind.last):
            shares = {}
            for node in filter(tree.open, tree.level(depth)):
                shares.setdefault(node.value, set()).add(len(tree.below.get(node.path, ())))
            if any(len(s) > 1 for s in shares.values()):
                return "tie", depth
        return "", 0
