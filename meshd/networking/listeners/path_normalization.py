"""What is made of a request's path before rules and policies look at it, so that one path has one spelling."""

from typing import Any

from meshd.model.mesh import PathNormalization
from meshd.networking.proto import boolean


def path_normalization(kind: PathNormalization) -> dict[str, Any]:
    """Fields of HttpConnectionManager. With any kind, a path with a fragment is refused by Envoy itself.

    https://istio.io/latest/docs/ops/best-practices/security/#customize-your-system-on-path-normalization
    """
    decodes = kind is PathNormalization.DECODE_AND_MERGE_SLASHES
    return {
        "normalize_path": boolean(kind is not PathNormalization.NONE),
        "merge_slashes": decodes or kind is PathNormalization.MERGE_SLASHES,
        "path_with_escaped_slashes_action": "UNESCAPE_AND_FORWARD" if decodes else "KEEP_UNCHANGED",
    }
