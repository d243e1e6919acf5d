"""A Docker engine with one stack, as far as the rollout looks: tags, containers, a route, a history."""

import json
import sys
from dataclasses import dataclass, field

from deploy.rollout.runner import Command, Result, Runner

HELD = "import sys; print('held', flush=True); sys.stdin.read()"
STAT = "# pxname,svname,qcur,scur,status,hrsp_1xx,hrsp_2xx,hrsp_3xx,hrsp_4xx,hrsp_5xx,hrsp_other,"
BACKENDS = ("blue_none", "green_none", "blue_green", "green_blue")
IMAGE = "shop"


@dataclass
class Behaviour:
    """How one release carries itself."""

    migration: int = 0
    ready: bool = True
    schema: str = "ok"
    smoke: bool = True
    reached_by_proxy: bool = True
    errors_with_users: int = 0
    # How many looks after the flip do not see these errors yet.
    good_looks: int = 0
    dies_with_users: bool = False
    answers_users: bool = True
    crashes: bool = False
    # What it calls itself, if that is not what its image says.
    says: str = ""


@dataclass
class FakeDocker(Runner):
    """Answers the commands of a rollout, and remembers what they changed."""

    route: str = "blue_green"
    tags: dict[str, str] = field(default_factory=dict)
    containers: dict[str, str] = field(default_factory=dict)
    behaviours: dict[str, Behaviour] = field(default_factory=dict)
    history: list[str] = field(default_factory=list)
    routes: list[str] = field(default_factory=list)
    migrations: list[str] = field(default_factory=list)
    rotated: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    # Whoever is here is running; everybody else has a container that has ended.
    down: set[str] = field(default_factory=set)
    # Services that `up` cannot start.
    refused: set[str] = field(default_factory=set)
    # How often `up` will still find the database unwell.
    unwell: int = 0
    # Services that the compose files describe otherwise than when their container was made.
    edited: set[str] = field(default_factory=set)
    # How many health checks find a host that is too busy to answer.
    late: int = 0
    # How often the proxy is still seen to hold requests in a colour that it was told to leave.
    lingering: int = 0
    # How many requests each of the next looks sees in a colour.
    busy: dict[str, list[int]] = field(default_factory=dict)
    # The route that the proxy's process keeps to, whatever it is told.
    stuck: str = ""
    # The route that the proxy's process has until it is told one, if not that of its file.
    behind: str = ""
    # What holds the lock: a Python program.
    holds: str = HELD
    looks_after_flip: int = 0
    # Colours that were taken away from under a request.
    cut_off: list[str] = field(default_factory=list)
    # Whether `up` made the colours for a database that somebody else runs.
    external: bool = False

    @classmethod
    def with_release(cls, version: str) -> "FakeDocker":
        """Return an engine on which `up` has just made a stack of one release."""
        fake = cls()
        for tag in ("blue", "green", "migrate"):
            fake.tags[f"{IMAGE}:{tag}"] = version
        for service in ("app-blue", "app-green", "migrate"):
            fake.containers[service] = version
        fake.containers["drill-check"] = version
        fake.containers |= dict.fromkeys(("proxy", "db", "backup"), "other")
        return fake

    def behaviour(self, version: str) -> Behaviour:
        """Return how a release carries itself; well, unless told otherwise."""
        return self.behaviours.get(version, Behaviour())

    def hold(self, _command):
        return super().hold((sys.executable, "-c", self.holds))

    def run(self, command: Command, *, stdin: str = "", **_limits: float) -> Result:
        words = list(command)
        if words[:2] == ["docker", "compose"]:
            return self._compose(words[words.index("never") + 3 :], stdin)
        return self._docker(words[1:])

    def _docker(self, words: list[str]) -> Result:  # noqa: C901, PLR0911, PLR0912 - one case a command
        match words:
            case ["ps", *_]:
                return _said("\n".join(self.containers))
            case ["container", "inspect", *names]:
                known = [name for name in names if name in self.containers]
                return Result(
                    len(names) - len(known), json.dumps(list(map(self._described, known))), ""
                )
            case ["image", "inspect", name]:
                image = self._image(name)
                return (
                    _said(json.dumps([{"Id": image}])) if image else Result(1, "", "no such image")
                )
            case ["image", "tag", image, name]:
                self.tags[name] = self._image(image) or image
                return _said("")
            case ["image", "rm", name]:
                return Result(int(self.tags.pop(name, None) is None), "", "")
            case ["image", "ls", *_, "dangling=true", "--filter", _]:
                return _said("")
            case ["image", "ls", *_]:
                return _said("\n".join(f"{n.partition(':')[2]} {i}" for n, i in self.tags.items()))
            case ["run", *_, image, "/app/VERSION"]:
                version = self._image(image)
                return _said(version) if version else Result(1, "", "no such file")
            case ["wait", service]:
                return _said(str(self.behaviour(self.containers[service]).migration))
        return Result(1, "", f"not faked: {words}")

    def _compose(self, words: list[str], stdin: str) -> Result:  # noqa: C901, PLR0911, PLR0912 - as above
        match words:
            case ["up", *_, "--no-recreate", service]:
                return self._up(service)
            case ["rm", "--stop", "--force", *services]:
                self.removed += services
                self.cut_off += [s for s in services if any(self._requests(s))]
                for service in services:
                    self.containers.pop(service, None)
                return _said("")
            case ["config", "--hash", "*"]:
                return _said("".join(f"{s} {self._hash(s)}\n" for s in self.containers))
            case ["run", *_, "secrets", "rotate", service]:
                self.rotated.append(service)
                return _said("")
            case ["exec", "-T", "proxy", "perl", "-", *verb]:
                return self._proxy(verb)
            case ["exec", "-T", service, *_] if service in self.down or self._crashed(service):
                return Result(1, "", f"{service} is not running")
            case ["exec", "-T", service, "python", "-IS", "/app/healthcheck.py", _]:
                self.late -= 1
                return Result(1, "", "timed out") if self.late >= 0 else self._health(service)
            case ["exec", "-T", service, "python", "-", _]:
                good = self.behaviour(self.containers[service]).smoke
                return Result(int(not good), "" if good else "GET /login answered 500", "")
            case ["logs", *_]:
                return _said("its last words")
            case ["--file", "-", "build", _]:
                self.tags[json.loads(stdin)["services"]["migrate"]["image"]] = "built"
                return _said("")
        return Result(1, "", f"not faked: {words}")

    def _up(self, service: str) -> Result:
        if self.unwell:
            self.unwell -= 1
            return Result(1, "", "dependency failed to start: container shop-db-1 is unhealthy")
        tag = f"{IMAGE}:{service.removeprefix('app-')}".replace("drill-check", "migrate")
        if service in self.refused:
            return Result(1, "", f"{service} cannot be made")
        self.containers[service] = self.tags[tag]
        self.down.discard(service)
        if service == "migrate":
            self.migrations.append(self.tags[tag])
        return _said("")

    def _proxy(self, verb: list[str]) -> Result:
        match verb:
            case ["set", backend, *record]:
                left = {*self.route.split("_")} - {*backend.split("_")}
                self.busy |= {color: [1] * self.lingering for color in left}
                self.route, self.behind = backend, ""
                self.routes.append(backend)
                self.history += record
            case ["record", record]:
                self.history.append(record)
            case ["history"]:
                return _said("\n".join(self.history))
            case ["get", _]:
                return _said(self._page(f"app-{self._live}"))
        return _said(self._read())

    def _read(self) -> str:
        line = f"route {self.route}\n"
        state = [f"3 {b} 1 {c} 10.0.0.{c} 2" for b in BACKENDS for c in ("blue", "green")]
        process = f"0x1 route {self.stuck or self.behind or self.route}\n"
        parts = {"file": line, "process": process, "stat": self._stat()}
        parts["state"] = "\n".join(state)
        return "".join(f"=== {name}\n{text}\n" for name, text in parts.items())

    def _stat(self) -> str:
        rows = [STAT]
        flipped = "flipped" in "".join(self.history[-1:])
        self.looks_after_flip = self.looks_after_flip + 1 if flipped else 0
        for backend in BACKENDS:
            live = backend.partition("_")[0]
            down = f"app-{live}" in self.down or f"app-{live}" not in self.containers
            how = self.behaviour(self.containers.get(f"app-{live}", ""))
            unwell = not how.reached_by_proxy or (flipped and how.dies_with_users)
            up = "DOWN" if down or unwell else "UP"
            errors = how.errors_with_users if self.looks_after_flip > how.good_looks else 0
            requests = (self._requests(live) or [0])[0] if backend == f"{live}_none" else 0
            rows.append(f"{backend},{live},0,{requests},{up},0,0,0,0,0,0,")
            rows.append(f"{backend},BACKEND,0,0,{up},0,{errors},0,0,{errors},0,")
        self.busy = {color: looks[1:] for color, looks in self.busy.items()}
        return "\n".join(rows)

    def _requests(self, service: str) -> list[int]:
        return self.busy.get(service.removeprefix("app-"), [])

    @property
    def _live(self) -> str:
        return self.route.partition("_")[0]

    def _health(self, service: str) -> Result:
        version = self.containers[service]
        how = self.behaviour(version)
        ready = how.ready and how.schema == "ok"
        body = {
            "version": how.says or version,
            "schema": {"state": how.schema},
            "reason": "it says no",
        }
        return Result(int(not ready), json.dumps(body), "")

    def _page(self, service: str) -> str:
        if not self.behaviour(self.containers[service]).answers_users:
            return "HTTP/1.1 503 Service Unavailable\n\n"
        return "HTTP/1.1 200 OK\n\n" + self._health(service).out

    def _hash(self, service: str) -> str:
        return "edited" if service in self.edited else "first"

    def _crashed(self, service: str) -> bool:
        return service not in self.containers or self.behaviour(self.containers[service]).crashes

    def _image(self, name: str) -> str | None:
        known = set(self.tags.values()) | set(self.containers.values())
        return self.tags.get(name) or (name if name in known else None)

    def _described(self, service: str) -> dict[str, object]:
        ended = service in self.down or self._crashed(service)
        color = service.removeprefix("app-")
        return {
            "Id": service,
            "Image": self.containers[service],
            "RestartCount": 0,
            "Config": {
                "Labels": {
                    "com.docker.compose.service": service,
                    "com.docker.compose.config-hash": "first",
                    "com.docker.compose.image": self.containers[service],
                },
                "Env": [f"DATABASE_URL_FILE={'/run/url' * self.external}"],
            },
            "State": {
                "Status": "exited" if ended else "running",
                "ExitCode": 9 if ended else 0,
                "StartedAt": "",
            },
            "NetworkSettings": {"Networks": {"web": {"IPAddress": f"10.0.0.{color}"}}},
        }


def _said(out: str) -> Result:
    return Result(0, out, "")
