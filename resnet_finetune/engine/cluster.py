"""A folder with all that several machines need to train one network together: what to run on each of them, and on what."""

from __future__ import annotations

import shlex
from dataclasses import fields, replace
from pathlib import Path

from resnet_finetune.engine.launch import launch_options
from resnet_finetune.model import catalog
from resnet_finetune.words import corrections, disk
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.language import reason, say
from resnet_finetune.words.settings import Settings

SCRIPT = "run.sh"
ABOUT = "README.txt"
PORT = 29500  # of the first machine

_README = """This folder trains one network on {machines} machines with {cards} GPUs each.

On every machine:

1. Install the app as its README says. In its folder, in the terminal in which you go on:
       . .venv/bin/activate
       export PYTHONPATH="$PWD"
2. Put this where it is on the first machine:
{places}
   Before the training starts it is made sure that all machines have the same photos.
3. Copy this folder there, go into it, and run, with the machine's number (0 for the first, 1 for the next …) and the address of
   the first machine, whose port {port} the others must reach:
       sh {script} NUMBER ADDRESS

Only machine 0 writes: the folder "run" beside this file. When it is finished, copy it into .resnet-finetune/runs in your home
folder on your own computer, under any name, and it is listed with your other runs. To go on after a stop or a crash, run the
same on all machines, with the word resume behind the address on machine 0.
"""

_SCRIPT = """#!/bin/sh
# sh {script} NUMBER ADDRESS [resume]
set -eu
if [ "${{3:-}}" = resume ]; then set -- "$1" "$2" --resume run; else set -- "$1" "$2" {train}; fi
number=$1 address=$2
shift 2
if ! python -c "import resnet_finetune"; then
    echo "The app is not found here: do step 1 of {about} in this terminal." >&2
    exit 1
fi
exec accelerate launch --machine_rank "$number" --main_process_ip "$address" --main_process_port {port} \\
    {options} train "$@"
"""


def write_bundle(settings: Settings, machines: int, cards: int, to: Path) -> list[str]:
    """Names of the files written into ``to``, which is made.

    The photos, and what else is named, may lie on those machines only.

    Raises:
        UserError: ``to`` is not empty or cannot be written, there is nothing to share out, or a setting is wrong.
    """
    if machines < 1 or cards < 1 or machines * cards < 2:
        raise UserError(say("One process alone needs no bundle: give more --machines or more --gpus."))
    data = settings.data if settings.data == "demo" else str(Path(settings.data).absolute())
    settings = replace(settings.absolute(), data=data, run_dir="run")
    replace(settings, weights=None, train_on=None).check(catalog.names())
    try:
        to.mkdir(parents=True, exist_ok=True)
        if any(to.iterdir()):
            raise UserError(say("{to} is not empty: name a new folder.", to=to))
        names = [SCRIPT, ABOUT]
        if settings.corrections is not None:
            corrections.write(to / corrections.FILE, corrections.read(Path(settings.corrections)))
            names.append(corrections.FILE)
        options = shlex.join(launch_options(machines, cards))
        script = _SCRIPT.format(script=SCRIPT, about=ABOUT, port=PORT, options=options, train=shlex.join(_arguments(settings)))
        told = (settings.data, settings.weights, settings.train_on, settings.split_of)
        places = (
            "\n".join(f"       {place}" for place in told if place and place != "demo")
            or "       nothing: the app has the demo"
        )
        about = _README.format(machines=machines, cards=cards, places=places, port=PORT, script=SCRIPT)
        disk.write_bytes(to / SCRIPT, script.encode())
        disk.write_bytes(to / ABOUT, about.encode())
    except OSError as error:
        raise UserError(say("{to} cannot be written ({reason}): name another folder.", to=to, reason=reason(error))) from error
    return sorted(names)


def _arguments(settings: Settings) -> list[str]:
    """Of the verb ``train``."""
    given = [settings.data, "--run-dir", "run"]
    for spec in fields(Settings):
        value = getattr(settings, spec.name)
        if spec.name == "corrections" and value is not None:
            value = corrections.FILE
        if spec.name not in ("data", "run_dir") and value != spec.default:
            given += ["--" + spec.name.replace("_", "-"), str(value)]
    return given
