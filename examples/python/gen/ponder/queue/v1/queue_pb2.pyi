import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from ponder.policy.v1 import policy_pb2 as _policy_pb2
from ponder.reasoning.v1 import reasoning_pb2 as _reasoning_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ExpansionJob(_message.Message):
    __slots__ = ("version", "job_id", "epoch", "expansion", "enqueued_at", "deadline")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    EXPANSION_FIELD_NUMBER: _ClassVar[int]
    ENQUEUED_AT_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_FIELD_NUMBER: _ClassVar[int]
    version: int
    job_id: str
    epoch: str
    expansion: _policy_pb2.Expansion
    enqueued_at: _timestamp_pb2.Timestamp
    deadline: _timestamp_pb2.Timestamp
    def __init__(self, version: _Optional[int] = ..., job_id: _Optional[str] = ..., epoch: _Optional[str] = ..., expansion: _Optional[_Union[_policy_pb2.Expansion, _Mapping]] = ..., enqueued_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., deadline: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ExpansionResult(_message.Message):
    __slots__ = ("job_id", "worker", "attempt", "queue_wait", "claim", "child", "error", "stopped")
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    WORKER_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    QUEUE_WAIT_FIELD_NUMBER: _ClassVar[int]
    CLAIM_FIELD_NUMBER: _ClassVar[int]
    CHILD_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    STOPPED_FIELD_NUMBER: _ClassVar[int]
    job_id: str
    worker: str
    attempt: int
    queue_wait: _duration_pb2.Duration
    claim: Claim
    child: _policy_pb2.Child
    error: _reasoning_pb2.Error
    stopped: Stopped
    def __init__(self, job_id: _Optional[str] = ..., worker: _Optional[str] = ..., attempt: _Optional[int] = ..., queue_wait: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., claim: _Optional[_Union[Claim, _Mapping]] = ..., child: _Optional[_Union[_policy_pb2.Child, _Mapping]] = ..., error: _Optional[_Union[_reasoning_pb2.Error, _Mapping]] = ..., stopped: _Optional[_Union[Stopped, _Mapping]] = ...) -> None: ...

class Claim(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Stopped(_message.Message):
    __slots__ = ("vain",)
    VAIN_FIELD_NUMBER: _ClassVar[int]
    vain: _reasoning_pb2.Usage
    def __init__(self, vain: _Optional[_Union[_reasoning_pb2.Usage, _Mapping]] = ...) -> None: ...

class ResultReply(_message.Message):
    __slots__ = ("missing",)
    MISSING_FIELD_NUMBER: _ClassVar[int]
    missing: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, missing: _Optional[_Iterable[int]] = ...) -> None: ...
