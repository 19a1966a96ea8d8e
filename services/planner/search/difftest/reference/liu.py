"""Runs compute-optimal-tts's SearchTree.beam_search with a scripted backend.

Its code is unchanged. Environment replaces its environment, which requests actions from a language
model; its reward model is the script.
"""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from script import Tree

SEP = "\n"


class Environment:
    def __init__(self, tree, n, m, path=()):
        self.tree, self.n, self.m, self.path = tree, n, m, path
        self.reward_history = self.token_history = self.prob_history = self.model_history = []
        self.question, self.legal_actions, self._next_state_terminated = "?", [], {}

    def copy(self):
        return Environment(self.tree, self.n, self.m, self.path)

    def reset(self, update_legal_action):
        self.ask(self.n)
        return None, {"api_completion_token": 0}

    def step(self, action, update_legal_action, **rest):
        self.path += (action.removesuffix(SEP),)
        ended = self.tree.script.ends(self.path)
        if not ended:
            self.ask(self.m)
        return None, 0, ended, False, {"api_completion_token": 0}

    def ask(self, n):
        script, self.legal_actions = self.tree.script, []
        for ordinal in range(n):
            node = self.tree.add(self.path, (script.step(ordinal),))
            node.value = script.score(node.path)
            action = node.steps[0] + SEP
            self._next_state_terminated[action] = script.ends(node.path)
            self.legal_actions.append({"action": action, "prob": 1.0, "num_token": 1, "model_name": ""})

    def get_state(self, model_name):
        return self.answer

    @property
    def answer(self):
        return "".join(name + SEP for name in self.path)

    @property
    def action_history(self):
        return self.path


class ComputeOptimal:
    def __init__(self, checkout):
        utils, envs, base, loguru = (ModuleType(n) for n in ("utils", "envs", "envs.base_env", "loguru"))
        utils.print_rank_0 = utils.print_with_rank = base.CoTEnv = loguru.logger = None
        sys.modules.update({"utils": utils, "envs": envs, "envs.base_env": base, "loguru": loguru})
        path = Path(checkout) / "src" / "reason" / "guided_search" / "tree.py"
        spec = importlib.util.spec_from_file_location("guided_search_tree", path)
        self.module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self.module)

    def run(self, script, n, m):
        """Returns the tree, the reason why Ponder's may differ, and the level down to which it must not."""
        tree = Tree(script)

        def reward(pairs):
            return [script.scores(tuple(answer.split(SEP)[:-1])) for _, answer in pairs]

        self.module.SearchTree({}).beam_search(Environment(tree, n, m), n // m, 40, reward)
        return tree, *self.differs(tree, n // m)

    @staticmethod
    def differs(tree, width):
        """Finds the first level that is cut between equal values, or that has an ended node after its last open one.

        The number of nodes to keep is taken before such a node is counted.
        """
        for depth in range(1, tree.script.kind.last):
            level = sorted(tree.level(depth), key=lambda n: -n.value)
            if len(level) > width and level[width - 1].value == level[width].value:
                return "tie", depth
            opened = [tree.open(n) for n in level[:width]]
            if True in opened and not opened[-1]:
                return "late", depth + 1
            width = sum(opened)
            if not width:
                break
        return "", 0
