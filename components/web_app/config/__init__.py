"""An application's configuration and secrets."""
