"""The annotation of an AuthorizationPolicy that is only to be tried.

https://istio.io/latest/docs/tasks/security/authorization/authz-dry-run/
"""

from .object import ObjectMeta

DRY_RUN = "istio.io/dry-run"
_TRUE = ("1", "t", "T", "true", "TRUE", "True")
_FALSE = ("0", "f", "F", "false", "FALSE", "False")
"""As Go writes them."""


def is_dry_run(metadata: ObjectMeta) -> bool:
    """Whether the policy reports what it would do instead of doing it. What is not understood leaves it in force."""
    return metadata.annotations.get(DRY_RUN) in _TRUE


def is_understood(metadata: ObjectMeta) -> bool:
    """Whether the annotation is left out, or true or false."""
    return metadata.annotations.get(DRY_RUN, "false") in (*_TRUE, *_FALSE)
