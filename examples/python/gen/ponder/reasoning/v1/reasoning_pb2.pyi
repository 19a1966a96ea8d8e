import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class FinishReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FINISH_REASON_UNSPECIFIED: _ClassVar[FinishReason]
    FINISH_REASON_STEP: _ClassVar[FinishReason]
    FINISH_REASON_END: _ClassVar[FinishReason]
    FINISH_REASON_LENGTH: _ClassVar[FinishReason]

class Support(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SUPPORT_UNSPECIFIED: _ClassVar[Support]
    SUPPORT_YES: _ClassVar[Support]
    SUPPORT_NO: _ClassVar[Support]

class Aggregator(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    AGGREGATOR_UNSPECIFIED: _ClassVar[Aggregator]
    AGGREGATOR_MIN: _ClassVar[Aggregator]
    AGGREGATOR_LAST: _ClassVar[Aggregator]
    AGGREGATOR_AVG: _ClassVar[Aggregator]
    AGGREGATOR_PROD: _ClassVar[Aggregator]
    AGGREGATOR_ORM: _ClassVar[Aggregator]
    AGGREGATOR_CERTAINTY: _ClassVar[Aggregator]
FINISH_REASON_UNSPECIFIED: FinishReason
FINISH_REASON_STEP: FinishReason
FINISH_REASON_END: FinishReason
FINISH_REASON_LENGTH: FinishReason
SUPPORT_UNSPECIFIED: Support
SUPPORT_YES: Support
SUPPORT_NO: Support
AGGREGATOR_UNSPECIFIED: Aggregator
AGGREGATOR_MIN: Aggregator
AGGREGATOR_LAST: Aggregator
AGGREGATOR_AVG: Aggregator
AGGREGATOR_PROD: Aggregator
AGGREGATOR_ORM: Aggregator
AGGREGATOR_CERTAINTY: Aggregator

class Step(_message.Message):
    __slots__ = ("text", "tokens", "log_prob", "score")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    LOG_PROB_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    text: str
    tokens: int
    log_prob: float
    score: float
    def __init__(self, text: _Optional[str] = ..., tokens: _Optional[int] = ..., log_prob: _Optional[float] = ..., score: _Optional[float] = ...) -> None: ...

class Usage(_message.Message):
    __slots__ = ("generated_tokens", "prompt_tokens", "cached_tokens", "verifier_tokens", "flops")
    GENERATED_TOKENS_FIELD_NUMBER: _ClassVar[int]
    PROMPT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    CACHED_TOKENS_FIELD_NUMBER: _ClassVar[int]
    VERIFIER_TOKENS_FIELD_NUMBER: _ClassVar[int]
    FLOPS_FIELD_NUMBER: _ClassVar[int]
    generated_tokens: int
    prompt_tokens: int
    cached_tokens: int
    verifier_tokens: int
    flops: float
    def __init__(self, generated_tokens: _Optional[int] = ..., prompt_tokens: _Optional[int] = ..., cached_tokens: _Optional[int] = ..., verifier_tokens: _Optional[int] = ..., flops: _Optional[float] = ...) -> None: ...

class Bill(_message.Message):
    __slots__ = ("policy", "verifier", "difficulty", "waste", "unknown")
    POLICY_FIELD_NUMBER: _ClassVar[int]
    VERIFIER_FIELD_NUMBER: _ClassVar[int]
    DIFFICULTY_FIELD_NUMBER: _ClassVar[int]
    WASTE_FIELD_NUMBER: _ClassVar[int]
    UNKNOWN_FIELD_NUMBER: _ClassVar[int]
    policy: Usage
    verifier: Usage
    difficulty: Usage
    waste: Waste
    unknown: Usage
    def __init__(self, policy: _Optional[_Union[Usage, _Mapping]] = ..., verifier: _Optional[_Union[Usage, _Mapping]] = ..., difficulty: _Optional[_Union[Usage, _Mapping]] = ..., waste: _Optional[_Union[Waste, _Mapping]] = ..., unknown: _Optional[_Union[Usage, _Mapping]] = ...) -> None: ...

class Waste(_message.Message):
    __slots__ = ("cancelled", "failed", "lost", "untrusted")
    CANCELLED_FIELD_NUMBER: _ClassVar[int]
    FAILED_FIELD_NUMBER: _ClassVar[int]
    LOST_FIELD_NUMBER: _ClassVar[int]
    UNTRUSTED_FIELD_NUMBER: _ClassVar[int]
    cancelled: Usage
    failed: Usage
    lost: Usage
    untrusted: Usage
    def __init__(self, cancelled: _Optional[_Union[Usage, _Mapping]] = ..., failed: _Optional[_Union[Usage, _Mapping]] = ..., lost: _Optional[_Union[Usage, _Mapping]] = ..., untrusted: _Optional[_Union[Usage, _Mapping]] = ...) -> None: ...

class Sampling(_message.Message):
    __slots__ = ("temperature", "top_p", "max_tokens")
    TEMPERATURE_FIELD_NUMBER: _ClassVar[int]
    TOP_P_FIELD_NUMBER: _ClassVar[int]
    MAX_TOKENS_FIELD_NUMBER: _ClassVar[int]
    temperature: float
    top_p: float
    max_tokens: int
    def __init__(self, temperature: _Optional[float] = ..., top_p: _Optional[float] = ..., max_tokens: _Optional[int] = ...) -> None: ...

class ModelIdentity(_message.Message):
    __slots__ = ("name", "version", "tokenizer", "template", "parameters")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    TOKENIZER_FIELD_NUMBER: _ClassVar[int]
    TEMPLATE_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    name: str
    version: str
    tokenizer: str
    template: str
    parameters: int
    def __init__(self, name: _Optional[str] = ..., version: _Optional[str] = ..., tokenizer: _Optional[str] = ..., template: _Optional[str] = ..., parameters: _Optional[int] = ...) -> None: ...

class Input(_message.Message):
    __slots__ = ("alphabet", "max_problem_tokens")
    ALPHABET_FIELD_NUMBER: _ClassVar[int]
    MAX_PROBLEM_TOKENS_FIELD_NUMBER: _ClassVar[int]
    alphabet: str
    max_problem_tokens: int
    def __init__(self, alphabet: _Optional[str] = ..., max_problem_tokens: _Optional[int] = ...) -> None: ...

class Error(_message.Message):
    __slots__ = ("code", "reason", "message", "field", "retry_delay", "waste", "unknown")
    CODE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    FIELD_FIELD_NUMBER: _ClassVar[int]
    RETRY_DELAY_FIELD_NUMBER: _ClassVar[int]
    WASTE_FIELD_NUMBER: _ClassVar[int]
    UNKNOWN_FIELD_NUMBER: _ClassVar[int]
    code: int
    reason: str
    message: str
    field: str
    retry_delay: _duration_pb2.Duration
    waste: Waste
    unknown: Usage
    def __init__(self, code: _Optional[int] = ..., reason: _Optional[str] = ..., message: _Optional[str] = ..., field: _Optional[str] = ..., retry_delay: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., waste: _Optional[_Union[Waste, _Mapping]] = ..., unknown: _Optional[_Union[Usage, _Mapping]] = ...) -> None: ...
