"""Tests that need real parts of the field: Prometheus, Chromium, buildah, the schema of Grafana."""
