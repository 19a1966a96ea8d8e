import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from ponder.difficulty.v1 import difficulty_pb2 as _difficulty_pb2
from ponder.planner.v1 import spec_pb2 as _spec_pb2
from ponder.planner.v1 import strategy_pb2 as _strategy_pb2
from ponder.reasoning.v1 import reasoning_pb2 as _reasoning_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SearchState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SEARCH_STATE_UNSPECIFIED: _ClassVar[SearchState]
    SEARCH_STATE_QUEUED: _ClassVar[SearchState]
    SEARCH_STATE_RUNNING: _ClassVar[SearchState]
    SEARCH_STATE_SUCCEEDED: _ClassVar[SearchState]
    SEARCH_STATE_FAILED: _ClassVar[SearchState]
    SEARCH_STATE_CANCELLED: _ClassVar[SearchState]

class NoticeKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    NOTICE_KIND_UNSPECIFIED: _ClassVar[NoticeKind]
    NOTICE_KIND_QUEUED: _ClassVar[NoticeKind]
    NOTICE_KIND_WAITING: _ClassVar[NoticeKind]
    NOTICE_KIND_RETRYING: _ClassVar[NoticeKind]
    NOTICE_KIND_DEGRADED: _ClassVar[NoticeKind]
    NOTICE_KIND_NOT_STORED: _ClassVar[NoticeKind]

class NodeState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    NODE_STATE_UNSPECIFIED: _ClassVar[NodeState]
    NODE_STATE_QUEUED: _ClassVar[NodeState]
    NODE_STATE_RUNNING: _ClassVar[NodeState]
    NODE_STATE_SCORED: _ClassVar[NodeState]
    NODE_STATE_PRUNED: _ClassVar[NodeState]
    NODE_STATE_FINISHED: _ClassVar[NodeState]
    NODE_STATE_FAILED: _ClassVar[NodeState]
    NODE_STATE_CANCELLED: _ClassVar[NodeState]

