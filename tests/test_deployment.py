"""What Seraphim is run with says what the documents promise: image, containers, units.

The files are parsed, not run: there is no Docker here. What their build steps run is run where the
image is built.
"""

import asyncio
import configparser
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml

from seraphim.operations import probe
from seraphim.settings import Settings, load
from seraphim.storage.address import database_url
from seraphim.values import entries

ROOT = Path(__file__).parents[1]
COMPOSE = "docker-compose.yml", "docker-compose.observability.yml"
UNITS = "seraphim@.service", "seraphim-audio-node.service"
VARIABLE = re.compile(r"(?<!\$)\$\{([A-Z_]+)")
OURS = {"seraphim", "lavalink", "plugins"}


def text(path: str) -> str:
    return (ROOT / path).read_text("utf-8")


def compose(path: str) -> dict[str, Any]:
    return yaml.safe_load(text(path))


SERVICES: dict[str, dict[str, Any]] = {
    name: service
    for path in reversed(COMPOSE)
    for name, service in compose(path)["services"].items()
}
STAGES = text("Dockerfile").split("\nFROM ")[1:]
INSTRUCTIONS = [
    line.strip()
    for line in re.sub(r"\\\n", " ", re.sub(r"(?m)^\s*#.*\n", "", STAGES[-1])).splitlines()
    if line.strip()
]


def instruction(name: str) -> list[str]:
    return [line.partition(" ")[2] for line in INSTRUCTIONS if line.startswith(f"{name} ")]


# --- the image ---


def test_images_are_pinned_by_a_version():
    images = [service["image"] for service in SERVICES.values()]
    images += re.findall(r"^ARG PYTHON=(\S+)", text("Dockerfile"), re.MULTILINE)
    assert len(images) == len(SERVICES) + 1
    for image in set(images) - {"seraphim:local"}:
        assert re.search(r":v?\d+\.\d+", image), image


def test_both_stages_stand_on_the_same_python():
    assert len(STAGES) == 2
    assert all(stage.startswith("${PYTHON} AS ") for stage in STAGES)


def test_only_what_is_pinned_with_its_hash_is_installed():
    installs = re.findall(r"pip install (.*)", text("Dockerfile"))
    assert len(installs) == 2
    assert "--require-hashes --only-binary :all: -r requirements.txt" in installs[0]
    assert "--no-deps --no-build-isolation ." in installs[1]


def test_nobody_in_the_image_is_root_or_can_install():
    assert instruction("USER") == ["1001:1001"]
    [run] = instruction("RUN")
    assert "install" not in run.replace("install --directory", "")
    for tool in ("/usr/local/bin/pip*", "/usr/bin/apt*", "/usr/bin/dpkg*", "ensurepip"):
        assert tool in run, tool
    assert "pip uninstall --yes setuptools pip" in STAGES[0]


def test_the_image_says_that_it_is_one_and_writes_only_to_its_volumes():
    [variables] = instruction("ENV")
    for one in ("SERAPHIM_CONTAINER=1", "PYTHONDONTWRITEBYTECODE=1", "DATA_DIR=/data"):
        assert one in shlex.split(variables)
    assert instruction("VOLUME") == ['["/data", "/logs"]']


def test_the_image_starts_the_bot_so_that_signals_reach_it():
    assert instruction("ENTRYPOINT") == ['["seraphim"]']
    assert instruction("CMD") == ['["run"]']


def test_the_health_check_is_the_probe():
    [check] = instruction("HEALTHCHECK")
    assert check.endswith('CMD ["python", "-m", "seraphim.operations.probe"]')


def test_what_is_copied_into_the_image_is_let_through_and_nothing_else():
    let = {line[1:] for line in text(".dockerignore").splitlines() if line.startswith("!")}
    assert "\n*\n" in text(".dockerignore")
    copied = re.findall(r"(?m)^COPY (?!--from)(.+) \S+$", text("Dockerfile"))
    assert {name for names in copied for name in names.split()} == let
    assert all((ROOT / name).exists() for name in let)


# --- the probe ---


