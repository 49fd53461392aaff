"""Scripts of others: exactly what the manifest says, each with its licence."""

import hashlib
import json

from router.core_server.pages.rendering import STATIC

MANIFEST = json.loads((STATIC / "MANIFEST.json").read_text())


def test_every_script_is_the_one_in_the_manifest() -> None:
    assert {item["package"] for item in MANIFEST} == {"htmx.org", "openseadragon"}
    for item in MANIFEST:
        assert hashlib.sha256((STATIC / item["file"]).read_bytes()).hexdigest() == item["sha256"], item["file"]


def test_every_script_has_its_licence_and_nothing_else_lies_there() -> None:
    named = {item[key] for item in MANIFEST for key in ("file", "licence_file")}

    assert {f"vendor/{path.name}" for path in (STATIC / "vendor").iterdir()} == named
    for item in MANIFEST:
        assert (
            "permission" in (STATIC / item["licence_file"]).read_text().lower()
            or "redistribution" in (STATIC / item["licence_file"]).read_text().lower()
        )