class PlanSource(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PLAN_SOURCE_UNSPECIFIED: _ClassVar[PlanSource]
    PLAN_SOURCE_REQUEST: _ClassVar[PlanSource]
    PLAN_SOURCE_PROFILE: _ClassVar[PlanSource]
    PLAN_SOURCE_RULE_OF_THUMB: _ClassVar[PlanSource]

class StopReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    STOP_REASON_UNSPECIFIED: _ClassVar[StopReason]
    STOP_REASON_COMPLETE: _ClassVar[StopReason]
    STOP_REASON_BUDGET: _ClassVar[StopReason]
    STOP_REASON_DEADLINE: _ClassVar[StopReason]
    STOP_REASON_CANCELLED: _ClassVar[StopReason]
    STOP_REASON_ERROR: _ClassVar[StopReason]
    STOP_REASON_CONFIDENCE: _ClassVar[StopReason]
    STOP_REASON_PRICE: _ClassVar[StopReason]
SEARCH_STATE_UNSPECIFIED: SearchState
SEARCH_STATE_QUEUED: SearchState
SEARCH_STATE_RUNNING: SearchState
SEARCH_STATE_SUCCEEDED: SearchState
SEARCH_STATE_FAILED: SearchState
SEARCH_STATE_CANCELLED: SearchState
NOTICE_KIND_UNSPECIFIED: NoticeKind
NOTICE_KIND_QUEUED: NoticeKind
NOTICE_KIND_WAITING: NoticeKind
NOTICE_KIND_RETRYING: NoticeKind
NOTICE_KIND_DEGRADED: NoticeKind
NOTICE_KIND_NOT_STORED: NoticeKind
NODE_STATE_UNSPECIFIED: NodeState
NODE_STATE_QUEUED: NodeState
NODE_STATE_RUNNING: NodeState
NODE_STATE_SCORED: NodeState
NODE_STATE_PRUNED: NodeState
NODE_STATE_FINISHED: NodeState
NODE_STATE_FAILED: NodeState
NODE_STATE_CANCELLED: NodeState
PLAN_SOURCE_UNSPECIFIED: PlanSource
PLAN_SOURCE_REQUEST: PlanSource
PLAN_SOURCE_PROFILE: PlanSource
PLAN_SOURCE_RULE_OF_THUMB: PlanSource
STOP_REASON_UNSPECIFIED: StopReason
STOP_REASON_COMPLETE: StopReason
STOP_REASON_BUDGET: StopReason
STOP_REASON_DEADLINE: StopReason
STOP_REASON_CANCELLED: StopReason
STOP_REASON_ERROR: StopReason
STOP_REASON_CONFIDENCE: StopReason
STOP_REASON_PRICE: StopReason

class Search(_message.Message):
    __slots__ = ("search_id", "tenant", "spec", "state", "create_time", "end_time", "sequence", "bill", "estimate", "plan", "node_count", "outcome", "stored")
    SEARCH_ID_FIELD_NUMBER: _ClassVar[int]
    TENANT_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    BILL_FIELD_NUMBER: _ClassVar[int]
    ESTIMATE_FIELD_NUMBER: _ClassVar[int]
    PLAN_FIELD_NUMBER: _ClassVar[int]
    NODE_COUNT_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    STORED_FIELD_NUMBER: _ClassVar[int]
    search_id: str
    tenant: str
    spec: _spec_pb2.SearchSpec
    state: SearchState
    create_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    sequence: int
    bill: _reasoning_pb2.Bill
    estimate: _difficulty_pb2.Estimate
    plan: SearchPlan
    node_count: int
    outcome: Outcome
    stored: bool
    def __init__(self, search_id: _Optional[str] = ..., tenant: _Optional[str] = ..., spec: _Optional[_Union[_spec_pb2.SearchSpec, _Mapping]] = ..., state: _Optional[_Union[SearchState, str]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., sequence: _Optional[int] = ..., bill: _Optional[_Union[_reasoning_pb2.Bill, _Mapping]] = ..., estimate: _Optional[_Union[_difficulty_pb2.Estimate, _Mapping]] = ..., plan: _Optional[_Union[SearchPlan, _Mapping]] = ..., node_count: _Optional[int] = ..., outcome: _Optional[_Union[Outcome, _Mapping]] = ..., stored: _Optional[bool] = ...) -> None: ...

class SearchEvent(_message.Message):
    __slots__ = ("search_id", "first_sequence", "sequence", "snapshot", "time", "state", "nodes", "bill", "estimate", "plan", "notices", "outcome")
    SEARCH_ID_FIELD_NUMBER: _ClassVar[int]
    FIRST_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    NODES_FIELD_NUMBER: _ClassVar[int]
    BILL_FIELD_NUMBER: _ClassVar[int]
    ESTIMATE_FIELD_NUMBER: _ClassVar[int]
    PLAN_FIELD_NUMBER: _ClassVar[int]
    NOTICES_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    search_id: str
    first_sequence: int
    sequence: int
    snapshot: bool
    time: _timestamp_pb2.Timestamp
    state: SearchState
    nodes: _containers.RepeatedCompositeFieldContainer[Node]
    bill: _reasoning_pb2.Bill
    estimate: _difficulty_pb2.Estimate
    plan: SearchPlan
    notices: _containers.RepeatedCompositeFieldContainer[Notice]
    outcome: Outcome
    def __init__(self, search_id: _Optional[str] = ..., first_sequence: _Optional[int] = ..., sequence: _Optional[int] = ..., snapshot: _Optional[bool] = ..., time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., state: _Optional[_Union[SearchState, str]] = ..., nodes: _Optional[_Iterable[_Union[Node, _Mapping]]] = ..., bill: _Optional[_Union[_reasoning_pb2.Bill, _Mapping]] = ..., estimate: _Optional[_Union[_difficulty_pb2.Estimate, _Mapping]] = ..., plan: _Optional[_Union[SearchPlan, _Mapping]] = ..., notices: _Optional[_Iterable[_Union[Notice, _Mapping]]] = ..., outcome: _Optional[_Union[Outcome, _Mapping]] = ...) -> None: ...

class Notice(_message.Message):
    __slots__ = ("kind", "text", "time")
    KIND_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    kind: NoticeKind
    text: str
    time: _timestamp_pb2.Timestamp
    def __init__(self, kind: _Optional[_Union[NoticeKind, str]] = ..., text: _Optional[str] = ..., time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

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

class SearchPlan(_message.Message):
    __slots__ = ("strategy", "choice", "reason", "source", "profile", "bin", "predicted_policy_tokens", "predicted_accuracy", "predicted_flops", "predicted_time", "policy", "verifier")
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    CHOICE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    BIN_FIELD_NUMBER: _ClassVar[int]
    PREDICTED_POLICY_TOKENS_FIELD_NUMBER: _ClassVar[int]
    PREDICTED_ACCURACY_FIELD_NUMBER: _ClassVar[int]
    PREDICTED_FLOPS_FIELD_NUMBER: _ClassVar[int]
    PREDICTED_TIME_FIELD_NUMBER: _ClassVar[int]
    POLICY_FIELD_NUMBER: _ClassVar[int]
    VERIFIER_FIELD_NUMBER: _ClassVar[int]
    strategy: _strategy_pb2.Strategy
    choice: _strategy_pb2.Choice
    reason: str
    source: PlanSource
    profile: str
    bin: str
    predicted_policy_tokens: int
    predicted_accuracy: float
    predicted_flops: float
    predicted_time: _duration_pb2.Duration
    policy: _reasoning_pb2.ModelIdentity
    verifier: _reasoning_pb2.ModelIdentity
    def __init__(self, strategy: _Optional[_Union[_strategy_pb2.Strategy, _Mapping]] = ..., choice: _Optional[_Union[_strategy_pb2.Choice, _Mapping]] = ..., reason: _Optional[str] = ..., source: _Optional[_Union[PlanSource, str]] = ..., profile: _Optional[str] = ..., bin: _Optional[str] = ..., predicted_policy_tokens: _Optional[int] = ..., predicted_accuracy: _Optional[float] = ..., predicted_flops: _Optional[float] = ..., predicted_time: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., policy: _Optional[_Union[_reasoning_pb2.ModelIdentity, _Mapping]] = ..., verifier: _Optional[_Union[_reasoning_pb2.ModelIdentity, _Mapping]] = ...) -> None: ...

class Outcome(_message.Message):
    __slots__ = ("stop_reason", "answer", "node_id", "solution", "weight", "candidates", "degraded", "error", "elapsed", "confidence")
    STOP_REASON_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    SOLUTION_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    CANDIDATES_FIELD_NUMBER: _ClassVar[int]
    DEGRADED_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    ELAPSED_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    stop_reason: StopReason
    answer: str
    node_id: str
    solution: str
    weight: float
    candidates: _containers.RepeatedCompositeFieldContainer[Candidate]
    degraded: _containers.RepeatedScalarFieldContainer[str]
    error: _reasoning_pb2.Error
    elapsed: _duration_pb2.Duration
    confidence: float
    def __init__(self, stop_reason: _Optional[_Union[StopReason, str]] = ..., answer: _Optional[str] = ..., node_id: _Optional[str] = ..., solution: _Optional[str] = ..., weight: _Optional[float] = ..., candidates: _Optional[_Iterable[_Union[Candidate, _Mapping]]] = ..., degraded: _Optional[_Iterable[str]] = ..., error: _Optional[_Union[_reasoning_pb2.Error, _Mapping]] = ..., elapsed: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., confidence: _Optional[float] = ...) -> None: ...

class Candidate(_message.Message):
    __slots__ = ("answer", "count", "weight")
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    answer: str
    count: int
    weight: float
    def __init__(self, answer: _Optional[str] = ..., count: _Optional[int] = ..., weight: _Optional[float] = ...) -> None: ...
