import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from ponder.difficulty.v1 import difficulty_pb2 as _difficulty_pb2
from ponder.reasoning.v1 import reasoning_pb2 as _reasoning_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Effort(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EFFORT_UNSPECIFIED: _ClassVar[Effort]
    EFFORT_NONE: _ClassVar[Effort]
    EFFORT_MINIMAL: _ClassVar[Effort]
    EFFORT_LOW: _ClassVar[Effort]
    EFFORT_MEDIUM: _ClassVar[Effort]
    EFFORT_HIGH: _ClassVar[Effort]
    EFFORT_XHIGH: _ClassVar[Effort]
    EFFORT_MAX: _ClassVar[Effort]

class MctsFinal(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MCTS_FINAL_UNSPECIFIED: _ClassVar[MctsFinal]
    MCTS_FINAL_VOTE: _ClassVar[MctsFinal]
    MCTS_FINAL_VISITS: _ClassVar[MctsFinal]
    MCTS_FINAL_VALUE: _ClassVar[MctsFinal]

class Choice(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CHOICE_UNSPECIFIED: _ClassVar[Choice]
    CHOICE_MAJORITY: _ClassVar[Choice]
    CHOICE_MIN_MAX: _ClassVar[Choice]
    CHOICE_MIN_VOTE: _ClassVar[Choice]
    CHOICE_LAST_MAX: _ClassVar[Choice]
    CHOICE_LAST_VOTE: _ClassVar[Choice]
    CHOICE_AVG_MAX: _ClassVar[Choice]
    CHOICE_AVG_VOTE: _ClassVar[Choice]
    CHOICE_PROD_MAX: _ClassVar[Choice]
    CHOICE_PROD_VOTE: _ClassVar[Choice]
    CHOICE_ORM_MAX: _ClassVar[Choice]
    CHOICE_ORM_VOTE: _ClassVar[Choice]
    CHOICE_CERTAINTY_MAX: _ClassVar[Choice]
    CHOICE_CERTAINTY_VOTE: _ClassVar[Choice]

class ThinkingMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    THINKING_MODE_UNSPECIFIED: _ClassVar[ThinkingMode]
    THINKING_MODE_FORCE: _ClassVar[ThinkingMode]
    THINKING_MODE_REJECT: _ClassVar[ThinkingMode]
    THINKING_MODE_ADVISE: _ClassVar[ThinkingMode]

class ThinkingAdvice(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    THINKING_ADVICE_UNSPECIFIED: _ClassVar[ThinkingAdvice]
    THINKING_ADVICE_TOKENS: _ClassVar[ThinkingAdvice]
    THINKING_ADVICE_STEPS: _ClassVar[ThinkingAdvice]
    THINKING_ADVICE_SHORT: _ClassVar[ThinkingAdvice]
    THINKING_ADVICE_LONG: _ClassVar[ThinkingAdvice]

class SearchState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SEARCH_STATE_UNSPECIFIED: _ClassVar[SearchState]
    SEARCH_STATE_QUEUED: _ClassVar[SearchState]
    SEARCH_STATE_RUNNING: _ClassVar[SearchState]
    SEARCH_STATE_SUCCEEDED: _ClassVar[SearchState]
    SEARCH_STATE_FAILED: _ClassVar[SearchState]
    SEARCH_STATE_CANCELLED: _ClassVar[SearchState]

class StopReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    STOP_REASON_UNSPECIFIED: _ClassVar[StopReason]
    STOP_REASON_COMPLETE: _ClassVar[StopReason]
    STOP_REASON_BUDGET: _ClassVar[StopReason]
    STOP_REASON_DEADLINE: _ClassVar[StopReason]
    STOP_REASON_CANCELLED: _ClassVar[StopReason]
    STOP_REASON_ERROR: _ClassVar[StopReason]

class NodeState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    NODE_STATE_UNSPECIFIED: _ClassVar[NodeState]
    NODE_STATE_QUEUED: _ClassVar[NodeState]
    NODE_STATE_RUNNING: _ClassVar[NodeState]
    NODE_STATE_SCORED: _ClassVar[NodeState]
    NODE_STATE_PRUNED: _ClassVar[NodeState]
    NODE_STATE_FINISHED: _ClassVar[NodeState]
    NODE_STATE_FAILED: _ClassVar[NodeState]

class PlanSource(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PLAN_SOURCE_UNSPECIFIED: _ClassVar[PlanSource]
    PLAN_SOURCE_REQUEST: _ClassVar[PlanSource]
    PLAN_SOURCE_PROFILE: _ClassVar[PlanSource]
    PLAN_SOURCE_RULE_OF_THUMB: _ClassVar[PlanSource]
EFFORT_UNSPECIFIED: Effort
EFFORT_NONE: Effort
EFFORT_MINIMAL: Effort
EFFORT_LOW: Effort
EFFORT_MEDIUM: Effort
EFFORT_HIGH: Effort
EFFORT_XHIGH: Effort
EFFORT_MAX: Effort
MCTS_FINAL_UNSPECIFIED: MctsFinal
MCTS_FINAL_VOTE: MctsFinal
MCTS_FINAL_VISITS: MctsFinal
MCTS_FINAL_VALUE: MctsFinal
CHOICE_UNSPECIFIED: Choice
CHOICE_MAJORITY: Choice
CHOICE_MIN_MAX: Choice
CHOICE_MIN_VOTE: Choice
CHOICE_LAST_MAX: Choice
CHOICE_LAST_VOTE: Choice
CHOICE_AVG_MAX: Choice
CHOICE_AVG_VOTE: Choice
CHOICE_PROD_MAX: Choice
CHOICE_PROD_VOTE: Choice
CHOICE_ORM_MAX: Choice
CHOICE_ORM_VOTE: Choice
CHOICE_CERTAINTY_MAX: Choice
CHOICE_CERTAINTY_VOTE: Choice
THINKING_MODE_UNSPECIFIED: ThinkingMode
THINKING_MODE_FORCE: ThinkingMode
THINKING_MODE_REJECT: ThinkingMode
THINKING_MODE_ADVISE: ThinkingMode
THINKING_ADVICE_UNSPECIFIED: ThinkingAdvice
THINKING_ADVICE_TOKENS: ThinkingAdvice
THINKING_ADVICE_STEPS: ThinkingAdvice
THINKING_ADVICE_SHORT: ThinkingAdvice
THINKING_ADVICE_LONG: ThinkingAdvice
SEARCH_STATE_UNSPECIFIED: SearchState
SEARCH_STATE_QUEUED: SearchState
SEARCH_STATE_RUNNING: SearchState
SEARCH_STATE_SUCCEEDED: SearchState
SEARCH_STATE_FAILED: SearchState
SEARCH_STATE_CANCELLED: SearchState
STOP_REASON_UNSPECIFIED: StopReason
STOP_REASON_COMPLETE: StopReason
STOP_REASON_BUDGET: StopReason
STOP_REASON_DEADLINE: StopReason
STOP_REASON_CANCELLED: StopReason
STOP_REASON_ERROR: StopReason
NODE_STATE_UNSPECIFIED: NodeState
NODE_STATE_QUEUED: NodeState
NODE_STATE_RUNNING: NodeState
NODE_STATE_SCORED: NodeState
NODE_STATE_PRUNED: NodeState
NODE_STATE_FINISHED: NodeState
NODE_STATE_FAILED: NodeState
PLAN_SOURCE_UNSPECIFIED: PlanSource
PLAN_SOURCE_REQUEST: PlanSource
PLAN_SOURCE_PROFILE: PlanSource
PLAN_SOURCE_RULE_OF_THUMB: PlanSource

class Budget(_message.Message):
    __slots__ = ("policy_tokens", "verifier_tokens", "flops", "samples")
    POLICY_TOKENS_FIELD_NUMBER: _ClassVar[int]
    VERIFIER_TOKENS_FIELD_NUMBER: _ClassVar[int]
    FLOPS_FIELD_NUMBER: _ClassVar[int]
    SAMPLES_FIELD_NUMBER: _ClassVar[int]
    policy_tokens: int
    verifier_tokens: int
    flops: float
    samples: int
    def __init__(self, policy_tokens: _Optional[int] = ..., verifier_tokens: _Optional[int] = ..., flops: _Optional[float] = ..., samples: _Optional[int] = ...) -> None: ...

class Strategy(_message.Message):
    __slots__ = ("greedy", "majority", "best_of_n", "beam", "lookahead", "dvts", "rebase", "mcts", "particles", "revisions")
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
    def __init__(self, greedy: _Optional[_Union[Greedy, _Mapping]] = ..., majority: _Optional[_Union[Majority, _Mapping]] = ..., best_of_n: _Optional[_Union[BestOfN, _Mapping]] = ..., beam: _Optional[_Union[Beam, _Mapping]] = ..., lookahead: _Optional[_Union[Lookahead, _Mapping]] = ..., dvts: _Optional[_Union[Dvts, _Mapping]] = ..., rebase: _Optional[_Union[Rebase, _Mapping]] = ..., mcts: _Optional[_Union[Mcts, _Mapping]] = ..., particles: _Optional[_Union[Particles, _Mapping]] = ..., revisions: _Optional[_Union[Revisions, _Mapping]] = ...) -> None: ...

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
    __slots__ = ("n", "chains", "flat", "unjudged", "feedback")
    N_FIELD_NUMBER: _ClassVar[int]
    CHAINS_FIELD_NUMBER: _ClassVar[int]
    FLAT_FIELD_NUMBER: _ClassVar[int]
    UNJUDGED_FIELD_NUMBER: _ClassVar[int]
    FEEDBACK_FIELD_NUMBER: _ClassVar[int]
    n: int
    chains: int
    flat: bool
    unjudged: bool
    feedback: bool
    def __init__(self, n: _Optional[int] = ..., chains: _Optional[int] = ..., flat: _Optional[bool] = ..., unjudged: _Optional[bool] = ..., feedback: _Optional[bool] = ...) -> None: ...

class Thinking(_message.Message):
    __slots__ = ("max_tokens", "min_tokens", "waits", "wait", "mode", "advice", "max_steps")
    MAX_TOKENS_FIELD_NUMBER: _ClassVar[int]
    MIN_TOKENS_FIELD_NUMBER: _ClassVar[int]
    WAITS_FIELD_NUMBER: _ClassVar[int]
    WAIT_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    ADVICE_FIELD_NUMBER: _ClassVar[int]
    MAX_STEPS_FIELD_NUMBER: _ClassVar[int]
    max_tokens: int
    min_tokens: int
    waits: int
    wait: str
    mode: ThinkingMode
    advice: ThinkingAdvice
    max_steps: int
    def __init__(self, max_tokens: _Optional[int] = ..., min_tokens: _Optional[int] = ..., waits: _Optional[int] = ..., wait: _Optional[str] = ..., mode: _Optional[_Union[ThinkingMode, str]] = ..., advice: _Optional[_Union[ThinkingAdvice, str]] = ..., max_steps: _Optional[int] = ...) -> None: ...

class SolveRequest(_message.Message):
    __slots__ = ("tenant", "problem", "effort", "budget", "deadline", "strategy", "choice", "sampling", "seed", "idempotency_key", "cancel_on_disconnect", "thinking", "estimate_difficulty")
    TENANT_FIELD_NUMBER: _ClassVar[int]
    PROBLEM_FIELD_NUMBER: _ClassVar[int]
    EFFORT_FIELD_NUMBER: _ClassVar[int]
    BUDGET_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_FIELD_NUMBER: _ClassVar[int]
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    CHOICE_FIELD_NUMBER: _ClassVar[int]
    SAMPLING_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    IDEMPOTENCY_KEY_FIELD_NUMBER: _ClassVar[int]
    CANCEL_ON_DISCONNECT_FIELD_NUMBER: _ClassVar[int]
    THINKING_FIELD_NUMBER: _ClassVar[int]
    ESTIMATE_DIFFICULTY_FIELD_NUMBER: _ClassVar[int]
    tenant: str
    problem: str
    effort: Effort
    budget: Budget
    deadline: _timestamp_pb2.Timestamp
    strategy: Strategy
    choice: Choice
    sampling: _reasoning_pb2.Sampling
    seed: int
    idempotency_key: str
    cancel_on_disconnect: bool
    thinking: Thinking
    estimate_difficulty: bool
    def __init__(self, tenant: _Optional[str] = ..., problem: _Optional[str] = ..., effort: _Optional[_Union[Effort, str]] = ..., budget: _Optional[_Union[Budget, _Mapping]] = ..., deadline: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., strategy: _Optional[_Union[Strategy, _Mapping]] = ..., choice: _Optional[_Union[Choice, str]] = ..., sampling: _Optional[_Union[_reasoning_pb2.Sampling, _Mapping]] = ..., seed: _Optional[int] = ..., idempotency_key: _Optional[str] = ..., cancel_on_disconnect: _Optional[bool] = ..., thinking: _Optional[_Union[Thinking, _Mapping]] = ..., estimate_difficulty: _Optional[bool] = ...) -> None: ...

class SolveResponse(_message.Message):
    __slots__ = ("event",)
    EVENT_FIELD_NUMBER: _ClassVar[int]
    event: SearchEvent
    def __init__(self, event: _Optional[_Union[SearchEvent, _Mapping]] = ...) -> None: ...

class WatchRequest(_message.Message):
    __slots__ = ("tenant", "search_id", "after_sequence")
    TENANT_FIELD_NUMBER: _ClassVar[int]
    SEARCH_ID_FIELD_NUMBER: _ClassVar[int]
    AFTER_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    tenant: str
    search_id: str
    after_sequence: int
    def __init__(self, tenant: _Optional[str] = ..., search_id: _Optional[str] = ..., after_sequence: _Optional[int] = ...) -> None: ...

class WatchResponse(_message.Message):
    __slots__ = ("event",)
    EVENT_FIELD_NUMBER: _ClassVar[int]
    event: SearchEvent
    def __init__(self, event: _Optional[_Union[SearchEvent, _Mapping]] = ...) -> None: ...

class Node(_message.Message):
    __slots__ = ("node_id", "parent_id", "depth", "state", "steps", "finish", "value", "answer", "reason")
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    PARENT_ID_FIELD_NUMBER: _ClassVar[int]
    DEPTH_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    FINISH_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    node_id: str
    parent_id: str
    depth: int
    state: NodeState
    steps: _containers.RepeatedCompositeFieldContainer[_reasoning_pb2.Step]
    finish: _reasoning_pb2.FinishReason
    value: float
    answer: str
    reason: str
    def __init__(self, node_id: _Optional[str] = ..., parent_id: _Optional[str] = ..., depth: _Optional[int] = ..., state: _Optional[_Union[NodeState, str]] = ..., steps: _Optional[_Iterable[_Union[_reasoning_pb2.Step, _Mapping]]] = ..., finish: _Optional[_Union[_reasoning_pb2.FinishReason, str]] = ..., value: _Optional[float] = ..., answer: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class SearchEvent(_message.Message):
    __slots__ = ("search_id", "first_sequence", "sequence", "time", "state", "nodes", "bill", "difficulty", "plan", "notices", "outcome")
    SEARCH_ID_FIELD_NUMBER: _ClassVar[int]
    FIRST_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    NODES_FIELD_NUMBER: _ClassVar[int]
    BILL_FIELD_NUMBER: _ClassVar[int]
    DIFFICULTY_FIELD_NUMBER: _ClassVar[int]
    PLAN_FIELD_NUMBER: _ClassVar[int]
    NOTICES_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    search_id: str
    first_sequence: int
    sequence: int
    time: _timestamp_pb2.Timestamp
    state: SearchState
    nodes: _containers.RepeatedCompositeFieldContainer[Node]
    bill: _reasoning_pb2.Bill
    difficulty: _difficulty_pb2.EstimateResponse
    plan: SearchPlan
    notices: _containers.RepeatedScalarFieldContainer[str]
    outcome: Outcome
    def __init__(self, search_id: _Optional[str] = ..., first_sequence: _Optional[int] = ..., sequence: _Optional[int] = ..., time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., state: _Optional[_Union[SearchState, str]] = ..., nodes: _Optional[_Iterable[_Union[Node, _Mapping]]] = ..., bill: _Optional[_Union[_reasoning_pb2.Bill, _Mapping]] = ..., difficulty: _Optional[_Union[_difficulty_pb2.EstimateResponse, _Mapping]] = ..., plan: _Optional[_Union[SearchPlan, _Mapping]] = ..., notices: _Optional[_Iterable[str]] = ..., outcome: _Optional[_Union[Outcome, _Mapping]] = ...) -> None: ...

class SearchPlan(_message.Message):
    __slots__ = ("strategy", "choice", "reason", "predicted_policy_tokens", "predicted_accuracy", "source", "profile", "bin", "predicted_flops", "predicted_time")
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    CHOICE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    PREDICTED_POLICY_TOKENS_FIELD_NUMBER: _ClassVar[int]
    PREDICTED_ACCURACY_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    BIN_FIELD_NUMBER: _ClassVar[int]
    PREDICTED_FLOPS_FIELD_NUMBER: _ClassVar[int]
    PREDICTED_TIME_FIELD_NUMBER: _ClassVar[int]
    strategy: Strategy
    choice: Choice
    reason: str
    predicted_policy_tokens: int
    predicted_accuracy: float
    source: PlanSource
    profile: str
    bin: str
    predicted_flops: float
    predicted_time: _duration_pb2.Duration
    def __init__(self, strategy: _Optional[_Union[Strategy, _Mapping]] = ..., choice: _Optional[_Union[Choice, str]] = ..., reason: _Optional[str] = ..., predicted_policy_tokens: _Optional[int] = ..., predicted_accuracy: _Optional[float] = ..., source: _Optional[_Union[PlanSource, str]] = ..., profile: _Optional[str] = ..., bin: _Optional[str] = ..., predicted_flops: _Optional[float] = ..., predicted_time: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class Outcome(_message.Message):
    __slots__ = ("stop_reason", "answer", "node_id", "solution", "weight", "candidates", "degraded", "error", "elapsed")
    STOP_REASON_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    SOLUTION_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    CANDIDATES_FIELD_NUMBER: _ClassVar[int]
    DEGRADED_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    ELAPSED_FIELD_NUMBER: _ClassVar[int]
    stop_reason: StopReason
    answer: str
    node_id: str
    solution: str
    weight: float
    candidates: _containers.RepeatedCompositeFieldContainer[Candidate]
    degraded: _containers.RepeatedScalarFieldContainer[str]
    error: _reasoning_pb2.Error
    elapsed: _duration_pb2.Duration
    def __init__(self, stop_reason: _Optional[_Union[StopReason, str]] = ..., answer: _Optional[str] = ..., node_id: _Optional[str] = ..., solution: _Optional[str] = ..., weight: _Optional[float] = ..., candidates: _Optional[_Iterable[_Union[Candidate, _Mapping]]] = ..., degraded: _Optional[_Iterable[str]] = ..., error: _Optional[_Union[_reasoning_pb2.Error, _Mapping]] = ..., elapsed: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class Candidate(_message.Message):
    __slots__ = ("answer", "count", "weight")
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    answer: str
    count: int
    weight: float
    def __init__(self, answer: _Optional[str] = ..., count: _Optional[int] = ..., weight: _Optional[float] = ...) -> None: ...

class Search(_message.Message):
    __slots__ = ("search_id", "tenant", "problem", "state", "create_time", "sequence", "bill", "plan", "outcome", "nodes")
    SEARCH_ID_FIELD_NUMBER: _ClassVar[int]
    TENANT_FIELD_NUMBER: _ClassVar[int]
    PROBLEM_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    BILL_FIELD_NUMBER: _ClassVar[int]
    PLAN_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    NODES_FIELD_NUMBER: _ClassVar[int]
    search_id: str
    tenant: str
    problem: str
    state: SearchState
    create_time: _timestamp_pb2.Timestamp
    sequence: int
    bill: _reasoning_pb2.Bill
    plan: SearchPlan
    outcome: Outcome
    nodes: int
    def __init__(self, search_id: _Optional[str] = ..., tenant: _Optional[str] = ..., problem: _Optional[str] = ..., state: _Optional[_Union[SearchState, str]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., sequence: _Optional[int] = ..., bill: _Optional[_Union[_reasoning_pb2.Bill, _Mapping]] = ..., plan: _Optional[_Union[SearchPlan, _Mapping]] = ..., outcome: _Optional[_Union[Outcome, _Mapping]] = ..., nodes: _Optional[int] = ...) -> None: ...

class GetSearchRequest(_message.Message):
    __slots__ = ("tenant", "search_id")
    TENANT_FIELD_NUMBER: _ClassVar[int]
    SEARCH_ID_FIELD_NUMBER: _ClassVar[int]
    tenant: str
    search_id: str
    def __init__(self, tenant: _Optional[str] = ..., search_id: _Optional[str] = ...) -> None: ...

class GetSearchResponse(_message.Message):
    __slots__ = ("search",)
    SEARCH_FIELD_NUMBER: _ClassVar[int]
    search: Search
    def __init__(self, search: _Optional[_Union[Search, _Mapping]] = ...) -> None: ...

class ListSearchesRequest(_message.Message):
    __slots__ = ("tenant", "page_size", "page_token")
    TENANT_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    tenant: str
    page_size: int
    page_token: str
    def __init__(self, tenant: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListSearchesResponse(_message.Message):
    __slots__ = ("searches", "next_page_token")
    SEARCHES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    searches: _containers.RepeatedCompositeFieldContainer[Search]
    next_page_token: str
    def __init__(self, searches: _Optional[_Iterable[_Union[Search, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ListNodesRequest(_message.Message):
    __slots__ = ("tenant", "search_id", "parent_id", "depth", "page_size", "page_token")
    TENANT_FIELD_NUMBER: _ClassVar[int]
    SEARCH_ID_FIELD_NUMBER: _ClassVar[int]
    PARENT_ID_FIELD_NUMBER: _ClassVar[int]
    DEPTH_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    tenant: str
    search_id: str
    parent_id: str
    depth: int
    page_size: int
    page_token: str
    def __init__(self, tenant: _Optional[str] = ..., search_id: _Optional[str] = ..., parent_id: _Optional[str] = ..., depth: _Optional[int] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListNodesResponse(_message.Message):
    __slots__ = ("nodes", "next_page_token")
    NODES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    nodes: _containers.RepeatedCompositeFieldContainer[Node]
    next_page_token: str
    def __init__(self, nodes: _Optional[_Iterable[_Union[Node, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class CancelSearchRequest(_message.Message):
    __slots__ = ("tenant", "search_id")
    TENANT_FIELD_NUMBER: _ClassVar[int]
    SEARCH_ID_FIELD_NUMBER: _ClassVar[int]
    tenant: str
    search_id: str
    def __init__(self, tenant: _Optional[str] = ..., search_id: _Optional[str] = ...) -> None: ...

class CancelSearchResponse(_message.Message):
    __slots__ = ("search",)
    SEARCH_FIELD_NUMBER: _ClassVar[int]
    search: Search
    def __init__(self, search: _Optional[_Union[Search, _Mapping]] = ...) -> None: ...

class PlanRequest(_message.Message):
    __slots__ = ("request",)
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    request: SolveRequest
    def __init__(self, request: _Optional[_Union[SolveRequest, _Mapping]] = ...) -> None: ...

class PlanResponse(_message.Message):
    __slots__ = ("difficulty", "plan", "bill")
    DIFFICULTY_FIELD_NUMBER: _ClassVar[int]
    PLAN_FIELD_NUMBER: _ClassVar[int]
    BILL_FIELD_NUMBER: _ClassVar[int]
    difficulty: _difficulty_pb2.EstimateResponse
    plan: SearchPlan
    bill: _reasoning_pb2.Bill
    def __init__(self, difficulty: _Optional[_Union[_difficulty_pb2.EstimateResponse, _Mapping]] = ..., plan: _Optional[_Union[SearchPlan, _Mapping]] = ..., bill: _Optional[_Union[_reasoning_pb2.Bill, _Mapping]] = ...) -> None: ...
