"""Which checkout a cluster belongs to: only its maker's state has the keys that the proxies in it trust."""

from __future__ import annotations

import uuid

from toolchain.paths import state_dir


def checkout_id() -> str:
    """Of this checkout's state, made when missing: state that was thrown away is another one's."""
    file = state_dir() / "id"
    if not file.exists():
        file.write_text(uuid.uuid4().hex)
    return file.read_text()
