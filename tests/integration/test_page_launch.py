"""What pressing Start and Stop puts onto a real RabbitMQ."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pika
import requests

from tests.support import showcase
from tests.support.core import EmbeddedCore
from tests.support.waiting import wait_for

QUEUE = "queueProcessingServerLocal-server"


def next_message(amqp: str) -> dict[str, Any]:
    connection = pika.BlockingConnection(pika.URLParameters(amqp))
    try:
        channel = connection.channel()
        body = wait_for("a message", lambda: channel.basic_get(QUEUE, auto_ack=True)[2])
    finally:
        connection.close()
    message: dict[str, Any] = json.loads(body)
    return message


def test_start_publishes_the_form_and_stop_asks_for_a_kill(
    embedded_core: Callable[..., EmbeddedCore], amqp: str, slide_file: Path
) -> None:
    core = embedded_core(amqp)
    made = showcase.build(core.url, core.keys, [slide_file])
    software = showcase.add_software(made)
    names = {p["name"]: f"p{p['id']}" for p in made.admin.get(f"software/{software}")["parameters"]}

    with requests.Session() as browser:
        form = {"username": "admin", "password": core.keys["admin"]["password"]}
        browser.post(f"{core.url}/pages/login", data=form, timeout=30)
        address = f"{core.url}/pages/project/{made.project}/algorithm/{software}"
        token = re.search(r'name="csrf" value="(\w+)"', browser.get(address, timeout=30).text)
        assert token
        body = {
            "csrf": token[1],
            names["cytomine_id_images"]: str(made.slides[0]["id"]),
            names["threshold"]: "42",
            names["filter"]: "otsu",
        }
        job_page = browser.post(address, data=body, timeout=30)

        found = re.fullmatch(rf"{core.url}/pages/job/(\d+)", job_page.url)
        assert found
        job = int(found[1])
        published = next_message(amqp)
        assert (published["requestType"], published["jobId"]) == ("execute", job)
        assert "42" in published["command"]
        stored = {p["name"]: p["value"] for p in made.admin.get(f"job/{job}/parameter")["collection"]}
        assert stored["cytomine_id_images"] == str(made.slides[0]["id"])
        assert (stored["threshold"], stored["filter"], stored["union"]) == ("42", "otsu", "false")
        assert "min_area" not in stored

        stopped = browser.post(f"{job_page.url}/stop", data={"csrf": token[1]}, timeout=30)
        assert "Asked to stop" in stopped.text
        assert next_message(amqp) == {"requestType": "kill", "jobId": job}
    made.admin.close()
