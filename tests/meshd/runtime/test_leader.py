"""What the stack grants and the code asks for fit together."""

from mesh_stack.components import control_plane_rights as rights
from meshd.api.kinds import KINDS
from meshd.runtime.kubernetes_lease import NAME


def test_the_lease_that_is_granted_is_the_one_that_is_held() -> None:
    assert rights.LEASE == NAME


def test_statuses_of_every_kind_may_be_written() -> None:
    (rule,) = [rule for rule in rights.CLUSTER_RULES if rule["resources"] == ["*/status"]]
    assert {kind.group for kind in KINDS} <= set(rights.API_GROUPS)
    assert (rule["api_groups"], rule["verbs"]) == (rights.API_GROUPS, ["patch"])