class _Answer(BaseHTTPRequestHandler):
    code = 200
    asked: list[str] = []  # noqa: RUF012

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(self.code)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def visited() -> Iterator[ThreadingHTTPServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), type("Answer", (_Answer,), {"asked": []})) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("code", "ended"), [(200, 0), (503, 1), (404, 1)])
@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_the_probe_ends_with_what_healthz_says(
    visited: ThreadingHTTPServer, code: int, ended: int, host: str
):
    visited.RequestHandlerClass.code = code  # pyright: ignore[reportAttributeAccessIssue]
    environ = {"HTTP_HOST": host, "HTTP_PORT": str(visited.server_port)}
    assert probe.main(environ) == ended
    assert visited.RequestHandlerClass.asked == ["/healthz"]  # pyright: ignore[reportAttributeAccessIssue]


def test_the_probe_ends_with_1_where_nobody_listens(visited: ThreadingHTTPServer):
    visited.socket.close()
    assert probe.main({"HTTP_PORT": str(visited.server_port)}) == 1


async def _imported() -> set[str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "import sys, seraphim.operations.probe; print(*sys.modules)",
        stdout=subprocess.PIPE,
    )
    out, _ = await process.communicate()
    return set(out.decode().split())


def test_the_probe_is_small():
    modules = asyncio.run(_imported())
    assert {name for name in modules if name.startswith("seraphim")} == {
        "seraphim",
        "seraphim.operations",
        "seraphim.operations.probe",
    }
    assert not {"aiohttp", "hikari", "structlog"} & modules


# --- the containers ---


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_container_has_no_more_rights_than_it_needs(name: str):
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["init"] is True
    assert "privileged" not in service
    assert "docker.sock" not in str(service.get("volumes"))
    assert service.get("cap_add", []) == (["CHOWN"] if name == "plugins" else [])


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_container_that_stays_comes_back_and_has_a_limit(name: str):
    once = name == "plugins"
    assert SERVICES[name]["restart"] == ("no" if once else "unless-stopped")
    assert re.fullmatch(r"\d+[mg]", SERVICES[name]["mem_limit"])


def test_the_bot_waits_for_a_healthy_lavalink_and_has_time_to_stop():
    bot, lavalink = SERVICES["seraphim"], SERVICES["lavalink"]
    assert bot["depends_on"]["lavalink"] == {"condition": "service_healthy"}
    assert bot["stop_grace_period"] == "30s"
    assert load({"DISCORD_TOKEN": "MQ.x.y"}).shutdown_timeout_seconds < 30
    assert lavalink["image"].startswith("ghcr.io/lavalink-devs/lavalink:4.")
    assert lavalink["mem_limit"] == "2g"
    assert "/version" in " ".join(lavalink["healthcheck"]["test"])


def test_passwords_are_asked_for_and_none_is_given_away():
    for path in COMPOSE:
        for name, rest in re.findall(r"\$\{([A-Z_]*(?:PASSWORD|TOKEN))([^}]*)\}", text(path)):
            assert rest.startswith(":?") or rest == ":-", name


def test_only_bot_and_lavalink_reach_the_world_and_only_grafana_is_published_to_this_machine():
    networks = compose(COMPOSE[0])["networks"] | compose(COMPOSE[1])["networks"]
    assert networks["seraphim-network"] == {"internal": True}
    outside = {name for name, one in SERVICES.items() if "outside" in one.get("networks", ())}
    assert outside == {"seraphim", "lavalink"}
    assert {name for name, one in SERVICES.items() if "ports" in one} == {"grafana"}
    assert all(port.startswith("127.0.0.1:") for port in SERVICES["grafana"]["ports"])
    masquerade = "com.docker.network.bridge.enable_ip_masquerade"
    assert networks["dashboard"]["driver_opts"] == {masquerade: "false"}


def test_the_bot_calls_lavalink_by_a_name_of_the_inner_network():
    host = SERVICES["seraphim"]["environment"]["LAVALINK_HOST"]
    networks = SERVICES["lavalink"]["networks"]
    assert networks["seraphim-network"]["aliases"] == [host]
    # Between containers on the outer network nothing goes.
    assert not networks["outside"]


