"""Judge a status: are users served, what is wrong, what to do next."""

from deploy.rollout.stack import DRILL_CHECK
from deploy.rollout.status import Advice, ColorStatus, StatusReport

ONE_SHOTS = frozenset({"secrets", "bootstrap", "external-db", "migrate"})
LEAST_DISK = 2 * 1024**3
TOOL = "python deploy/bluegreen.py"
RUNNING = frozenset({"healthy", "starting", "running"})


def advise(status: StatusReport) -> Advice:
    """Name what is wrong with a stack, each with the next step."""
    lines = [*_about_servers(status), *_about_colors(status), *_about_rollouts(status)]
    lines += [*_about_backups(status), *_about_disk(status)]
    live = status.color_in_role("live")
    spare = status.color_in_role("standby")
    serving = _proxy_runs(status) and (_serves(live) or (_is_down(live) and _serves(spare)))
    return Advice(serving, not lines, tuple(lines) or ("nothing to do",))


def _serves(color: ColorStatus | None) -> bool:
    return color is not None and color.ready


def _is_down(live: ColorStatus | None) -> bool:
    """Say whether requests go to the standby: not while the live colour answers, ready or not."""
    return live is None or not live.proxy_check.startswith("UP")


def _proxy_runs(status: StatusReport) -> bool:
    return status.services.get("proxy") in RUNNING


def _about_servers(status: StatusReport) -> list[str]:
    lines = [
        f"{name} is {status.services.get(name, 'missing')}: `docker compose logs {name}`,"
        f" then `docker compose up -d {name}`"
        for name in (("proxy",) if status.external_database else ("db", "proxy"))
        if status.services.get(name) not in RUNNING
    ]
    lines += [
        f"{name} ended badly ({state}): `docker compose logs {name}`; if a build did this,"
        f" `{TOOL} rollback` brings the last good release back"
        for name, state in status.services.items()
        if name in ONE_SHOTS and state.startswith("exited") and state != "exited 0"
    ]
    if status.route_in_process not in {"down", status.route}:
        lines.append(
            f"the proxy routes by {status.route_in_process}, its file says {status.route}:"
            " the next deploy or a restart of the proxy mends it"
        )
    return lines


def _about_colors(status: StatusReport) -> list[str]:
    live, other = (
        status.color_in_role("live"),
        status.color_in_role("standby") or status.color_in_role("idle"),
    )
    lines = []
    if live and not live.ready:
        database = "the database" if status.external_database else "db"
        cure = _cure(live, other, database)
        lines.append(f"LIVE {live.color} is not ready ({live.reason}): {cure}")
    if other and not other.ready:
        lines.append(
            f"{other.color} is not ready ({other.reason}): nobody takes over if"
            f" {other.color.other} dies; a deploy replaces it"
        )
    elif other and other.role == "idle" and not status.lock and not status.interrupted:
        lines.append(
            f"{other.color} is ready but not approved to take over: it was rolled back, or a"
            " deploy ended early; the next good deploy replaces it"
        )
    lines += [
        f"{color.color} has restarted {color.restarts} times:"
        f" `docker compose logs {color.color.service}`"
        for color in status.colors
        if color.restarts
    ]
    return lines


def _cure(live: ColorStatus, other: ColorStatus | None, database: str) -> str:
    if "database" in live.reason:
        return f"look at {database} first; it comes back by itself when the database does"
    if other and other.ready:
        takes_over = other.role == "standby" and _is_down(live)
        serves = "the standby serves" if takes_over else "the other colour is ready"
        return f"{serves}; `{TOOL} rollback` makes it live"
    return f"`docker compose up -d {live.color.service}`; if it does not stay up, `{TOOL} rollback`"


def _about_rollouts(status: StatusReport) -> list[str]:
    if status.lock:
        return [f"wait: {status.lock}"]
    if not (cut := status.interrupted):
        return []
    return [
        f"the {cut.kind} of {cut.version} was interrupted after `{cut.event}`:"
        f" `{TOOL} deploy` finishes, `{TOOL} rollback` undoes it"
    ]


def _about_backups(status: StatusReport) -> list[str]:
    # A stack from before there were backups has no such container until its next plain `up`.
    state = status.services.get("backup")
    if status.external_database or not state:
        return []
    lines = []
    if state not in RUNNING:
        lines.append(f"backup is {state}: `docker compose run --rm backup status` says what to do")
    looking = status.services.get(DRILL_CHECK, "missing")
    if looking not in RUNNING:
        lines.append(
            f"{DRILL_CHECK} is {looking}, and without it every drill of a backup fails:"
            f" `docker compose up -d {DRILL_CHECK}`"
        )
    return lines


def _about_disk(status: StatusReport) -> list[str]:
    if not status.disk_size or status.disk_free >= LEAST_DISK:
        return []
    free = status.disk_free / 1024**3
    return [
        f"only {free:.1f} GB of disk are free: `docker system df`, then `docker builder prune`;"
        " images without a name may be what a rollback after `up --build` goes back to"
    ]
