"""What `pulumi up` deploys: typed components. The only room that imports pulumi."""
