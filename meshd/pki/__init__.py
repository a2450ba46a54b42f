"""Who is who: the mesh's certificate authority and the short-lived certificates of its workloads."""
