"""Route configurations and their virtual hosts, sent one by one (VHDS)."""
