from ponder.reasoning.v1 import reasoning_pb2 as _reasoning_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class MctsFinal(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MCTS_FINAL_UNSPECIFIED: _ClassVar[MctsFinal]
    MCTS_FINAL_VOTE: _ClassVar[MctsFinal]
    MCTS_FINAL_VISITS: _ClassVar[MctsFinal]
    MCTS_FINAL_VALUE: _ClassVar[MctsFinal]

class Pick(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PICK_UNSPECIFIED: _ClassVar[Pick]
    PICK_MAX: _ClassVar[Pick]
    PICK_VOTE: _ClassVar[Pick]
    PICK_MAJORITY: _ClassVar[Pick]
MCTS_FINAL_UNSPECIFIED: MctsFinal
MCTS_FINAL_VOTE: MctsFinal
MCTS_FINAL_VISITS: MctsFinal
MCTS_FINAL_VALUE: MctsFinal
PICK_UNSPECIFIED: Pick
PICK_MAX: Pick
PICK_VOTE: Pick
PICK_MAJORITY: Pick

class Strategy(_message.Message):
    __slots__ = ("greedy", "majority", "best_of_n", "beam", "lookahead", "dvts", "rebase", "mcts", "particles", "revisions", "ladder")
    GREEDY_FIELD_NUMBER: _ClassVar[int]
    MAJORITY_FIELD_NUMBER: _ClassVar[int]
    BEST_OF_N_FIELD_NUMBER: _ClassVar[int]
    BEAM_FIELD_NUMBER: _ClassVar[int]
    LOOKAHEAD_FIELD_NUMBER: _ClassVar[int]
    DVTS_FIELD_NUMBER: _ClassVar[int]
    REBASE_FIELD_NUMBER: _ClassVar[int]
    MCTS_FIELD_NUMBER: _ClassVar[int]
    PARTICLES_FIELD_NUMBER: _ClassVar[int]
    REVISIONS_FIELD_NUMBER: _ClassVar[int]
    LADDER_FIELD_NUMBER: _ClassVar[int]
    greedy: Greedy
    majority: Majority
    best_of_n: BestOfN
    beam: Beam
    lookahead: Lookahead
    dvts: Dvts
    rebase: Rebase
    mcts: Mcts
    particles: Particles
    revisions: Revisions
    ladder: Ladder
    def __init__(self, greedy: _Optional[_Union[Greedy, _Mapping]] = ..., majority: _Optional[_Union[Majority, _Mapping]] = ..., best_of_n: _Optional[_Union[BestOfN, _Mapping]] = ..., beam: _Optional[_Union[Beam, _Mapping]] = ..., lookahead: _Optional[_Union[Lookahead, _Mapping]] = ..., dvts: _Optional[_Union[Dvts, _Mapping]] = ..., rebase: _Optional[_Union[Rebase, _Mapping]] = ..., mcts: _Optional[_Union[Mcts, _Mapping]] = ..., particles: _Optional[_Union[Particles, _Mapping]] = ..., revisions: _Optional[_Union[Revisions, _Mapping]] = ..., ladder: _Optional[_Union[Ladder, _Mapping]] = ...) -> None: ...

class Greedy(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Majority(_message.Message):
    __slots__ = ("n", "wave", "confidence", "exhaustive")
    N_FIELD_NUMBER: _ClassVar[int]
    WAVE_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    EXHAUSTIVE_FIELD_NUMBER: _ClassVar[int]
    n: int
    wave: int
    confidence: float
    exhaustive: bool
    def __init__(self, n: _Optional[int] = ..., wave: _Optional[int] = ..., confidence: _Optional[float] = ..., exhaustive: _Optional[bool] = ...) -> None: ...

class BestOfN(_message.Message):
    __slots__ = ("n",)
    N_FIELD_NUMBER: _ClassVar[int]
    n: int
    def __init__(self, n: _Optional[int] = ...) -> None: ...

class Beam(_message.Message):
    __slots__ = ("n", "m", "max_levels", "narrow", "dedupe")
    N_FIELD_NUMBER: _ClassVar[int]
    M_FIELD_NUMBER: _ClassVar[int]
    MAX_LEVELS_FIELD_NUMBER: _ClassVar[int]
    NARROW_FIELD_NUMBER: _ClassVar[int]
    DEDUPE_FIELD_NUMBER: _ClassVar[int]
    n: int
    m: int
    max_levels: int
    narrow: bool
    dedupe: bool
    def __init__(self, n: _Optional[int] = ..., m: _Optional[int] = ..., max_levels: _Optional[int] = ..., narrow: _Optional[bool] = ..., dedupe: _Optional[bool] = ...) -> None: ...

class Lookahead(_message.Message):
    __slots__ = ("n", "m", "k", "max_levels")
    N_FIELD_NUMBER: _ClassVar[int]
    M_FIELD_NUMBER: _ClassVar[int]
    K_FIELD_NUMBER: _ClassVar[int]
    MAX_LEVELS_FIELD_NUMBER: _ClassVar[int]
    n: int
    m: int
    k: int
    max_levels: int
    def __init__(self, n: _Optional[int] = ..., m: _Optional[int] = ..., k: _Optional[int] = ..., max_levels: _Optional[int] = ...) -> None: ...

class Dvts(_message.Message):
    __slots__ = ("n", "m", "k", "max_levels")
    N_FIELD_NUMBER: _ClassVar[int]
    M_FIELD_NUMBER: _ClassVar[int]
    K_FIELD_NUMBER: _ClassVar[int]
    MAX_LEVELS_FIELD_NUMBER: _ClassVar[int]
    n: int
    m: int
    k: int
    max_levels: int
    def __init__(self, n: _Optional[int] = ..., m: _Optional[int] = ..., k: _Optional[int] = ..., max_levels: _Optional[int] = ...) -> None: ...

class Rebase(_message.Message):
    __slots__ = ("n", "balance", "exact", "max_levels")
    N_FIELD_NUMBER: _ClassVar[int]
    BALANCE_FIELD_NUMBER: _ClassVar[int]
    EXACT_FIELD_NUMBER: _ClassVar[int]
    MAX_LEVELS_FIELD_NUMBER: _ClassVar[int]
    n: int
    balance: float
    exact: bool
    max_levels: int
    def __init__(self, n: _Optional[int] = ..., balance: _Optional[float] = ..., exact: _Optional[bool] = ..., max_levels: _Optional[int] = ...) -> None: ...

class Mcts(_message.Message):
    __slots__ = ("n", "width", "parallel", "puct", "exploration", "rollout", "final", "max_levels")
    N_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    PARALLEL_FIELD_NUMBER: _ClassVar[int]
    PUCT_FIELD_NUMBER: _ClassVar[int]
    EXPLORATION_FIELD_NUMBER: _ClassVar[int]
    ROLLOUT_FIELD_NUMBER: _ClassVar[int]
    FINAL_FIELD_NUMBER: _ClassVar[int]
    MAX_LEVELS_FIELD_NUMBER: _ClassVar[int]
    n: int
    width: int
    parallel: int
    puct: bool
    exploration: float
    rollout: bool
    final: MctsFinal
    max_levels: int
    def __init__(self, n: _Optional[int] = ..., width: _Optional[int] = ..., parallel: _Optional[int] = ..., puct: _Optional[bool] = ..., exploration: _Optional[float] = ..., rollout: _Optional[bool] = ..., final: _Optional[_Union[MctsFinal, str]] = ..., max_levels: _Optional[int] = ...) -> None: ...

class Particles(_message.Message):
    __slots__ = ("n", "iterations", "temperature", "sample", "max_levels")
    N_FIELD_NUMBER: _ClassVar[int]
    ITERATIONS_FIELD_NUMBER: _ClassVar[int]
    TEMPERATURE_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_FIELD_NUMBER: _ClassVar[int]
    MAX_LEVELS_FIELD_NUMBER: _ClassVar[int]
    n: int
    iterations: int
    temperature: float
    sample: bool
    max_levels: int
    def __init__(self, n: _Optional[int] = ..., iterations: _Optional[int] = ..., temperature: _Optional[float] = ..., sample: _Optional[bool] = ..., max_levels: _Optional[int] = ...) -> None: ...

class Revisions(_message.Message):
    __slots__ = ("n", "chains", "flat", "no_verifier", "feedback")
    N_FIELD_NUMBER: _ClassVar[int]
    CHAINS_FIELD_NUMBER: _ClassVar[int]
    FLAT_FIELD_NUMBER: _ClassVar[int]
    NO_VERIFIER_FIELD_NUMBER: _ClassVar[int]
    FEEDBACK_FIELD_NUMBER: _ClassVar[int]
    n: int
    chains: int
    flat: bool
    no_verifier: bool
    feedback: bool
    def __init__(self, n: _Optional[int] = ..., chains: _Optional[int] = ..., flat: _Optional[bool] = ..., no_verifier: _Optional[bool] = ..., feedback: _Optional[bool] = ...) -> None: ...

class Ladder(_message.Message):
    __slots__ = ("stages",)
    STAGES_FIELD_NUMBER: _ClassVar[int]
    stages: _containers.RepeatedCompositeFieldContainer[Stage]
    def __init__(self, stages: _Optional[_Iterable[_Union[Stage, _Mapping]]] = ...) -> None: ...

class Stage(_message.Message):
    __slots__ = ("strategy", "stop_confidence")
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    STOP_CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    strategy: Strategy
    stop_confidence: float
    def __init__(self, strategy: _Optional[_Union[Strategy, _Mapping]] = ..., stop_confidence: _Optional[float] = ...) -> None: ...

class Choice(_message.Message):
    __slots__ = ("aggregator", "pick")
    AGGREGATOR_FIELD_NUMBER: _ClassVar[int]
    PICK_FIELD_NUMBER: _ClassVar[int]
    aggregator: _reasoning_pb2.Aggregator
    pick: Pick
    def __init__(self, aggregator: _Optional[_Union[_reasoning_pb2.Aggregator, str]] = ..., pick: _Optional[_Union[Pick, str]] = ...) -> None: ...
