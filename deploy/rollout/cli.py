"""The command line: parse, call one function, print, return."""

import argparse
import json
import signal
import sys
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import NoReturn

from deploy.rollout.deploy import deploy
from deploy.rollout.errors import ExitCode, RolloutError
from deploy.rollout.history import parse_history
from deploy.rollout.inspect import read_status
from deploy.rollout.progress import Progress
from deploy.rollout.rollback import roll_back
from deploy.rollout.runner import redact
from deploy.rollout.settings import COMPOSE_FILE, Settings
from deploy.rollout.status import describe_record, render_status
from deploy.rollout.swap import RolloutResult
from deploy.rollout.toolbox import Toolbox, open_toolbox


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _interrupt)
    progress = Progress()
    try:
        return int(_COMMANDS[options.command](open_toolbox(_settings(options), progress), options))
    except RolloutError as error:
        return _fail(error, progress, as_json=options.json)
    except KeyboardInterrupt:
        stopped = RolloutError(
            "interrupted", hint="`status` tells what serves; before the flip all was undone"
        )
        return _fail(stopped, progress, as_json=options.json)


def _deploy(tools: Toolbox, options: argparse.Namespace) -> ExitCode:
    return _print_result(deploy(tools, options.image), tools.progress, as_json=options.json)


def _rollback(tools: Toolbox, options: argparse.Namespace) -> ExitCode:
    return _print_result(roll_back(tools), tools.progress, as_json=options.json)


def _status(tools: Toolbox, options: argparse.Namespace) -> ExitCode:
    status = read_status(tools)
    print(json.dumps(asdict(status), indent=2) if options.json else render_status(status))
    return ExitCode.DONE if status.advice.well else ExitCode.FOUND_WANTING


def _history(tools: Toolbox, options: argparse.Namespace) -> ExitCode:
    records = parse_history(tools.proxy.history())
    if options.json:
        print(json.dumps([record.as_dict() for record in records], indent=2))
    else:
        last = {record.rollout: record for record in records}
        print("\n".join(map(describe_record, last.values())) or "nothing was deployed yet")
    return ExitCode.DONE


_COMMANDS = {"status": _status, "deploy": _deploy, "rollback": _rollback, "history": _history}


def _print_result(result: RolloutResult, progress: Progress, *, as_json: bool) -> ExitCode:
    answer = {
        **result.as_dict(),
        "seconds": round(progress.seconds, 1),
        "steps": progress.as_list(),
    }
    print(
        json.dumps(answer, indent=2) if as_json else f"{result.sentence}; {progress.seconds:.1f} s"
    )
    return ExitCode.DONE


def _fail(error: RolloutError, progress: Progress, *, as_json: bool) -> int:
    lines = [f"error: {error}", *(f"  | {line}" for line in error.evidence.splitlines())]
    lines += [f"hint: {error.hint}"] if error.hint else []
    sys.stderr.write(redact("\n".join(lines)) + "\n")
    if as_json:
        answer = {
            "result": "failed",
            "cause": error.cause,
            "exit_code": int(error.code),
            "error": str(error),
            "hint": error.hint,
            "evidence": error.evidence,
            "steps": progress.as_list(),
        }
        print(redact(json.dumps(answer, indent=2)))
    return int(error.code)


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _settings(options: argparse.Namespace) -> Settings:
    chosen = vars(options)
    given = {key: chosen[key] for key in _TUNABLE if chosen.get(key) is not None}
    return Settings(files=tuple(options.file or [COMPOSE_FILE]), **given)


_TUNABLE = ("ready_seconds", "watch_seconds")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bluegreen.py",
        description="Change the release that users meet, without their noticing.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, text in (
        ("status", "everything on one screen, and what to do next"),
        ("deploy", "put the checkout, or an image, in front of the users"),
        ("rollback", "return to the release before"),
        ("history", "what was deployed, when, by whom, how it ended"),
    ):
        _common(commands.add_parser(name, help=text, description=text))
    _deploy_options(commands.choices["deploy"])
    return parser


def _common(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="answer for machines, on stdout")
    command.add_argument(
        "--file",
        action="append",
        type=Path,
        metavar="COMPOSE_FILE",
        help="the stack's compose file, and overlays; may be repeated",
    )


def _deploy_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--image", default="", help="deploy this image instead of the checkout")
    command.add_argument(
        "--ready-seconds", type=float, metavar="S", help="time to become ready (60)"
    )
    command.add_argument(
        "--watch-seconds", type=float, metavar="S", help="time to watch it after the flip (10)"
    )
