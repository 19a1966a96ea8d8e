import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from ponder.reasoning.v1 import reasoning_pb2 as _reasoning_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ScoreRequest(_message.Message):
    __slots__ = ("request_id", "path", "cancel", "traceparent", "baggage")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    CANCEL_FIELD_NUMBER: _ClassVar[int]
    TRACEPARENT_FIELD_NUMBER: _ClassVar[int]
    BAGGAGE_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    path: Path
    cancel: Cancel
    traceparent: str
    baggage: str
    def __init__(self, request_id: _Optional[str] = ..., path: _Optional[_Union[Path, _Mapping]] = ..., cancel: _Optional[_Union[Cancel, _Mapping]] = ..., traceparent: _Optional[str] = ..., baggage: _Optional[str] = ...) -> None: ...

class Cancel(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Path(_message.Message):
    __slots__ = ("tenant", "search_id", "node_id", "problem", "steps")
    TENANT_FIELD_NUMBER: _ClassVar[int]
    SEARCH_ID_FIELD_NUMBER: _ClassVar[int]
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    PROBLEM_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    tenant: str
    search_id: str
    node_id: str
    problem: str
    steps: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, tenant: _Optional[str] = ..., search_id: _Optional[str] = ..., node_id: _Optional[str] = ..., problem: _Optional[str] = ..., steps: _Optional[_Iterable[str]] = ...) -> None: ...

class ScoreResponse(_message.Message):
    __slots__ = ("request_id", "scores", "error")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SCORES_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    scores: Scores
    error: _reasoning_pb2.Error
    def __init__(self, request_id: _Optional[str] = ..., scores: _Optional[_Union[Scores, _Mapping]] = ..., error: _Optional[_Union[_reasoning_pb2.Error, _Mapping]] = ...) -> None: ...

class Scores(_message.Message):
    __slots__ = ("values", "usage", "score_time", "waste", "unknown")
    VALUES_FIELD_NUMBER: _ClassVar[int]
    USAGE_FIELD_NUMBER: _ClassVar[int]
    SCORE_TIME_FIELD_NUMBER: _ClassVar[int]
    WASTE_FIELD_NUMBER: _ClassVar[int]
    UNKNOWN_FIELD_NUMBER: _ClassVar[int]
    values: _containers.RepeatedScalarFieldContainer[float]
    usage: _reasoning_pb2.Usage
    score_time: _duration_pb2.Duration
    waste: _reasoning_pb2.Waste
    unknown: _reasoning_pb2.Usage
    def __init__(self, values: _Optional[_Iterable[float]] = ..., usage: _Optional[_Union[_reasoning_pb2.Usage, _Mapping]] = ..., score_time: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., waste: _Optional[_Union[_reasoning_pb2.Waste, _Mapping]] = ..., unknown: _Optional[_Union[_reasoning_pb2.Usage, _Mapping]] = ...) -> None: ...

class GetModelRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetModelResponse(_message.Message):
    __slots__ = ("model", "aggregator", "capabilities")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    AGGREGATOR_FIELD_NUMBER: _ClassVar[int]
    CAPABILITIES_FIELD_NUMBER: _ClassVar[int]
    model: _reasoning_pb2.ModelIdentity
    aggregator: _reasoning_pb2.Aggregator
    capabilities: Capabilities
    def __init__(self, model: _Optional[_Union[_reasoning_pb2.ModelIdentity, _Mapping]] = ..., aggregator: _Optional[_Union[_reasoning_pb2.Aggregator, str]] = ..., capabilities: _Optional[_Union[Capabilities, _Mapping]] = ...) -> None: ...

class Capabilities(_message.Message):
    __slots__ = ("input", "steps")
    INPUT_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    input: _reasoning_pb2.Input
    steps: _reasoning_pb2.Support
    def __init__(self, input: _Optional[_Union[_reasoning_pb2.Input, _Mapping]] = ..., steps: _Optional[_Union[_reasoning_pb2.Support, str]] = ...) -> None: ...
