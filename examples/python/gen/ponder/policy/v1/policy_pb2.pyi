import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from ponder.reasoning.v1 import reasoning_pb2 as _reasoning_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ExpandRequest(_message.Message):
    __slots__ = ("request_id", "expansion", "cancel", "traceparent", "baggage")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    EXPANSION_FIELD_NUMBER: _ClassVar[int]
    CANCEL_FIELD_NUMBER: _ClassVar[int]
    TRACEPARENT_FIELD_NUMBER: _ClassVar[int]
    BAGGAGE_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    expansion: Expansion
    cancel: Cancel
    traceparent: str
    baggage: str
    def __init__(self, request_id: _Optional[str] = ..., expansion: _Optional[_Union[Expansion, _Mapping]] = ..., cancel: _Optional[_Union[Cancel, _Mapping]] = ..., traceparent: _Optional[str] = ..., baggage: _Optional[str] = ...) -> None: ...

class Cancel(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Expansion(_message.Message):
    __slots__ = ("tenant", "search_id", "node_id", "problem", "steps", "ordinals", "span", "seed", "sampling", "model", "attempts", "stop")
    TENANT_FIELD_NUMBER: _ClassVar[int]
    SEARCH_ID_FIELD_NUMBER: _ClassVar[int]
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    PROBLEM_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    ORDINALS_FIELD_NUMBER: _ClassVar[int]
    SPAN_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    SAMPLING_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    STOP_FIELD_NUMBER: _ClassVar[int]
    tenant: str
    search_id: str
    node_id: str
    problem: str
    steps: _containers.RepeatedScalarFieldContainer[str]
    ordinals: _containers.RepeatedScalarFieldContainer[int]
    span: int
    seed: int
    sampling: _reasoning_pb2.Sampling
    model: _reasoning_pb2.ModelIdentity
    attempts: _containers.RepeatedScalarFieldContainer[str]
    stop: str
    def __init__(self, tenant: _Optional[str] = ..., search_id: _Optional[str] = ..., node_id: _Optional[str] = ..., problem: _Optional[str] = ..., steps: _Optional[_Iterable[str]] = ..., ordinals: _Optional[_Iterable[int]] = ..., span: _Optional[int] = ..., seed: _Optional[int] = ..., sampling: _Optional[_Union[_reasoning_pb2.Sampling, _Mapping]] = ..., model: _Optional[_Union[_reasoning_pb2.ModelIdentity, _Mapping]] = ..., attempts: _Optional[_Iterable[str]] = ..., stop: _Optional[str] = ...) -> None: ...

class Child(_message.Message):
    __slots__ = ("ordinal", "steps", "finish", "usage", "generate_time", "queue_wait", "worker", "attempt", "waste", "unknown")
    ORDINAL_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    FINISH_FIELD_NUMBER: _ClassVar[int]
    USAGE_FIELD_NUMBER: _ClassVar[int]
    GENERATE_TIME_FIELD_NUMBER: _ClassVar[int]
    QUEUE_WAIT_FIELD_NUMBER: _ClassVar[int]
    WORKER_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    WASTE_FIELD_NUMBER: _ClassVar[int]
    UNKNOWN_FIELD_NUMBER: _ClassVar[int]
    ordinal: int
    steps: _containers.RepeatedCompositeFieldContainer[_reasoning_pb2.Step]
    finish: _reasoning_pb2.FinishReason
    usage: _reasoning_pb2.Usage
    generate_time: _duration_pb2.Duration
    queue_wait: _duration_pb2.Duration
    worker: str
    attempt: int
    waste: _reasoning_pb2.Waste
    unknown: _reasoning_pb2.Usage
    def __init__(self, ordinal: _Optional[int] = ..., steps: _Optional[_Iterable[_Union[_reasoning_pb2.Step, _Mapping]]] = ..., finish: _Optional[_Union[_reasoning_pb2.FinishReason, str]] = ..., usage: _Optional[_Union[_reasoning_pb2.Usage, _Mapping]] = ..., generate_time: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., queue_wait: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., worker: _Optional[str] = ..., attempt: _Optional[int] = ..., waste: _Optional[_Union[_reasoning_pb2.Waste, _Mapping]] = ..., unknown: _Optional[_Union[_reasoning_pb2.Usage, _Mapping]] = ...) -> None: ...

class ExpandResponse(_message.Message):
    __slots__ = ("request_id", "started", "child", "done", "error")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    STARTED_FIELD_NUMBER: _ClassVar[int]
    CHILD_FIELD_NUMBER: _ClassVar[int]
    DONE_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    started: Started
    child: Child
    done: Done
    error: _reasoning_pb2.Error
    def __init__(self, request_id: _Optional[str] = ..., started: _Optional[_Union[Started, _Mapping]] = ..., child: _Optional[_Union[Child, _Mapping]] = ..., done: _Optional[_Union[Done, _Mapping]] = ..., error: _Optional[_Union[_reasoning_pb2.Error, _Mapping]] = ...) -> None: ...

class Started(_message.Message):
    __slots__ = ("worker", "attempt", "queue_wait")
    WORKER_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    QUEUE_WAIT_FIELD_NUMBER: _ClassVar[int]
    worker: str
    attempt: int
    queue_wait: _duration_pb2.Duration
    def __init__(self, worker: _Optional[str] = ..., attempt: _Optional[int] = ..., queue_wait: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class Done(_message.Message):
    __slots__ = ("waste", "unknown")
    WASTE_FIELD_NUMBER: _ClassVar[int]
    UNKNOWN_FIELD_NUMBER: _ClassVar[int]
    waste: _reasoning_pb2.Waste
    unknown: _reasoning_pb2.Usage
    def __init__(self, waste: _Optional[_Union[_reasoning_pb2.Waste, _Mapping]] = ..., unknown: _Optional[_Union[_reasoning_pb2.Usage, _Mapping]] = ...) -> None: ...

class GetModelRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetModelResponse(_message.Message):
    __slots__ = ("model", "capabilities")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    CAPABILITIES_FIELD_NUMBER: _ClassVar[int]
    model: _reasoning_pb2.ModelIdentity
    capabilities: Capabilities
    def __init__(self, model: _Optional[_Union[_reasoning_pb2.ModelIdentity, _Mapping]] = ..., capabilities: _Optional[_Union[Capabilities, _Mapping]] = ...) -> None: ...

class Capabilities(_message.Message):
    __slots__ = ("input", "max_total_tokens", "counts", "log_probs", "continues", "attempts", "stops")
    INPUT_FIELD_NUMBER: _ClassVar[int]
    MAX_TOTAL_TOKENS_FIELD_NUMBER: _ClassVar[int]
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    LOG_PROBS_FIELD_NUMBER: _ClassVar[int]
    CONTINUES_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    STOPS_FIELD_NUMBER: _ClassVar[int]
    input: _reasoning_pb2.Input
    max_total_tokens: int
    counts: _reasoning_pb2.Support
    log_probs: _reasoning_pb2.Support
    continues: _reasoning_pb2.Support
    attempts: _reasoning_pb2.Support
    stops: _reasoning_pb2.Support
    def __init__(self, input: _Optional[_Union[_reasoning_pb2.Input, _Mapping]] = ..., max_total_tokens: _Optional[int] = ..., counts: _Optional[_Union[_reasoning_pb2.Support, str]] = ..., log_probs: _Optional[_Union[_reasoning_pb2.Support, str]] = ..., continues: _Optional[_Union[_reasoning_pb2.Support, str]] = ..., attempts: _Optional[_Union[_reasoning_pb2.Support, str]] = ..., stops: _Optional[_Union[_reasoning_pb2.Support, str]] = ...) -> None: ...
