"""How each outside tool is found: on PATH, else the vendor's release, else built from its module or package."""
