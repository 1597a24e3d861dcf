"""create_app(): the whole application on one screen."""

import logging
from collections.abc import Mapping
from typing import Any

from flask import Flask
from flask.logging import default_handler
from werkzeug.middleware.proxy_fix import ProxyFix

from api import compression, errors, freshness, headers, idempotency, jwt, rates
from api.config import settings
from api.db import Database
from api.resources import BLUEPRINTS, PAGES


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """The WSGI application.

    :param config: settings that go before the environment's
    :raises ConfigError: a setting is missing or can't be used
    """
    app = Flask("lamppu", static_folder=None)
    app.url_map.merge_slashes = False  # a redirect from `//goals` would be an answer in HTML
    app.config.update(settings(config))
    log = logging.getLogger("lamppu")
    log.setLevel(app.config["LOG_LEVEL"])
    log.addHandler(default_handler)
    if hops := app.config["TRUSTED_PROXIES"]:
        app.wsgi_app = ProxyFix(app.wsgi_app, hops, hops, hops)  # type: ignore[method-assign]
    app.extensions["database"] = Database(app.config["DATABASE_URL"])
    headers.register(app)
    compression.register(app)
    errors.register(app)
    jwt.init(app)
    rates.register(app)
    idempotency.register(app)
    freshness.register(app)
    for blueprint in (*BLUEPRINTS, *PAGES):
        app.register_blueprint(blueprint)
    return app
