"""What every service may do: asserted on the configuration and on every container there is."""

import json
from typing import Any

import pytest

from tests.system.stack import Stack, docker

ONE_SHOTS = {"secrets", "bootstrap", "migrate"}
TOOLS = {"transfer", "restore"}  # run when they are called, and leave no container
SERVERS = {"db", "app-blue", "app-green", "proxy", "backup", "drill-check"}
# A drill whose question finds no answer fails, and says it.
ASKS_NOBODY = {"drill-check"}

# Reach the folder of the backups on the host.
KEEPS_BACKUPS = {"db", "backup", "restore"}

# The exceptions, with their reasons. Whoever adds one adds it here too, and says why.
EXCEPTIONS: dict[str, dict[str, object]] = {
    # Gives each secret to its readers' users: for that it is root with these two, without network.
    "secrets": {"user": "0:0", "cap_add": ["CHOWN", "DAC_OVERRIDE"]},
}
USERS = {
    "secrets": "0:0",
    "db": "999:999",
    "bootstrap": "10001:999",
    "migrate": "10001:10001",
    "transfer": "10001:10001",
    "backup": "999:999",
    "restore": "999:999",
    "drill-check": "10001:999",
    "app-blue": "10001:10001",
    "app-green": "10001:10001",
    "proxy": "99:99",
}
NETWORKS = {
    "secrets": set(),
    "db": {"data"},
    "bootstrap": {"data"},
    "migrate": {"data"},
    "transfer": {"data"},
    "backup": set(),
    "restore": set(),
    "drill-check": set(),
    "app-blue": {"data", "web"},
    "app-green": {"data", "web"},
    "proxy": {"web", "edge"},
}


def config(stack: Stack) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(
        # With the services that only run when they are called.
        stack.compose("--profile", "tools", "config", "--format", "json").stdout
    )
    return parsed


def test_services_are_the_ones_these_tests_know(built: Stack) -> None:
    assert set(config(built)["services"]) == ONE_SHOTS | TOOLS | SERVERS


def test_only_the_proxy_publishes_and_only_on_loopback(built: Stack) -> None:
    published = {
        name: [(port["host_ip"], port["target"]) for port in service.get("ports", [])]
        for name, service in config(built)["services"].items()
    }

    assert published.pop("proxy") == [("127.0.0.1", 8080)]
    assert not any(published.values())


