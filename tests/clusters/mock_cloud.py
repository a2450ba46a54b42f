"""Runs a Pulumi program against a mock of Google's cloud and keeps every registration that Pulumi would send."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi.runtime import mocks

PROJECT = "a-project"
ENDPOINT = "192.0.2.7"
CERTIFICATE = "Q0E="


@dataclass
class Registration:
    """A resource as the program declared it: `inputs` by their camel-case names."""

    type: str
    name: str
    inputs: dict[str, Any]
    parent: str
    protect: bool
    ignore_changes: list[str]
    dependencies: list[str]
    custom: bool


@dataclass
class Registered:
    """What a program registered, and the outputs that its components announced at their end, by type."""

    resources: list[Registration] = field(default_factory=list)
    component_outputs: dict[str, list[str]] = field(default_factory=dict)

    def one(self, kind: str) -> Registration:
        """The only resource of a type token."""
        (found,) = (resource for resource in self.resources if resource.type == kind)
        return found

    def __getitem__(self, kind: str) -> dict[str, Any]:
        return self.one(kind).inputs


def register(program: Callable[[], Coroutine[Any, Any, None]]) -> Registered:
    """Run `program`, which declares resources and may await their outputs.

    Every event loop that Pulumi makes, one for each of its threads, is closed again.
    """
    loops: list[asyncio.AbstractEventLoop] = []

    def new_loop() -> None:
        loops.append(asyncio.new_event_loop())
        asyncio.set_event_loop(loops[-1])

    new_loop()
    executor = ThreadPoolExecutor(initializer=new_loop)
    loops[0].set_default_executor(executor)
    registered = Registered()
    mocks.set_mocks(_Cloud(), project="mesh-stack", stack="cloud", preview=False, monitor=_Monitor(registered))
    try:
        pulumi.runtime.test(program)()  # type: ignore[no-untyped-call]
    finally:
        executor.shutdown()
        asyncio.set_event_loop(None)
        for loop in loops:
            loop.close()
    return registered


class _Cloud(mocks.Mocks):
    """Gives back what it is given, with what Google adds."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[Any, Any]]:
        state = dict(args.inputs)
        if args.typ == "gcp:serviceaccount/account:Account":
            state |= {"project": PROJECT, "email": f"{state['accountId']}@{PROJECT}.example"}
        if args.typ == "gcp:container/cluster:Cluster":
            state |= {"endpoint": ENDPOINT, "masterAuth": {"clusterCaCertificate": CERTIFICATE}}
        return f"{args.name}-id", state

    def call(self, args: mocks.MockCallArgs) -> Any:
        raise AssertionError(f"the program calls {args.token}")


class _Monitor(mocks.MockMonitor):
    """Keeps what `Mocks` is not shown: parent, protection, dependencies, a component's outputs."""

    def __init__(self, registered: Registered) -> None:
        super().__init__(_Cloud())
        self._registered = registered

    def RegisterResource(self, request: Any) -> Any:
        self._registered.resources.append(
            Registration(
                type=request.type,
                name=request.name,
                inputs=pulumi.runtime.rpc.deserialize_properties(request.object, keep_unknowns=False),
                parent=request.parent,
                protect=request.protect,
                ignore_changes=list(request.ignoreChanges),
                dependencies=list(request.dependencies),
                custom=request.custom,
            )
        )
        return super().RegisterResource(request)  # type: ignore[no-untyped-call]

    def RegisterResourceOutputs(self, request: Any) -> Any:
        kind = request.urn.split("::")[2].split("$")[-1]
        self._registered.component_outputs[kind] = sorted(request.outputs)
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]
