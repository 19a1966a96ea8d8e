import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from ponder.difficulty.v1 import difficulty_pb2 as _difficulty_pb2
from ponder.planner.v1 import search_pb2 as _search_pb2
from ponder.planner.v1 import spec_pb2 as _spec_pb2
from ponder.policy.v1 import policy_pb2 as _policy_pb2
from ponder.reasoning.v1 import reasoning_pb2 as _reasoning_pb2
from ponder.verifier.v1 import verifier_pb2 as _verifier_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SolveRequest(_message.Message):
    __slots__ = ("tenant", "spec", "idempotency_key", "cancel_on_disconnect")
    TENANT_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    IDEMPOTENCY_KEY_FIELD_NUMBER: _ClassVar[int]
    CANCEL_ON_DISCONNECT_FIELD_NUMBER: _ClassVar[int]
    tenant: str
    spec: _spec_pb2.SearchSpec
    idempotency_key: str
    cancel_on_disconnect: bool
    def __init__(self, tenant: _Optional[str] = ..., spec: _Optional[_Union[_spec_pb2.SearchSpec, _Mapping]] = ..., idempotency_key: _Optional[str] = ..., cancel_on_disconnect: _Optional[bool] = ...) -> None: ...

class SolveResponse(_message.Message):
    __slots__ = ("event",)
    EVENT_FIELD_NUMBER: _ClassVar[int]
    event: _search_pb2.SearchEvent
    def __init__(self, event: _Optional[_Union[_search_pb2.SearchEvent, _Mapping]] = ...) -> None: ...

class CreateSearchRequest(_message.Message):
    __slots__ = ("tenant", "spec", "idempotency_key")
    TENANT_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    IDEMPOTENCY_KEY_FIELD_NUMBER: _ClassVar[int]
    tenant: str
    spec: _spec_pb2.SearchSpec
    idempotency_key: str
    def __init__(self, tenant: _Optional[str] = ..., spec: _Optional[_Union[_spec_pb2.SearchSpec, _Mapping]] = ..., idempotency_key: _Optional[str] = ...) -> None: ...

class CreateSearchResponse(_message.Message):
    __slots__ = ("search",)
    SEARCH_FIELD_NUMBER: _ClassVar[int]
    search: _search_pb2.Search
    def __init__(self, search: _Optional[_Union[_search_pb2.Search, _Mapping]] = ...) -> None: ...

class WatchSearchRequest(_message.Message):
    __slots__ = ("tenant", "search_id", "after_sequence")
    TENANT_FIELD_NUMBER: _ClassVar[int]
    SEARCH_ID_FIELD_NUMBER: _ClassVar[int]
    AFTER_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    tenant: str
    search_id: str
    after_sequence: int
    def __init__(self, tenant: _Optional[str] = ..., search_id: _Optional[str] = ..., after_sequence: _Optional[int] = ...) -> None: ...

class WatchSearchResponse(_message.Message):
    __slots__ = ("event",)
    EVENT_FIELD_NUMBER: _ClassVar[int]
    event: _search_pb2.SearchEvent
    def __init__(self, event: _Optional[_Union[_search_pb2.SearchEvent, _Mapping]] = ...) -> None: ...

