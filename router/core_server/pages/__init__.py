"""The web pages: server-rendered views of the REST API for the person who is logged in."""

from router.core_server.pages.mounting import mount

__all__ = ["mount"]
