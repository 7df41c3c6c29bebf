"""Who may connect to an application."""
