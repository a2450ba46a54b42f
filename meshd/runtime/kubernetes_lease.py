"""The leader's lease as an object of coordination.k8s.io."""

from datetime import UTC, datetime

import httpx2
from lightkube import ApiError, AsyncClient
from lightkube.models.coordination_v1 import LeaseSpec
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.coordination_v1 import Lease

from meshd.runtime.lease import DURATION_SECONDS, LeaseUnavailable, LostRace, Record

NAME = "meshd-leader"


class KubernetesLease:
    """LeaseStore in `namespace`."""

    def __init__(self, client: AsyncClient, namespace: str) -> None:
        self._client = client
        self._namespace = namespace

    async def read(self) -> Record | None:
        try:
            return _record(await self._client.get(Lease, NAME, namespace=self._namespace))
        except (ApiError, httpx2.HTTPError) as error:
            if isinstance(error, ApiError) and error.status.code == 404:
                return None
            raise LeaseUnavailable(f"cannot read Lease {self._namespace}/{NAME}: {error}") from None

    async def write(self, holder: str, transitions: int, version: str) -> Record:
        lease = Lease(
            metadata=ObjectMeta(name=NAME, namespace=self._namespace, resourceVersion=version or None),
            spec=LeaseSpec(
                holderIdentity=holder,
                leaseDurationSeconds=DURATION_SECONDS,
                leaseTransitions=transitions,
                renewTime=datetime.now(UTC),
            ),
        )
        try:
            if version:
                return _record(await self._client.replace(lease))
            return _record(await self._client.create(lease))
        except (ApiError, httpx2.HTTPError) as error:
            if isinstance(error, ApiError) and error.status.code == 409:
                raise LostRace("another replica was faster") from None
            raise LeaseUnavailable(f"cannot write Lease {self._namespace}/{NAME}: {error}") from None


def _record(lease: Lease) -> Record:
    spec = lease.spec or LeaseSpec()
    version = (lease.metadata and lease.metadata.resourceVersion) or ""
    return Record(spec.holderIdentity or "", version, spec.leaseTransitions or 0)
