"""The embedded Core: tiles of a huge slide, viewports among a million annotations, bulk inserts while others read."""

from __future__ import annotations

import random
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.measure import seconds
from tests.bench.record import Measurement
from tests.support.core import EmbeddedCore
from tests.support.core_api import Api
from tests.support.huge_tiff import write_huge_tiff

SIDE = 100_000
MANY = 1_000_000
BULK = 100_000
CHUNK = 5_000
VIEWPORT = 1_000


@contextmanager
def server() -> Iterator[tuple[EmbeddedCore, Api]]:
    """A Core of its own and its administrator."""
    with tempfile.TemporaryDirectory() as folder:
        core = EmbeddedCore(Path(folder) / "data", "127.0.0.1")
        try:
            keys = core.keys["admin"]
            yield core, Api(core.url, keys["publicKey"], keys["privateKey"])
        finally:
            core.stop()


def resident_mb(core: EmbeddedCore) -> float:
    """Most memory the server ever had, MB."""
    status = Path(f"/proc/{core.process.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def tiles() -> Iterator[Measurement]:
    """First tile of a 100,000 x 100,000 pyramid just after a start, then the median of random ones."""
    firsts, found = [], []
    with tempfile.TemporaryDirectory() as folder, server() as (core, admin):
        slide = write_huge_tiff(Path(folder) / "huge.tif", SIDE, SIDE)
        project = admin.post("project.json", {"name": "bench"})["project"]["id"]
        storage = admin.get("storage.json")["collection"][0]["id"]
        query = f"/upload?storage={storage}&projects={project}&sync=true"
        instance = admin.upload(query, slide.name, slide.read_bytes())[0]["images"][0]["imageInstances"][0]
        part = admin.get(f"imageinstance/{instance['id']}/sliceinstance/reference.json")["id"]
        top = instance["zoom"]

        def tile(zoom: int, column: int, row: int) -> bytes:
            path = f"sliceinstance/{part}/normalized-tile/zoom/{zoom}/tx/{column}/ty/{row}.jpg"
            picture: bytes = admin.get(path)
            return picture

        for _ in range(5):
            core.process.stop()
            core.restart()
            firsts.append(seconds(lambda: tile(top, 190, 190)))
        rng = random.Random(1)
        for _ in range(300):
            zoom = rng.randint(top - 3, top)
            last = (SIDE >> (top - zoom)) // 256 - 1
            column, row = rng.randint(0, last), rng.randint(0, last)
            found.append(seconds(lambda z=zoom, c=column, r=row: tile(z, c, r)))
        admin.get(f"imageinstance/{instance['id']}/thumb.jpg?maxSize=1024")
        admin.get(f"imageinstance/{instance['id']}/window-0-0-8000-8000.jpg?maxSize=512")
        memory = resident_mb(core)
    yield Measurement("core.first_tile_ms", 1000 * min(firsts), "ms", "<= 200")
    yield Measurement("core.tile_p50_ms", 1000 * statistics.median(found), "ms", "<= 10")
    yield Measurement("core.rss_mb", memory, "MB", "<= 600")


def polygons(count: int, image: int, rng: random.Random) -> list[dict[str, object]]:
    """Octagons of up to 40 pixels anywhere in the image."""
    bodies: list[dict[str, object]] = []
    for _ in range(count):
        x, y, r = rng.uniform(50, SIDE - 50), rng.uniform(50, SIDE - 50), rng.uniform(4, 20)
        c = 0.7 * r
        ring = [(r, 0), (c, c), (0, r), (-c, c), (-r, 0), (-c, -c), (0, -r), (c, -c), (r, 0)]
        points = ", ".join(f"{x + dx:.2f} {y + dy:.2f}" for dx, dy in ring)
        bodies.append({"location": f"POLYGON (({points}))", "image": image})
    return bodies


def annotations() -> Iterator[Measurement]:
    """Insert 100,000 polygons while two readers look, fill up to a million, then look through windows of 1,000."""
    with server() as (_, admin):
        project = admin.post("project.json", {"name": "bench"})["project"]["id"]
        body = {"originalFilename": "huge", "width": SIDE, "height": SIDE}
        base = admin.post("abstractimage.json", body)["abstractimage"]["id"]
        image = admin.post("imageinstance.json", {"baseImage": base, "project": project})["imageinstance"]["id"]
        rng, spent, stop = random.Random(1), 0.0, threading.Event()

        def look() -> None:
            while not stop.is_set():
                admin.get(f"annotation.json?image={image}&bbox=0,0,2000,2000&showWKT=true")
                time.sleep(0.05)

        readers = [threading.Thread(target=look) for _ in range(2)]
        for reader in readers:
            reader.start()
        for done in range(0, MANY, CHUNK):
            bodies = polygons(CHUNK, image, rng)
            if done == BULK:
                stop.set()
            took = seconds(lambda some=bodies: admin.post("annotation.json", some))
            spent += took if done < BULK else 0.0
        for reader in readers:
            reader.join()
        side = SIDE * (VIEWPORT / MANY) ** 0.5

        def view(left: float, bottom: float) -> None:
            window = f"bbox={left},{bottom},{left + side},{bottom + side}"
            size = admin.get(f"annotation.json?image={image}&{window}&showWKT=true&showTerm=true")["size"]
            if not VIEWPORT * 0.8 < size < VIEWPORT * 1.2:
                raise AssertionError(f"a window of about {VIEWPORT} annotations holds {size}")

        places = [(rng.uniform(0, SIDE - side), rng.uniform(0, SIDE - side)) for _ in range(6)]
        views = [min(seconds(lambda at=place: view(*at)) for _ in range(5)) for place in places]
    yield Measurement("core.bulk_insert_per_s", BULK / spent, "1/s", ">= 5000")
    yield Measurement("core.viewport_1m_ms", 1000 * statistics.median(views), "ms", "<= 50")


BENCHES = {
    ("core.first_tile_ms", "core.tile_p50_ms", "core.rss_mb"): tiles,
    ("core.bulk_insert_per_s", "core.viewport_1m_ms"): annotations,
}
