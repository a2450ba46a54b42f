"""How each outside tool is found: on PATH, else its vendor's release, else built from its module."""
