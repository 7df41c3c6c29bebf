"""A web application: everything of it in a namespace that is there already."""

from components.web_app.web_app import WebApp

__all__ = ["WebApp"]
