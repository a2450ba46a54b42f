"""Programs that run inside pods: plain Python, standard library only, shipped in a ConfigMap as they are here."""
