"""Jobs as a Grails Core runs them: parameters, messages, topology, kill, copy, log, data, purge."""

import json
from contextlib import suppress
from types import SimpleNamespace
from uuid import uuid4

import pika
import pytest

from tests.support.core_api import Api
from tests.support.waiting import wait_for

QUEUE = "queueProcessingServerLocal-server"
KEYS = ("cytomine_public_key", "cytomine_private_key")
COMMAND = (
    "singularity run x-1.simg [CYTOMINE_HOST] [CYTOMINE_PUBLIC_KEY] [CYTOMINE_PRIVATE_KEY] "
    "[CYTOMINE_ID_PROJECT] [CYTOMINE_ID_SOFTWARE] [SIZE] [LABEL] [IMAGES]"
)


@pytest.fixture
def software(admin):
    return make_software(admin)


def make_software(admin):
    server = admin.get("processing_server.json")["collection"][0]["id"]
    body = {
        "name": f"soft{uuid4().hex[:6]}",
        "softwareVersion": "1",
        "executeCommand": COMMAND,
        "pullingCommand": "singularity pull --name x-1.simg docker://x/x:1",
        "defaultProcessingServer": server,
    }
    found = admin.post("software.json", body)["software"]
    types = {"cytomine_id_project": "Number", "cytomine_id_software": "Number"}
    names = ("cytomine_host", *KEYS, "cytomine_id_project", "cytomine_id_software")
    for name in names:
        add(admin, found["id"], name, types.get(name, "String"), required=True, setByServer=True)
    found["size"] = add(admin, found["id"], "size", "Number", defaultValue="5")
    found["label"] = add(admin, found["id"], "label", "String", defaultValue="")
    found["images"] = add(admin, found["id"], "images", "ListDomain", required=True)
    found["gpus"] = add(admin, found["id"], "gpus", "Number", defaultValue="2", serverParameter=True)
    return found


def add(admin, software, name, kind, **more):
    body = {"name": name, "type": kind, "software": software, "commandLineFlag": f"--{name}", **more}
    return admin.post("software_parameter.json", body)["softwareparameter"]["id"]


def launch(admin, place, software, **values):
    params = [{"softwareParameter": software[name], "value": value} for name, value in values.items()]
    body = {"project": place.project, "software": software["id"], "params": params}
    return admin.post("job.json", body)["job"]


def test_new_job_has_an_account_that_acts_for_its_launcher(admin, place, software):
    job = launch(admin, place, software, images="1,2")
    assert (job["status"], job["progress"], job["number"], job["rate"]) == (0, 0, 1, -1)
    assert job["softwareName"] == f"{software['name']} (1)"
    assert job["username"] == "admin"
    account = admin.get(f"user/{job['userJob']}.json")
    assert account["algo"] is True
    assert account["username"].startswith("JOB[admin], ")
    as_job = Api(admin.url, account["publicKey"], account["privateKey"])
    current = as_job.get("user/current.json")
    assert (current["id"], current["algo"], current["job"]) == (job["userJob"], True, job["id"])
    assert current["user"] == admin.get("user/current.json")["id"]
    assert current["humanUsername"] == "admin"
    assert launch(admin, place, software)["number"] == 2


def test_set_by_server_parameters_stay_hidden_unless_asked_for(admin, software):
    shown = {item["name"] for item in admin.get(f"software/{software['id']}.json")["parameters"]}
    assert shown == {"size", "label", "images", "gpus"}
    path = f"software/{software['id']}/software_parameter.json"
    assert admin.get(f"{path}?withSetByServer=True&max=0&offset=0")["size"] == 9
    assert admin.get(path)["size"] == 4
    defaults = {item["name"]: item["defaultParamValue"] for item in admin.get(path)["collection"]}
    assert defaults == {"size": "5", "label": None, "images": None, "gpus": "2"}


def test_put_resets_what_the_body_does_not_name(admin, place, software):
    job = launch(admin, place, software)
    full = {**job, "status": 2, "progress": 40, "statusComment": "working"}
    assert admin.put(f"job/{job['id']}.json", full)["job"]["progress"] == 40
    assert admin.put(f"job/{job['id']}.json", {**full, "progress": 33.3})["job"]["progress"] == 0
    bare = {"id": job["id"], "project": job["project"], "software": job["software"]}
    replaced = admin.put(f"job/{job['id']}.json", bare)["job"]
    assert (replaced["status"], replaced["statusComment"], replaced["number"]) == (0, None, job["number"])
    assert replaced["userJob"] == job["userJob"]
    assert admin.request("PUT", f"job/{job['id']}.json", {**full, "status": 9}).status_code == 400
    assert admin.request("PUT", f"job/{job['id']}.json", {**full, "statusComment": "x" * 256}).status_code == 400
    assert admin.request("PUT", f"job/{job['id']}.json", {"id": job["id"], "status": 2}).status_code == 400


