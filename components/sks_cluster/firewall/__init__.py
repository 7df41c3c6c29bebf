"""The firewall of an SKS cluster's nodes."""
