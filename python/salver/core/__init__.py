"""The heart of Salver: servables, versions, sources, managers. Knows no transport, format or framework."""

from salver.core.aspired_version_policy import (
    Act,
    Action,
    AspiredServableStateSnapshot,
    AspiredVersionPolicy,
    availability_preserving_policy,
    resource_preserving_policy,
)
from salver.core.aspired_versions_manager import AspiredVersionsManager
from salver.core.basic_manager import BasicManager, OnDone
from salver.core.caching_manager import CachingManager, CachingManagerOptions, LoaderFactory
from salver.core.event_bus import Event, EventBus, Subscription
from salver.core.fast_initial_load import connect_sources_with_fast_initial_load, initial_load_threads
from salver.core.harness_state import HarnessState
from salver.core.ids import ServableId
from salver.core.loader import Loader, LoadMetadata, ResourceUnsafeLoader
from salver.core.managed_servables import ServableStateSnapshot
from salver.core.manager import Manager
from salver.core.manager_builder import AspiredVersionsManagerBuilder, OwningManager
from salver.core.manager_options import AspiredVersionsManagerOptions, BasicManagerOptions
from salver.core.path_prefix_loader_factory import PathPrefixLoaderFactory
from salver.core.residency import ResidencyLimits
from salver.core.resource_tracker import HasResourceEstimate, ResourceTracker
from salver.core.resources import GPU, MAIN, RAM_IN_BYTES, TPU, Resource, ResourceAllocation, ResourceUtil
from salver.core.retry import Backoff, RetryOptions
from salver.core.servable_data import ServableData
from salver.core.servable_handle import ServableHandle
from salver.core.servable_request import ServableRequest, VersionChoice
from salver.core.servable_state import ManagerState, ServableState
from salver.core.servable_state_monitor import PendingNotification, ServableStateMonitor
from salver.core.servable_state_table import ServableStateAndTime
from salver.core.servable_state_waits import Outcomes
from salver.core.serving_map import ServingSnapshot, ServingTable
from salver.core.simple_loader import SimpleLoader, SimpleLoaderSourceAdapter, estimate_no_resources
from salver.core.source import AspiredVersionsCallback, Source, Target, TargetBase, connect
from salver.core.source_adapter import (
    ErrorInjectingSourceAdapter,
    IdentitySourceAdapter,
    PrefixSourceAdapter,
    SourceAdapter,
    UnarySourceAdapter,
)
from salver.core.source_router import DynamicSourceRouter, SourceRouter, StaticSourceRouter
from salver.core.static_manager import StaticManager, StaticManagerBuilder
from salver.core.storage_path import StoragePath, join_path

__all__ = [
    "GPU",
    "MAIN",
    "RAM_IN_BYTES",
    "TPU",
    "Act",
    "Action",
    "AspiredServableStateSnapshot",
    "AspiredVersionPolicy",
    "AspiredVersionsCallback",
    "AspiredVersionsManager",
    "AspiredVersionsManagerBuilder",
    "AspiredVersionsManagerOptions",
    "Backoff",
    "BasicManager",
    "BasicManagerOptions",
    "CachingManager",
    "CachingManagerOptions",
    "DynamicSourceRouter",
    "ErrorInjectingSourceAdapter",
    "Event",
    "EventBus",
    "HarnessState",
    "HasResourceEstimate",
    "IdentitySourceAdapter",
    "LoadMetadata",
    "Loader",
    "LoaderFactory",
    "Manager",
    "ManagerState",
    "OnDone",
    "Outcomes",
    "OwningManager",
    "PathPrefixLoaderFactory",
    "PendingNotification",
    "PrefixSourceAdapter",
    "ResidencyLimits",
    "Resource",
    "ResourceAllocation",
    "ResourceTracker",
    "ResourceUnsafeLoader",
    "ResourceUtil",
    "RetryOptions",
    "ServableData",
    "ServableHandle",
    "ServableId",
    "ServableRequest",
    "ServableState",
    "ServableStateAndTime",
    "ServableStateMonitor",
    "ServableStateSnapshot",
    "ServingSnapshot",
    "ServingTable",
    "SimpleLoader",
    "SimpleLoaderSourceAdapter",
    "Source",
    "SourceAdapter",
    "SourceRouter",
    "StaticManager",
    "StaticManagerBuilder",
    "StaticSourceRouter",
    "StoragePath",
    "Subscription",
    "Target",
    "TargetBase",
    "UnarySourceAdapter",
    "VersionChoice",
    "availability_preserving_policy",
    "connect",
    "connect_sources_with_fast_initial_load",
    "estimate_no_resources",
    "initial_load_threads",
    "join_path",
    "resource_preserving_policy",
]
