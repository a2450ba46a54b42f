"""What the mesh costs, measured on the running stack."""
