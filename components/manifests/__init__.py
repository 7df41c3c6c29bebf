"""Parts of manifests that several components share."""