@pytest.mark.parametrize("name", sorted(ONE_SHOTS | TOOLS | SERVERS))
def test_configuration_of_each_service_is_hardened(built: Stack, name: str) -> None:
    service = config(built)["services"][name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service.get("cap_add", []) == EXCEPTIONS.get(name, {}).get("cap_add", [])
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["pids_limit"] > 0
    assert int(service["mem_limit"]) > 0
    assert service["memswap_limit"] == service["mem_limit"]
    assert float(service["cpus"]) > 0
    assert service["logging"]["options"] == {"max-size": "10m", "max-file": "5"}
    assert service["user"] == USERS[name]
    assert set(service.get("networks") or {}) == NETWORKS[name]
    assert service["restart"] == ("no" if name in ONE_SHOTS | TOOLS else "unless-stopped")
    for key in ("privileged", "pid", "ipc", "userns_mode", "devices", "extra_hosts"):
        assert not service.get(key), key


@pytest.mark.parametrize("name", sorted(SERVERS - ASKS_NOBODY))
def test_health_of_each_server_is_asked_without_a_shell(built: Stack, name: str) -> None:
    check = config(built)["services"][name]["healthcheck"]["test"]

    assert check[0] == "CMD"
    assert not {"sh", "bash", "curl", "wget"} & set(check)


def test_nothing_of_the_host_is_mounted_but_brought_secrets_and_backups(built: Stack) -> None:
    binds = {
        (name, mount["source"], mount.get("read_only", False))
        for name, service in config(built)["services"].items()
        for mount in service.get("volumes", [])
        if mount["type"] == "bind"
    }

    assert binds == {
        ("secrets", str(built.root / "deploy/secrets"), True),
        *((name, str(built.backups), False) for name in ("secrets", *KEEPS_BACKUPS)),
    }


def test_no_secret_has_a_default_and_none_is_in_an_environment(built: Stack) -> None:
    named = {
        key: value
        for service in config(built)["services"].values()
        for key, value in service.get("environment", {}).items()
        if "PASSWORD" in key or "SECRET" in key
    }

    assert all(key.endswith("_FILE") for key in named)
    assert all(str(value).startswith("/run/secrets/") for value in named.values())


def test_every_image_has_an_exact_tag(built: Stack) -> None:
    images = {name: service["image"] for name, service in config(built)["services"].items()}

    assert all(":" in image and not image.endswith(":latest") for image in images.values())


def test_each_image_is_built_once_and_no_registry_is_asked_for_it(built: Stack) -> None:
    services = config(built)["services"]
    # On a new server a restore may be the first command; `up` and `build` leave it aside.
    with_build = [one for name, one in services.items() if "build" in one and name != "restore"]
    builds = sorted(service["image"] for service in with_build)

    assert builds == sorted({service["image"] for service in services.values()})
    assert {service.get("pull_policy") for service in services.values()} == {"never"}


def test_only_the_proxy_is_built_without_a_network(built: Stack) -> None:
    services = config(built)["services"]

    assert {
        name: service["build"].get("network")
        for name, service in services.items()
        if "build" in service
    } == {
        **dict.fromkeys(("migrate", "app-blue", "app-green", "secrets", "backup", "restore")),
        "proxy": "none",
    }


def test_only_a_restore_writes_to_the_data_beside_the_database(built: Stack) -> None:
    mounted = {
        name: mount.get("read_only", False)
        for name, service in config(built)["services"].items()
        for mount in service.get("volumes", [])
        if mount["source"] == "pgdata"
    }

    assert mounted == {"secrets": True, "db": False, "backup": True, "restore": False}


def test_networks_of_the_database_and_the_app_are_internal(built: Stack) -> None:
    networks = config(built)["networks"]

    assert {name for name, network in networks.items() if network.get("internal")} == {
        "data",
        "web",
    }


def test_every_container_there_is_was_hardened(stack: Stack) -> None:
    containers = stack.containers()

    assert set(containers) == ONE_SHOTS | SERVERS
    for name, container in containers.items():
        found = json.loads(docker("inspect", container))[0]
        host = found["HostConfig"]
        allowed = {f"CAP_{cap}" for cap in EXCEPTIONS.get(name, {}).get("cap_add", [])}  # type: ignore[attr-defined]
        assert found["Config"]["User"] == USERS[name], name
        assert host["ReadonlyRootfs"], name
        assert host["CapDrop"] == ["ALL"], name
        assert {f"CAP_{cap.removeprefix('CAP_')}" for cap in host["CapAdd"] or []} == allowed, name
        assert host["SecurityOpt"] == ["no-new-privileges:true"], name
        assert host["PidsLimit"] > 0, name
        assert host["Memory"] > 0, name
        assert host["MemorySwap"] == host["Memory"], name
        assert host["NanoCpus"] > 0, name
        assert not host["Privileged"], name
        assert host["LogConfig"]["Config"] == {"max-size": "10m", "max-file": "5"}, name
        assert not [m for m in found["Mounts"] if "docker.sock" in m["Source"]], name
        # A volume without a name would be left behind by every new container.
        named = [m["Name"] for m in found["Mounts"] if m["Type"] == "volume"]
        assert all(volume.startswith(f"{stack.name}_") for volume in named), name


def test_only_the_proxy_has_a_port_on_the_host(stack: Stack) -> None:
    bound = {
        name: json.loads(docker("inspect", container))[0]["HostConfig"]["PortBindings"] or {}
        for name, container in stack.containers().items()
    }

    assert bound.pop("proxy") == {
        "8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(stack.port)}]
    }
    assert not any(bound.values())


@pytest.mark.parametrize("name", sorted(SERVERS))
def test_process_has_no_capability_and_can_gain_none(stack: Stack, name: str) -> None:
    status = stack.exec(name, "cat", "/proc/1/status").stdout

    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert {key: int(fields[key], 16) for key in ("CapPrm", "CapEff", "CapBnd")} == {
        "CapPrm": 0,
        "CapEff": 0,
        "CapBnd": 0,
    }
    assert fields["NoNewPrivs"] == "1"


@pytest.mark.parametrize("name", sorted(SERVERS))
def test_root_file_system_cannot_be_written(stack: Stack, name: str) -> None:
    result = stack.exec(name, "sh", "-c", "echo x > /var/tmp/x || echo x > /x", check=False)

    assert result.returncode != 0
    assert "Read-only file system" in result.stderr