def test_execute_without_a_broker_is_500_and_leaves_no_parameters(admin, place, software):
    job = launch(admin, place, software, images="7")
    answer = admin.request("POST", f"job/{job['id']}/execute.json")
    assert answer.status_code == 500
    assert "--amqp" in answer.json()["errors"]
    assert [item["name"] for item in admin.get(f"job/{job['id']}/parameter.json")["collection"]] == ["images"]


def test_required_parameter_and_missing_command_are_refused(admin, place, software):
    job = launch(admin, place, software)
    answer = admin.request("POST", f"job/{job['id']}/execute.json")
    assert (answer.status_code, answer.json()["errors"]) == (400, "Argument images is required !")
    bare = admin.post("software.json", {"name": f"bare{uuid4().hex[:6]}"})["software"]
    job = admin.post("job.json", {"project": place.project, "software": bare["id"]})["job"]
    assert admin.request("POST", f"job/{job['id']}/execute.json").status_code == 500


def test_copy_takes_the_person_s_parameters_only(admin, place, software):
    job = launch(admin, place, software, images="3", size="9")
    copy = admin.post(f"job/{job['id']}/copy.json")["job"]
    assert copy["id"] != job["id"]
    assert {item["name"]: item["value"] for item in copy["jobParameters"]} == {"images": "3", "size": "9"}
    assert admin.post(f"job/{job['id']}/favorite.json", {"favorite": True})["favorite"] is True
    assert [item["id"] for item in listing(admin, place, "favorite[in]=true")] == [job["id"]]


def listing(admin, place, query):
    return admin.get(f"job.json?project={place.project}&{query}")["collection"]


def test_list_filters(admin, place, software):
    jobs = [launch(admin, place, software) for _ in range(3)]
    admin.put(f"job/{jobs[1]['id']}.json", {**jobs[1], "status": 3})
    assert [job["id"] for job in listing(admin, place, "status[in]=3,4")] == [jobs[1]["id"]]
    assert len(listing(admin, place, "username[in]=admin")) == 3
    assert listing(admin, place, "username[in]=somebody") == []
    newest = listing(admin, place, f"software={software['id']}&sort=created&order=desc&max=2&offset=0&light=true")
    assert [job["id"] for job in newest] == [jobs[2]["id"], jobs[1]["id"]]
    bounds = admin.get(f"project/{place.project}/bounds/job.json")
    assert [item["id"] for item in bounds["software"]["list"]] == [software["id"]]
    assert bounds["username"]["list"] == ["admin"]


def test_log_and_data_and_deleting_all(admin, place, software):
    job = launch(admin, place, software)
    assert admin.request("GET", f"job/{job['id']}/log.json").status_code == 404
    query = f"domainClassName=be.cytomine.processing.Job&domainIdent={job['id']}&filename=log.out"
    attached = admin.upload(f"attachedfile.json?{query}", "1234file", b"first line\n\xff")
    assert attached["filename"] == "log.out"
    log = admin.get(f"job/{job['id']}/log.json")
    assert log["data"] == "first line\n\ufffd"
    assert admin.get(f"attachedfile/{attached['id']}/download") == b"first line\n\xff"
    data = admin.post("jobdata.json", {"job": job["id"], "key": "out", "filename": "a/b.txt"})["jobdata"]
    assert admin.upload(f"jobdata/{data['id']}/upload", "b.txt", b"xyz")["size"] == 3
    assert admin.get(f"jobdata/{data['id']}/download") == b"xyz"
    account = admin.get(f"user/{job['userJob']}.json")
    as_job = Api(admin.url, account["publicKey"], account["privateKey"])
    body = {"location": "POINT (5 5)", "image": place.image, "term": [place.terms[0]]}
    found = as_job.post("annotation.json", body)["annotation"]
    assert found["class"] == "be.cytomine.ontology.AlgoAnnotation"
    assert admin.get(f"job/{job['id']}/alldata.json") == {
        "annotations": 1, "annotationsTerm": 1, "jobDatas": 1, "reviewed": 0,
    }  # fmt: skip
    admin.post(f"annotation/{found['id']}/review.json", {"id": found["id"], "terms": []})
    assert admin.request("DELETE", f"job/{job['id']}/alldata.json").status_code == 400
    admin.delete(f"annotation/{found['id']}/review.json")
    admin.delete(f"job/{job['id']}/alldata.json?task=1")
    for path in (
        f"job/{job['id']}",
        f"annotation/{found['id']}",
        f"attachedfile/{attached['id']}",
        f"jobdata/{data['id']}",
    ):
        assert admin.request("GET", f"{path}.json").status_code == 404
    assert admin.request("GET", f"attachedfile/{attached['id']}/download").status_code == 404


def test_newer_software_follows_into_projects_and_deprecates_as_texts_compare(admin, place):
    name = f"versions{uuid4().hex[:6]}"
    old = {version: admin.post("software.json", {"name": name, "softwareVersion": version})["software"]["id"]
           for version in ("v10", "v9")}  # fmt: skip
    admin.post("softwareproject.json", {"software": old["v9"], "project": place.project})
    assert admin.get(f"software/{old['v10']}.json")["deprecated"] is True
    assert admin.get(f"software/{old['v9']}.json")["deprecated"] is False
    new = admin.post("software.json", {"name": name, "softwareVersion": "v9.1"})["software"]["id"]
    linked = admin.get(f"project/{place.project}/software.json")["collection"]
    assert {item["id"]: item["deprecated"] for item in linked} == {old["v9"]: True, new: False}
    assert admin.request("POST", "software.json", {"name": name, "softwareVersion": "v9"}).status_code == 409
    assert admin.request("POST", "software.json", {"name": name}).status_code == 409