def test_what_a_container_keeps_is_in_volumes_that_exist():
    for path in COMPOSE:
        named = compose(path)
        volumes = {
            volume.partition(":")[0]
            for service in named["services"].values()
            for volume in service.get("volumes", ())
        }
        assert {one for one in volumes if not one.startswith(".")} == set(named["volumes"])
        for one in volumes:
            assert not one.startswith(".") or (ROOT / one).exists(), one
    assert {"data:/data", "logs:/logs"} <= set(SERVICES["seraphim"]["volumes"])
    assert "plugins:/opt/Lavalink/plugins" in SERVICES["lavalink"]["volumes"]


def test_the_settings_that_the_containers_make_are_right():
    bot = {
        **SERVICES["seraphim"]["environment"],
        **compose(COMPOSE[0])["services"]["seraphim"]["environment"],
    }
    known = {variable for _, variable, _ in entries(Settings)}
    assert {name.removesuffix("_FILE") for name in bot if name != "LOG_FILE"} - known <= {"LOG"}
    observed = compose(COMPOSE[1])["services"]["seraphim"]["environment"]
    address = re.sub(r"\$\{[^}]*\}", "word", observed["DATABASE_URL"])
    assert database_url(address)
    assert observed["HTTP_HOST"] == "0.0.0.0"
    assert observed["HTTP_TOKEN_FILE"] == "/run/secrets/http_token"


def test_lavalink_is_given_every_variable_that_its_configuration_reads():
    read = set(VARIABLE.findall(text("config/lavalink/application.yml")))
    assert read <= set(SERVICES["lavalink"]["environment"])


def test_prometheus_looks_where_the_bot_is_and_grafana_where_prometheus_is():
    prometheus = yaml.safe_load(text("config/prometheus/prometheus.yml"))
    [job] = prometheus["scrape_configs"]
    assert job["job_name"] == "seraphim"
    assert job["static_configs"] == [{"targets": ["seraphim:8080"]}]
    assert job["authorization"] == {"credentials_file": "/run/secrets/http_token"}
    for file in prometheus["rule_files"]:
        assert (ROOT / "config/prometheus" / file).exists()
    [source] = yaml.safe_load(text("config/grafana/provisioning/datasources/prometheus.yml"))[
        "datasources"
    ]
    assert source["url"] == "http://prometheus:9090"


def used_by_compose() -> set[str]:
    return {name for path in COMPOSE for name in VARIABLE.findall(text(path))}


def test_the_example_names_every_setting_and_every_variable_of_the_containers():
    named = re.findall(r"^#?([A-Z_]+)=", text(".env.example"), re.MULTILINE)
    assert len(named) == len(set(named))
    settings = {variable for _, variable, _ in entries(Settings)}
    # The last is OpenSSL's own.
    assert set(named) == settings | used_by_compose() | {"LOG_FILE", "SSL_CERT_FILE"}


# --- the units ---


def unit(name: str) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment]
    parser.read_string(text(f"config/systemd/{name}"))
    return parser


@pytest.mark.parametrize("name", UNITS)
def test_units_run_as_nobody_special_and_write_only_their_state(name: str):
    service = unit(name)["Service"]
    assert service["User"].startswith("seraphim")
    assert service["CapabilityBoundingSet"] == ""
    assert service["NoNewPrivileges"] == "yes"
    assert service["ProtectSystem"] == "strict"
    assert service["StateDirectoryMode"] == "0700"
    assert service["RestartPreventExitStatus"] == "78"


def test_the_bots_unit_is_watched_and_takes_over():
    service = unit("seraphim@.service")["Service"]
    assert service["Type"] == "notify"
    assert service["WatchdogSec"] == "30s"
    assert service["ExecStart"].endswith("seraphim run --handover")
    # It ends with 0 when another has taken over, and is not started again.
    assert service["Restart"] == "on-failure"
    assert int(service["TimeoutStopSec"].removesuffix("s")) == 30


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd")
@pytest.mark.parametrize("name", UNITS)
def test_systemd_understands_the_units(name: str, tmp_path: Path):
    # The program is not where it will be.
    there = re.sub(r"(?m)^ExecStart=\S+", "ExecStart=/bin/true", text(f"config/systemd/{name}"))
    path = tmp_path / name.replace("@", "@0.1.0")
    path.write_text(there, "utf-8")
    (tmp_path / name).write_text(there, "utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    said = [line for line in done.stderr.splitlines() if name.partition(".")[0] in line]
    assert (done.returncode, said) == (0, [])