class WaitSearchRequest(_message.Message):
    __slots__ = ("tenant", "search_id", "timeout")
    TENANT_FIELD_NUMBER: _ClassVar[int]
    SEARCH_ID_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    tenant: str
    search_id: str
    timeout: _duration_pb2.Duration
    def __init__(self, tenant: _Optional[str] = ..., search_id: _Optional[str] = ..., timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class WaitSearchResponse(_message.Message):
    __slots__ = ("search",)
    SEARCH_FIELD_NUMBER: _ClassVar[int]
    search: _search_pb2.Search
    def __init__(self, search: _Optional[_Union[_search_pb2.Search, _Mapping]] = ...) -> None: ...

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
    search: _search_pb2.Search
    def __init__(self, search: _Optional[_Union[_search_pb2.Search, _Mapping]] = ...) -> None: ...

class ListSearchesRequest(_message.Message):
    __slots__ = ("tenant", "page_size", "page_token", "states", "created_from", "created_before")
    TENANT_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    STATES_FIELD_NUMBER: _ClassVar[int]
    CREATED_FROM_FIELD_NUMBER: _ClassVar[int]
    CREATED_BEFORE_FIELD_NUMBER: _ClassVar[int]
    tenant: str
    page_size: int
    page_token: str
    states: _containers.RepeatedScalarFieldContainer[_search_pb2.SearchState]
    created_from: _timestamp_pb2.Timestamp
    created_before: _timestamp_pb2.Timestamp
    def __init__(self, tenant: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., states: _Optional[_Iterable[_Union[_search_pb2.SearchState, str]]] = ..., created_from: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., created_before: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ListSearchesResponse(_message.Message):
    __slots__ = ("searches", "next_page_token")
    SEARCHES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    searches: _containers.RepeatedCompositeFieldContainer[_search_pb2.Search]
    next_page_token: str
    def __init__(self, searches: _Optional[_Iterable[_Union[_search_pb2.Search, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ListNodesRequest(_message.Message):
    __slots__ = ("tenant", "search_id", "parent_id", "ancestor_id", "depth", "page_size", "page_token")
    TENANT_FIELD_NUMBER: _ClassVar[int]
    SEARCH_ID_FIELD_NUMBER: _ClassVar[int]
    PARENT_ID_FIELD_NUMBER: _ClassVar[int]
    ANCESTOR_ID_FIELD_NUMBER: _ClassVar[int]
    DEPTH_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    tenant: str
    search_id: str
    parent_id: str
    ancestor_id: str
    depth: int
    page_size: int
    page_token: str
    def __init__(self, tenant: _Optional[str] = ..., search_id: _Optional[str] = ..., parent_id: _Optional[str] = ..., ancestor_id: _Optional[str] = ..., depth: _Optional[int] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListNodesResponse(_message.Message):
    __slots__ = ("nodes", "next_page_token")
    NODES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    nodes: _containers.RepeatedCompositeFieldContainer[_search_pb2.Node]
    next_page_token: str
    def __init__(self, nodes: _Optional[_Iterable[_Union[_search_pb2.Node, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

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
    search: _search_pb2.Search
    def __init__(self, search: _Optional[_Union[_search_pb2.Search, _Mapping]] = ...) -> None: ...

class DeleteSearchRequest(_message.Message):
    __slots__ = ("tenant", "search_id")
    TENANT_FIELD_NUMBER: _ClassVar[int]
    SEARCH_ID_FIELD_NUMBER: _ClassVar[int]
    tenant: str
    search_id: str
    def __init__(self, tenant: _Optional[str] = ..., search_id: _Optional[str] = ...) -> None: ...

class DeleteSearchResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class PlanSearchRequest(_message.Message):
    __slots__ = ("tenant", "spec")
    TENANT_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    tenant: str
    spec: _spec_pb2.SearchSpec
    def __init__(self, tenant: _Optional[str] = ..., spec: _Optional[_Union[_spec_pb2.SearchSpec, _Mapping]] = ...) -> None: ...

class PlanSearchResponse(_message.Message):
    __slots__ = ("plan", "estimate", "bill")
    PLAN_FIELD_NUMBER: _ClassVar[int]
    ESTIMATE_FIELD_NUMBER: _ClassVar[int]
    BILL_FIELD_NUMBER: _ClassVar[int]
    plan: _search_pb2.SearchPlan
    estimate: _difficulty_pb2.Estimate
    bill: _reasoning_pb2.Bill
    def __init__(self, plan: _Optional[_Union[_search_pb2.SearchPlan, _Mapping]] = ..., estimate: _Optional[_Union[_difficulty_pb2.Estimate, _Mapping]] = ..., bill: _Optional[_Union[_reasoning_pb2.Bill, _Mapping]] = ...) -> None: ...

class ListModelsRequest(_message.Message):
    __slots__ = ("tenant",)
    TENANT_FIELD_NUMBER: _ClassVar[int]
    tenant: str
    def __init__(self, tenant: _Optional[str] = ...) -> None: ...

class ListModelsResponse(_message.Message):
    __slots__ = ("policies", "verifiers")
    POLICIES_FIELD_NUMBER: _ClassVar[int]
    VERIFIERS_FIELD_NUMBER: _ClassVar[int]
    policies: _containers.RepeatedCompositeFieldContainer[PolicyModel]
    verifiers: _containers.RepeatedCompositeFieldContainer[VerifierModel]
    def __init__(self, policies: _Optional[_Iterable[_Union[PolicyModel, _Mapping]]] = ..., verifiers: _Optional[_Iterable[_Union[VerifierModel, _Mapping]]] = ...) -> None: ...

class PolicyModel(_message.Message):
    __slots__ = ("model", "capabilities")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    CAPABILITIES_FIELD_NUMBER: _ClassVar[int]
    model: _reasoning_pb2.ModelIdentity
    capabilities: _policy_pb2.Capabilities
    def __init__(self, model: _Optional[_Union[_reasoning_pb2.ModelIdentity, _Mapping]] = ..., capabilities: _Optional[_Union[_policy_pb2.Capabilities, _Mapping]] = ...) -> None: ...

class VerifierModel(_message.Message):
    __slots__ = ("model", "aggregator", "capabilities")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    AGGREGATOR_FIELD_NUMBER: _ClassVar[int]
    CAPABILITIES_FIELD_NUMBER: _ClassVar[int]
    model: _reasoning_pb2.ModelIdentity
    aggregator: _reasoning_pb2.Aggregator
    capabilities: _verifier_pb2.Capabilities
    def __init__(self, model: _Optional[_Union[_reasoning_pb2.ModelIdentity, _Mapping]] = ..., aggregator: _Optional[_Union[_reasoning_pb2.Aggregator, str]] = ..., capabilities: _Optional[_Union[_verifier_pb2.Capabilities, _Mapping]] = ...) -> None: ...

class GetUsageRequest(_message.Message):
    __slots__ = ("tenant", "start_time", "end_time")
    TENANT_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    tenant: str
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    def __init__(self, tenant: _Optional[str] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class GetUsageResponse(_message.Message):
    __slots__ = ("bill", "search_count")
    BILL_FIELD_NUMBER: _ClassVar[int]
    SEARCH_COUNT_FIELD_NUMBER: _ClassVar[int]
    bill: _reasoning_pb2.Bill
    search_count: int
    def __init__(self, bill: _Optional[_Union[_reasoning_pb2.Bill, _Mapping]] = ..., search_count: _Optional[int] = ...) -> None: ...

class DeleteTenantRequest(_message.Message):
    __slots__ = ("tenant",)
    TENANT_FIELD_NUMBER: _ClassVar[int]
    tenant: str
    def __init__(self, tenant: _Optional[str] = ...) -> None: ...

class DeleteTenantResponse(_message.Message):
    __slots__ = ("search_count",)
    SEARCH_COUNT_FIELD_NUMBER: _ClassVar[int]
    search_count: int
    def __init__(self, search_count: _Optional[int] = ...) -> None: ...
