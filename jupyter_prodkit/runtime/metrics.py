"""What the service counts, for Prometheus at `/metrics`; in a registry of its own, so that two services never mix."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from .release import Manifest

__all__ = ["CONTENT_TYPE", "Metrics"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """The counters of one service. Label values come from small fixed sets: no client can make the series grow."""

    def __init__(self, manifest: Manifest) -> None:
        self._registry = registry = CollectorRegistry()
        self.requests = Counter(
            "prodkit_requests", "Requests answered, by route and HTTP status.", ["route", "code"], registry=registry
        )
        self.seconds = Histogram(
            "prodkit_request_seconds",
            "From the first byte of a request for predictions to its answer, in seconds.",
            buckets=_SECONDS,
            registry=registry,
        )
        self.rows = Counter("prodkit_predicted_rows", "Rows predicted.", registry=registry)
        self.errors = Counter("prodkit_errors", "Requests that failed, by kind.", ["kind"], registry=registry)
        self.in_flight = Gauge("prodkit_in_flight", "Requests for predictions not answered yet.", registry=registry)
        known = ["name", "version", "package_version"]
        release = Gauge("prodkit_release_info", "The release that is served.", known, registry=registry)
        release.labels(manifest.name, manifest.version, manifest.package_version).set(1)

    def exposition(self) -> bytes:
        """Return all series in Prometheus' text format."""
        return generate_latest(self._registry)
