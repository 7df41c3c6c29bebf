"""Parts of manifests that several components have."""
