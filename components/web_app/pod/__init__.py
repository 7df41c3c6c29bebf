"""An application's pods."""
