"""What a container may use: what was asked for, the operator's exception, the share of the machine, the ceiling."""

import pytest

from router.engines.base import Identity
from router.launch import container_spec, wanted
from router.policy import MEBIBYTE, Machine, effective, limits, software_policy
from router.settings import Settings

MACHINE = Machine(10_000 * MEBIBYTE, 8.0)


def allowed(asked, machine=MACHINE, **settings):
    made = Settings.model_validate({"slots": 4, **settings})
    return limits(made, software_policy(made, "a/b:1"), asked, machine)


def memory_mb(asked, **settings):
    return (allowed(asked, **settings)[0].memory or 0) // MEBIBYTE


def test_who_asks_for_nothing_gets_the_share_of_a_slot():
    found, run_time = allowed({})
    assert (found.memory, found.cpus, found.gpus, run_time) == (2250 * MEBIBYTE, 2.0, 0, None)
    assert allowed({}, slots=16)[0].cpus == 1.0
    assert memory_mb({}, slots=1000) == 512
    assert allowed({}, Machine())[0].memory is None


def test_zero_is_no_limit():
    found, _ = allowed({}, limits={"memory_mb": 0, "cpus": 0})
    assert (found.memory, found.cpus) == (None, None)


@pytest.mark.parametrize(
    ("asked", "settings", "mb"),
    [
        ({"mem": "4000"}, {}, 4000),
        ({"mem": "4G"}, {"ceiling": {"memory_mb": 3000}}, 3000),
        ({}, {"ceiling": {"memory_mb": 1000}}, 1000),
        ({}, {"limits": {"memory_mb": 0}, "ceiling": {"memory_mb": 1000}}, 1000),
        ({"mem": "many"}, {"limits": {"memory_mb": 700}}, 700),
        ({}, {"software": {"b": {"limits": {"memory_mb": 800}}}}, 800),
        ({"mem": "9000"}, {"software": {"b": {"limits": {"memory_mb": 800}}}}, 9000),
    ],
)
def test_memory(asked, settings, mb):
    assert memory_mb(asked, **settings) == mb


@pytest.mark.parametrize(
    ("asked", "settings", "gpus"),
    [
        ({"gres": "gpu:2"}, {}, 0),
        ({"gres": "gpu:2"}, {"ceiling": {"gpus": 4}}, 2),
        ({"gres": "gpu:tesla:2"}, {"ceiling": {"gpus": 1}}, 1),
        ({"gres": "shard:1,gpu"}, {"ceiling": {"gpus": -1}}, 1),
        ({"gpus": "3"}, {"ceiling": {"gpus": -1}}, 3),
        ({"gres": "gpu:0"}, {"limits": {"gpus": 2}}, 0),
        ({"gres": "nonsense"}, {"limits": {"gpus": 2}}, 2),
        ({"gres": "gpu:3"}, {"limits": {"gpus": 2}}, 2),
    ],
)
def test_gpus_up_to_the_ceiling(asked, settings, gpus):
    assert allowed(asked, **settings)[0].gpus == gpus


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("60", 3600), ("60:00", 3600), ("1:00:30", 3630), ("1-2", 93600), ("1-0:30", 88200), ("x", None), ("0", None)],
)
def test_time_in_the_forms_of_sbatch(text, seconds):
    assert allowed({"time": text})[1] == seconds


def test_processors_that_the_machine_has():
    assert allowed({"cpus-per-task": "64"})[0].cpus == 8.0
    assert allowed({"cpus-per-task": "6"}, ceiling={"cpus": 3})[0].cpus == 3.0


def test_a_share_of_processors_is_no_claim_on_them():
    need, _ = wanted(Settings(slots=4), "docker://a/b:1", {}, MACHINE.memory)
    assert (need.cpus, need.memory) == (None, 2250 * MEBIBYTE)
    assert wanted(Settings(slots=4), "docker://a/b:1", {"cpus-per-task": "3"}, None)[0].cpus == 3.0


def test_an_exception_for_one_software_holds_for_that_one():
    made = Settings.model_validate({
        "engine": {"network": "bridge"},
        "software": {"b": {"hardening": {"read_only_root": False}, "network": "x", "mounts": {"/m": "/srv/m"}}},
    })  # fmt: skip
    loose, strict = (container_spec(made, Identity("r", 1, 1), image, (), {}) for image in ("a/b:1", "a/c:1"))
    assert (loose.hardening.read_only_root, loose.network, loose.mounts) == (False, "x", {"/m": "/srv/m"})
    assert (strict.hardening.read_only_root, strict.network, strict.mounts) == (True, "bridge", {})
    assert strict.hardening.drop_capabilities
    assert loose.hardening.no_new_privileges


def test_the_policy_as_it_counts_is_shown_by_software():
    made = Settings.model_validate({
        "name": "r", "slots": 4, "core": {"url": "http://core.example"}, "engine": {"reachable": ["ims:81"]},
        "software": {"b": {"limits": {"gpus": -1, "run_time_s": 60}, "hardening": {"read_only_root": False}}},
    })  # fmt: skip
    shown = effective(made, MACHINE)
    assert shown["(every software)"] == {
        "memory": "2250 MB", "cpus": 2.0, "processes": 4096, "gpus": 0, "run time": "no limit", "capabilities": "none",
        "new privileges": "no", "root": "read-only", "user": "the image's",
        "network": "one for each job: only core.example:80, ims:81", "mounts": {},
    }  # fmt: skip
    assert {key: shown["b"][key] for key in ("gpus", "run time", "root")} == {
        "gpus": "all", "run time": "60 s", "root": "writable",
    }  # fmt: skip
    assert "bridge" in effective(Settings(), MACHINE)["(every software)"]["network"]
