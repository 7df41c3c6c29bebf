"""The demo: a form, pages that link to each other, and who served them.

It takes rickroller's variables: `BEHIND_PROXY` (whether to heed `X-Forwarded-*` of the one proxy in
front) and `APP_SECRET_KEY` (which signs sessions, so that any pod takes a form of any other's). By
`APP_VERSION` it is told its version. Debian's packages run it: Flask 2.2 and Flask-WTF 1.1.
"""

import os
import secrets
import socket
import time
from collections.abc import Mapping

from flask import Flask, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

LONGEST_SLEEP = 60.0
"""Seconds that `/slow` takes at most."""


def create_app(environment: Mapping[str, str] = os.environ) -> Flask:
    """The application, as `environment` says; a WSGI server calls it."""
    app = Flask(__name__)
    app.secret_key = environment.get("APP_SECRET_KEY") or secrets.token_hex()
    CSRFProtect(app)
    if environment.get("BEHIND_PROXY", "").lower() in ("t", "1", "true", "yes", "y"):
        proxied = ProxyFix(app.wsgi_app, x_for=1, x_port=1, x_prefix=1)
        app.wsgi_app = proxied  # type: ignore[method-assign]
    host = socket.gethostname()
    version = environment.get("APP_VERSION", "development")

    @app.context_processor
    def about() -> dict[str, str]:
        return {"host": host, "version": version}

    @app.after_request
    def name_server(response: Response) -> Response:
        response.headers["X-Served-By"] = host
        return response

    @app.get("/")
    def index() -> str:
        return render_template("index.html")

    @app.post("/")
    def greet() -> ResponseReturnValue:
        return redirect(url_for("greeting", name=request.form["name"]))

    @app.get("/hello/<name>")
    def greeting(name: str) -> str:
        return render_template("greeting.html", name=name)

    @app.get("/slow")
    def slow() -> str:
        seconds = max(0.0, min(request.args.get("seconds", 5.0, type=float), LONGEST_SLEEP))
        time.sleep(seconds)
        return f"{host} took {seconds:g} s\n"

    @app.get("/healthz")
    def healthz() -> str:
        return "ok\n"

    return app
