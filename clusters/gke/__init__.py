"""A cluster in Google's cloud, declared with Pulumi's own provider: a network, private nodes, least privilege.

The only part of this room that imports pulumi, so it is imported only by a Pulumi program. Whoever runs that
needs a project with the Compute, Kubernetes Engine and IAM APIs on, credentials as for gcloud, and
`gke-gcloud-auth-plugin` on PATH, which turns them into the cluster's tokens: the kubeconfig holds none.
"""

from clusters.gke.args import GkeClusterArgs
from clusters.gke.cluster import GkeCluster

__all__ = ["GkeCluster", "GkeClusterArgs"]
