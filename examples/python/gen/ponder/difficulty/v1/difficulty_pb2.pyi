from ponder.policy.v1 import policy_pb2 as _policy_pb2
from ponder.reasoning.v1 import reasoning_pb2 as _reasoning_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AnswerKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ANSWER_KIND_UNSPECIFIED: _ClassVar[AnswerKind]
    ANSWER_KIND_AUTO: _ClassVar[AnswerKind]
    ANSWER_KIND_NUMBER: _ClassVar[AnswerKind]
    ANSWER_KIND_EXPRESSION: _ClassVar[AnswerKind]
    ANSWER_KIND_CHOICE: _ClassVar[AnswerKind]
    ANSWER_KIND_TEXT: _ClassVar[AnswerKind]
    ANSWER_KIND_CODE: _ClassVar[AnswerKind]

class Method(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    METHOD_UNSPECIFIED: _ClassVar[Method]
    METHOD_PROBE: _ClassVar[Method]
    METHOD_PREDICTED: _ClassVar[Method]
    METHOD_ORACLE: _ClassVar[Method]
    METHOD_PROMPT: _ClassVar[Method]
ANSWER_KIND_UNSPECIFIED: AnswerKind
ANSWER_KIND_AUTO: AnswerKind
ANSWER_KIND_NUMBER: AnswerKind
ANSWER_KIND_EXPRESSION: AnswerKind
ANSWER_KIND_CHOICE: AnswerKind
ANSWER_KIND_TEXT: AnswerKind
ANSWER_KIND_CODE: AnswerKind
METHOD_UNSPECIFIED: Method
METHOD_PROBE: Method
METHOD_PREDICTED: Method
METHOD_ORACLE: Method
METHOD_PROMPT: Method

class EstimateRequest(_message.Message):
    __slots__ = ("tenant", "search_id", "problem", "seed", "sampling", "max_samples", "method", "scheme", "answer", "answer_kind")
    TENANT_FIELD_NUMBER: _ClassVar[int]
    SEARCH_ID_FIELD_NUMBER: _ClassVar[int]
    PROBLEM_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    SAMPLING_FIELD_NUMBER: _ClassVar[int]
    MAX_SAMPLES_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    SCHEME_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    ANSWER_KIND_FIELD_NUMBER: _ClassVar[int]
    tenant: str
    search_id: str
    problem: str
    seed: int
    sampling: _reasoning_pb2.Sampling
    max_samples: int
    method: Method
    scheme: Scheme
    answer: str
    answer_kind: AnswerKind
    def __init__(self, tenant: _Optional[str] = ..., search_id: _Optional[str] = ..., problem: _Optional[str] = ..., seed: _Optional[int] = ..., sampling: _Optional[_Union[_reasoning_pb2.Sampling, _Mapping]] = ..., max_samples: _Optional[int] = ..., method: _Optional[_Union[Method, str]] = ..., scheme: _Optional[_Union[Scheme, _Mapping]] = ..., answer: _Optional[str] = ..., answer_kind: _Optional[_Union[AnswerKind, str]] = ...) -> None: ...

class Scheme(_message.Message):
    __slots__ = ("name", "edges")
    NAME_FIELD_NUMBER: _ClassVar[int]
    EDGES_FIELD_NUMBER: _ClassVar[int]
    name: str
    edges: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, name: _Optional[str] = ..., edges: _Optional[_Iterable[float]] = ...) -> None: ...

class Estimate(_message.Message):
    __slots__ = ("pass_rate", "low", "high", "bin", "samples", "usage", "final", "waste", "unknown")
    PASS_RATE_FIELD_NUMBER: _ClassVar[int]
    LOW_FIELD_NUMBER: _ClassVar[int]
    HIGH_FIELD_NUMBER: _ClassVar[int]
    BIN_FIELD_NUMBER: _ClassVar[int]
    SAMPLES_FIELD_NUMBER: _ClassVar[int]
    USAGE_FIELD_NUMBER: _ClassVar[int]
    FINAL_FIELD_NUMBER: _ClassVar[int]
    WASTE_FIELD_NUMBER: _ClassVar[int]
    UNKNOWN_FIELD_NUMBER: _ClassVar[int]
    pass_rate: float
    low: float
    high: float
    bin: Bin
    samples: int
    usage: _reasoning_pb2.Usage
    final: bool
    waste: _reasoning_pb2.Waste
    unknown: _reasoning_pb2.Usage
    def __init__(self, pass_rate: _Optional[float] = ..., low: _Optional[float] = ..., high: _Optional[float] = ..., bin: _Optional[_Union[Bin, _Mapping]] = ..., samples: _Optional[int] = ..., usage: _Optional[_Union[_reasoning_pb2.Usage, _Mapping]] = ..., final: _Optional[bool] = ..., waste: _Optional[_Union[_reasoning_pb2.Waste, _Mapping]] = ..., unknown: _Optional[_Union[_reasoning_pb2.Usage, _Mapping]] = ...) -> None: ...

class Bin(_message.Message):
    __slots__ = ("index", "label", "settled")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    SETTLED_FIELD_NUMBER: _ClassVar[int]
    index: int
    label: str
    settled: bool
    def __init__(self, index: _Optional[int] = ..., label: _Optional[str] = ..., settled: _Optional[bool] = ...) -> None: ...

class EstimateResponse(_message.Message):
    __slots__ = ("estimate", "new_samples")
    ESTIMATE_FIELD_NUMBER: _ClassVar[int]
    NEW_SAMPLES_FIELD_NUMBER: _ClassVar[int]
    estimate: Estimate
    new_samples: _containers.RepeatedCompositeFieldContainer[_policy_pb2.Child]
    def __init__(self, estimate: _Optional[_Union[Estimate, _Mapping]] = ..., new_samples: _Optional[_Iterable[_Union[_policy_pb2.Child, _Mapping]]] = ...) -> None: ...