def test_user_job_of_the_first_clients(admin, place, software):
    body = {"software": software["id"], "project": place.project, "parent": None, "job": None}
    found = admin.post("userJob.json", body)["userJob"]
    assert {"publicKey", "privateKey", "job"} <= set(found)
    assert admin.get(f"job/{found['job']}.json")["userJob"] == found["id"]
    listed = admin.get(f"project/{place.project}/userjob.json")["collection"]
    assert [(item["id"], item["idJob"]) for item in listed] == [(found["id"], found["job"])]
    tree = admin.get(f"project/{place.project}/userjob.json?tree=true")
    assert tree["children"][0]["children"][0]["id"] == found["id"]


@pytest.mark.docker
class TestThroughRabbitMQ:
    @pytest.fixture
    def launched(self, embedded_core, amqp):
        core = embedded_core(amqp)
        keys = core.keys["admin"]
        return Api(core.url, keys["publicKey"], keys["privateKey"]), amqp

    def receive(self, url, queue):
        found = []

        def arrived():
            # Core declares its queues in the background; asking for one that is not there yet ends the channel
            with (
                suppress(pika.exceptions.ChannelClosedByBroker),
                pika.BlockingConnection(pika.URLParameters(url)) as at,
            ):
                method, properties, body = at.channel().basic_get(queue, auto_ack=True)
                if method:
                    found.append((method, properties, json.loads(body)))
            return found

        wait_for(f"a message on {queue}", arrived, timeout=30)
        return found[0]

    def test_job_is_published_exactly_as_a_grails_core_does(self, launched):
        admin, url = launched
        method, properties, announced = self.receive(url, "queueCommunication")
        assert announced == {
            "requestType": "addProcessingServer", "name": QUEUE, "host": "127.0.0.1",
            "exchange": "exchangeProcessingServerLocal-server",
            "processingServerId": admin.get("processing_server.json")["collection"][0]["id"],
        }  # fmt: skip
        place, software = prepared(admin)
        job = launch(admin, place, software, images="12,13", label="a b")
        answer = admin.get(f"job/{job['id']}/execute.json")
        assert (answer["id"], answer["status"]) == (job["id"], 0)
        method, properties, message = self.receive(url, QUEUE)
        assert (method.exchange, method.routing_key) == ("exchangeProcessingServerLocal-server", "")
        assert (properties.content_type, properties.delivery_mode, properties.headers) == ("text/plain", 2, None)
        account = admin.get(f"user/{job['userJob']}.json")
        assert message == {
            "requestType": "execute",
            "jobId": job["id"],
            "command": [
                "singularity", "run", "x-1.simg", "--cytomine_host", admin.url,
                "--cytomine_public_key", account["publicKey"], "--cytomine_private_key", account["privateKey"],
                "--cytomine_id_project", str(place.project), "--cytomine_id_software", str(software["id"]),
                "--size", "5", "--label", "a", "b", "--images", "12,13",
            ],
            "pullingCommand": "singularity pull --name x-1.simg docker://x/x:1",
            "serverParameters": {"gpus": "2"},
        }  # fmt: skip
        shown = admin.get(f"job/{job['id']}.json")["jobParameters"]
        assert {item["name"]: item["value"] for item in shown if item["name"] in KEYS} == dict.fromkeys(KEYS, "*" * 21)
        unmasked = {item["name"]: item["value"] for item in admin.get(f"job/{job['id']}/parameter.json")["collection"]}
        assert unmasked["cytomine_private_key"] == account["privateKey"]
        assert admin.request("POST", f"job/{job['id']}/execute.json").status_code == 409
        admin.post(f"job/{job['id']}/kill.json")
        assert self.receive(url, QUEUE)[2] == {"requestType": "kill", "jobId": job["id"]}

    def test_new_server_has_its_queue_and_is_announced(self, launched):
        admin, url = launched
        self.receive(url, "queueCommunication")
        server = admin.post("processing_server.json", {"name": "gpu-1", "host": "x"})["processingserver"]
        assert server["amqpQueue"]["name"] == "queueProcessingServerGpu-1"
        assert self.receive(url, "queueCommunication")[2]["processingServerId"] == server["id"]
        admin.put(f"processing_server/{server['id']}.json", server)
        expected = {"requestType": "updateProcessingServer", "processingServerId": server["id"]}
        assert self.receive(url, "queueProcessingServerGpu-1")[2] == expected


def prepared(admin):
    """A project and a software without a slide."""
    project = admin.post("project.json", {"name": f"p{uuid4().hex[:6]}"})["project"]["id"]
    return SimpleNamespace(project=project), make_software(admin)
