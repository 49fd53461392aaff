"""What can be seen from outside: health, readiness, metrics, logs and pages of jobs."""

from router.http.server import Outside

__all__ = ["Outside"]
