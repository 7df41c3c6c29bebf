"""The nodepools of an SKS cluster and their nodes."""
