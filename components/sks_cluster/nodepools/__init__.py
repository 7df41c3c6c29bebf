"""The nodes of an SKS cluster."""
