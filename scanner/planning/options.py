"""The options that `plan` and `scan` share, and the command line that says the same again.

One rule keeps it simple: `plan` takes every option of `scan`, so that editing one word turns the
plan that was looked at into the scan that was agreed to.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import click
from click.core import ParameterSource

from inventory.model import Severity
from protocols.contract import Depth
from scanner import profile as profiles
from scanner.cli import Settings
from scanner.layer2.plan import LISTEN_MOST
from scanner.opening import of_the_only_site
from scanner.output import Output
from scanner.planning.prepare import Prepared, prepare, resumed

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Listed:
    """A file of addresses: where it was, and what it lists."""

    name: str
    words: tuple[str, ...]


class ListFile(click.ParamType[Listed]):
    """A file of addresses (`-` is standard input): `#` begins a comment, commas and blanks part."""

    name = "file"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Listed:
        """The words of the file, read whole. A byte order mark and CRLF mean nothing."""
        from inventory.imports.encodings import decode

        try:
            content = sys.stdin.buffer.read() if value == "-" else Path(value).read_bytes()
        except OSError as error:
            self.fail(f"{value}: {error.strerror or error}; name a file of addresses", param, ctx)
        if b"\0" in content and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
            self.fail(f"{value} is no text file; name a file of addresses", param, ctx)
        words: list[str] = []
        for line in decode(content).text.splitlines():
            words += line.partition("#")[0].replace(",", " ").split()
        return Listed(str(value), tuple(words))


class Seconds(click.FloatRange):
    """A number within bounds, and never NaN, which is within all of them."""

    def convert(
        self, value: float, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        found = float(super().convert(value, param, ctx))
        if math.isnan(found):
            self.fail(f"{value!r} is no number", param, ctx)
        return found


OPTIONS = (
    click.argument("targets", nargs=-1, metavar="TARGET…"),
    click.option(
        "-iL", "target_file", type=ListFile(), metavar="FILE", help="Targets from a file."
    ),
    click.option("--exclude", multiple=True, metavar="LIST", help="Never ask these addresses."),
    click.option("--exclude-file", type=ListFile(), metavar="FILE", help="The same, a file."),
    click.option(
        "--depth",
        type=click.Choice([item.label for item in Depth]),
        default="points",
        show_default=True,
        help="How far to go.",
    ),
    click.option("--probe", "probe_names", multiple=True, metavar="NAME,…", help="Only these."),
    click.option("--port", "port_list", multiple=True, metavar="PROTOCOL=PORT,…", help="Ports."),
    click.option(
        "--profile",
        "profile_name",
        type=click.Choice(list(profiles.PROFILES)),
        default="standard",
        show_default=True,
        help="How fast.",
    ),
    click.option("--max-rate", type=float, metavar="PPS", help="Packets a second, overall."),
    click.option("--per-host-delay", type=float, metavar="SECONDS", help="Between requests."),
    click.option("--timeout", type=float, default=3.0, metavar="SECONDS", help="For an answer."),
    click.option("--retries", type=int, default=1, metavar="N", help="When no byte came."),
    click.option("--units", default="", metavar="LIST", help="Further Modbus units, 1-16,20."),
    click.option(
        "--credentials", "names", multiple=True, metavar="NAME,…", help="Of the site file."
    ),
    click.option("--vantage", default="", metavar="NAME", help="Where this laptop stands."),
    click.option("--collection-vantage", default="", metavar="NAME", help="The collector's place."),
    click.option("--interface", default="", metavar="NAME", help="Network interface to use."),
    click.option(
        "--sample-seconds",
        type=Seconds(1, 86_400),
        default=60.0,
        metavar="S",
        help="Window.",
    ),
    click.option(
        "--sample-every",
        type=Seconds(0.5, 3_600),
        default=10.0,
        metavar="S",
        help="Interval.",
    ),
    click.option(
        "--listen",
        type=Seconds(0, LISTEN_MOST),
        default=0.0,
        metavar="SECONDS",
        help="Listen first; sends nothing. Without TARGET, only listen.",
    ),
    click.option("--dcp", is_flag=True, help="Ask PROFINET stations by multicast (DCP identify)."),
    click.option("--no-arp", is_flag=True, help="Connect to own segments without ARP first."),
    click.option("--fc17", is_flag=True, help="Let Modbus ask Report Server ID too."),
)

RUN_OPTIONS = (
    click.option(
        "--resume",
        is_flag=False,
        flag_value="last",
        metavar="[SCAN]",
        help="Go on with a scan that did not end.",
    ),
    click.option("--yes", is_flag=True, help="The plan is agreed; do not ask."),
    click.option(
        "--window", default="", metavar="HH:MM-HH:MM", help="Send only then (local time)."
    ),
    click.option("--max-time", default="", metavar="40m", help="End cleanly after this time."),
    click.option(
        "--record",
        type=Output(dir_okay=False),
        metavar="FILE.pcapng",
        help="Keep everything sent and received.",
    ),
    click.option("--no-raw", is_flag=True, help="Keep no answers' bytes."),
    click.option("--i-own-this-lab", "own_lab", is_flag=True, help="Allow `bench` off loopback."),
    click.option(
        "--fail-on",
        type=click.Choice([item.value for item in Severity]),
        default=None,
        help="Exit 1 for a gap as severe as this.",
    ),
)
"""What only a run needs; a plan checks and repeats it."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """Under which conditions a run is to be held."""

    yes: bool
    window: str
    max_time: str
    record: Path | None
    no_raw: bool
    own_lab: bool
    fail_on: str | None


TAKEN = (
    *("targets", "target_file", "exclude", "exclude_file", "depth", "probe_names", "port_list"),
    *("profile_name", "max_rate", "per_host_delay", "timeout", "retries", "units", "names"),
    *("vantage", "collection_vantage", "interface", "sample_seconds", "sample_every", "fc17"),
    *("listen", "dcp", "no_arp"),
)


def scan_options(command: Callable[Concatenate[Prepared, Conditions, P], R]) -> Callable[..., R]:
    """Gives a command all of them; it receives a `Prepared` and the `Conditions`."""

    @click.pass_obj
    @wraps(command)
    def prepared(settings: Settings, /, *args: P.args, **kwargs: P.kwargs) -> R:
        taken = {name: kwargs.pop(name) for name in TAKEN}
        held = Conditions(**{name: kwargs.pop(name) for name in Conditions.__slots__})  # type: ignore[arg-type]
        resume = kwargs.pop("resume")
        for name in ("target", "exclude"):
            listed = taken.pop(f"{name}_file")
            key = "targets" if name == "target" else name
            if isinstance(listed, Listed):
                taken[key] = (*taken[key], *listed.words)  # type: ignore[misc]
        settings = of_the_only_site(settings)
        if resume is not None:
            _unchanged(click.get_current_context())
            return command(resumed(settings, str(resume), taken), held, *args, **kwargs)
        return command(prepare(settings, **taken), held, *args, **kwargs)  # type: ignore[arg-type]

    result: Callable[..., R] = prepared
    for option in reversed((*OPTIONS, *RUN_OPTIONS)):
        result = option(result)
    return result


CHANGEABLE = frozenset({"resume", "exclude", "exclude_file"})


def _unchanged(context: click.Context) -> None:
    """A resumed scan is the one that was agreed to: refuse what would make it another."""
    taken = {*TAKEN, "targets"} - CHANGEABLE
    for parameter in context.command.params:
        source = context.get_parameter_source(parameter.name or "")
        given = source is ParameterSource.COMMANDLINE
        if given and parameter.name in taken and context.params.get(parameter.name):
            name = "TARGET" if parameter.name == "targets" else parameter.opts[0]
            raise click.UsageError(
                f"--resume goes on with the scan as it was agreed to: {name} cannot be changed "
                "(--exclude can); begin a new scan for that"
            )


UNSHARED = ("as_json", "output")  # of `plan` alone, or about how it is shown
MOST_SHOWN = 64  # targets that came through a pipe are written out, up to so many


def again(context: click.Context) -> list[str]:
    """The words after `scan` that mean what this command was given: options, then targets."""
    options: list[str] = []
    targets: list[str] = []
    for parameter in context.command.params:
        name = parameter.name or ""
        default = context.get_parameter_source(name) in (ParameterSource.DEFAULT, None)
        if default or name in UNSHARED:
            continue
        value = context.params[name]
        if isinstance(value, Listed) and value.name == "-" and len(value.words) <= MOST_SHOWN:
            if name == "target_file":
                targets += value.words
            else:
                options += ("--exclude", ",".join(value.words))
        elif name == "targets":
            targets = [*value, *targets]
        else:
            options += _option(parameter, value)
    return [*options, *targets]


def _option(parameter: click.Parameter, value: object) -> Iterator[str]:
    """One option as it was given: a switch, or its name before each value."""
    for one in value if isinstance(value, tuple) else (value,):
        if one is True:
            yield parameter.opts[0]
        elif one is not False:
            yield from (parameter.opts[0], one.name if isinstance(one, Listed) else str(one))
