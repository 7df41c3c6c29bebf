"""Commands for backups of a stack's persistent volumes, which are snapshots of them."""
