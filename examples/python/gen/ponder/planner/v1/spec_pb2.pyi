import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from ponder.planner.v1 import strategy_pb2 as _strategy_pb2
from ponder.reasoning.v1 import reasoning_pb2 as _reasoning_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
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

class AnswerKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ANSWER_KIND_UNSPECIFIED: _ClassVar[AnswerKind]
    ANSWER_KIND_AUTO: _ClassVar[AnswerKind]
    ANSWER_KIND_NUMBER: _ClassVar[AnswerKind]
    ANSWER_KIND_EXPRESSION: _ClassVar[AnswerKind]
    ANSWER_KIND_CHOICE: _ClassVar[AnswerKind]
    ANSWER_KIND_TEXT: _ClassVar[AnswerKind]
    ANSWER_KIND_CODE: _ClassVar[AnswerKind]

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
EFFORT_UNSPECIFIED: Effort
EFFORT_NONE: Effort
EFFORT_MINIMAL: Effort
EFFORT_LOW: Effort
EFFORT_MEDIUM: Effort
EFFORT_HIGH: Effort
EFFORT_XHIGH: Effort
EFFORT_MAX: Effort
ANSWER_KIND_UNSPECIFIED: AnswerKind
ANSWER_KIND_AUTO: AnswerKind
ANSWER_KIND_NUMBER: AnswerKind
ANSWER_KIND_EXPRESSION: AnswerKind
ANSWER_KIND_CHOICE: AnswerKind
ANSWER_KIND_TEXT: AnswerKind
ANSWER_KIND_CODE: AnswerKind
THINKING_MODE_UNSPECIFIED: ThinkingMode
THINKING_MODE_FORCE: ThinkingMode
THINKING_MODE_REJECT: ThinkingMode
THINKING_MODE_ADVISE: ThinkingMode
THINKING_ADVICE_UNSPECIFIED: ThinkingAdvice
THINKING_ADVICE_TOKENS: ThinkingAdvice
THINKING_ADVICE_STEPS: ThinkingAdvice
THINKING_ADVICE_SHORT: ThinkingAdvice
THINKING_ADVICE_LONG: ThinkingAdvice

class SearchSpec(_message.Message):
    __slots__ = ("problem", "policy", "verifier", "effort", "budget", "deadline", "strategy", "choice", "sampling", "seed", "thinking", "estimate_difficulty", "target_confidence", "answer_kind", "no_store")
    PROBLEM_FIELD_NUMBER: _ClassVar[int]
    POLICY_FIELD_NUMBER: _ClassVar[int]
    VERIFIER_FIELD_NUMBER: _ClassVar[int]
    EFFORT_FIELD_NUMBER: _ClassVar[int]
    BUDGET_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_FIELD_NUMBER: _ClassVar[int]
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    CHOICE_FIELD_NUMBER: _ClassVar[int]
    SAMPLING_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    THINKING_FIELD_NUMBER: _ClassVar[int]
    ESTIMATE_DIFFICULTY_FIELD_NUMBER: _ClassVar[int]
    TARGET_CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    ANSWER_KIND_FIELD_NUMBER: _ClassVar[int]
    NO_STORE_FIELD_NUMBER: _ClassVar[int]
    problem: str
    policy: str
    verifier: str
    effort: Effort
    budget: Budget
    deadline: _timestamp_pb2.Timestamp
    strategy: _strategy_pb2.Strategy
    choice: _strategy_pb2.Choice
    sampling: _reasoning_pb2.Sampling
    seed: int
    thinking: Thinking
    estimate_difficulty: bool
    target_confidence: float
    answer_kind: AnswerKind
    no_store: bool
    def __init__(self, problem: _Optional[str] = ..., policy: _Optional[str] = ..., verifier: _Optional[str] = ..., effort: _Optional[_Union[Effort, str]] = ..., budget: _Optional[_Union[Budget, _Mapping]] = ..., deadline: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., strategy: _Optional[_Union[_strategy_pb2.Strategy, _Mapping]] = ..., choice: _Optional[_Union[_strategy_pb2.Choice, _Mapping]] = ..., sampling: _Optional[_Union[_reasoning_pb2.Sampling, _Mapping]] = ..., seed: _Optional[int] = ..., thinking: _Optional[_Union[Thinking, _Mapping]] = ..., estimate_difficulty: _Optional[bool] = ..., target_confidence: _Optional[float] = ..., answer_kind: _Optional[_Union[AnswerKind, str]] = ..., no_store: _Optional[bool] = ...) -> None: ...

class Budget(_message.Message):
    __slots__ = ("policy_tokens", "verifier_tokens", "flops", "samples", "price_per_error")
    POLICY_TOKENS_FIELD_NUMBER: _ClassVar[int]
    VERIFIER_TOKENS_FIELD_NUMBER: _ClassVar[int]
    FLOPS_FIELD_NUMBER: _ClassVar[int]
    SAMPLES_FIELD_NUMBER: _ClassVar[int]
    PRICE_PER_ERROR_FIELD_NUMBER: _ClassVar[int]
    policy_tokens: int
    verifier_tokens: int
    flops: float
    samples: int
    price_per_error: float
    def __init__(self, policy_tokens: _Optional[int] = ..., verifier_tokens: _Optional[int] = ..., flops: _Optional[float] = ..., samples: _Optional[int] = ..., price_per_error: _Optional[float] = ...) -> None: ...

class Thinking(_message.Message):
    __slots__ = ("max_tokens", "min_tokens", "waits", "wait", "mode", "advice", "max_steps", "empty_wait")
    MAX_TOKENS_FIELD_NUMBER: _ClassVar[int]
    MIN_TOKENS_FIELD_NUMBER: _ClassVar[int]
    WAITS_FIELD_NUMBER: _ClassVar[int]
    WAIT_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    ADVICE_FIELD_NUMBER: _ClassVar[int]
    MAX_STEPS_FIELD_NUMBER: _ClassVar[int]
    EMPTY_WAIT_FIELD_NUMBER: _ClassVar[int]
    max_tokens: int
    min_tokens: int
    waits: int
    wait: str
    mode: ThinkingMode
    advice: ThinkingAdvice
    max_steps: int
    empty_wait: bool
    def __init__(self, max_tokens: _Optional[int] = ..., min_tokens: _Optional[int] = ..., waits: _Optional[int] = ..., wait: _Optional[str] = ..., mode: _Optional[_Union[ThinkingMode, str]] = ..., advice: _Optional[_Union[ThinkingAdvice, str]] = ..., max_steps: _Optional[int] = ..., empty_wait: _Optional[bool] = ...) -> None: ...
