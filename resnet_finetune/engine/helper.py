"""A process that helps the lead of a team: it holds the photos, and works on its share of each order."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import torch

from resnet_finetune.engine.first_answer import add_head
from resnet_finetune.engine.material import Material, gather
from resnet_finetune.engine.progress import drained
from resnet_finetune.engine.share import own_features, own_gradient, own_logits
from resnet_finetune.engine.team import Order, Team
from resnet_finetune.model.folding import folded
from resnet_finetune.words.errors import UserError
from resnet_finetune.words.language import say
from resnet_finetune.words.settings import Settings


def help_out(settings: Settings, team: Team) -> None:
    """Until the lead says that it is the end.

    Raises:
        UserError: the photos here are not the lead's, or the lead is gone.
    """
    order, _ = team.order(Order.END)
    if order == Order.END:  # the lead found something wrong before there was any work
        return
    told = json.loads(team.text())  # the lead has read all photos: what it decoded lies in the cache, if that is shared
    material, net = _prepared(settings, team, told["precision"])
    if material.fingerprint != told["fingerprint"]:
        raise UserError(say("The photos on this machine are not the same as on the first one: copy them, and start again."))
    team.weights(net)
    quick = folded(net)  # the features are those of the network as it was pretrained
    while True:
        order, numbers = team.order(Order.END)
        if order == Order.END:
            return
        if order != Order.FEATURES and net.num_classes == 0:
            add_head(net, len(material.dataset.classes))
        _work(material, quick if order == Order.FEATURES else net, team, order, numbers)


def _prepared(settings: Settings, team: Team, precision: str) -> tuple[Material, torch.nn.Module]:
    material, net = drained(gather(settings, Path(settings.run_dir), None, lambda: None, lambda: 0.0, team))
    return replace(material, hardware=replace(material.hardware, precision=precision)), net


def _work(material: Material, net: torch.nn.Module, team: Team, order: Order, numbers: list[float]) -> None:
    photos = int(numbers[0])
    indices = team.photos(None, photos)
    own = indices[team.share(photos)]
    if order == Order.LEARN:
        size, scale = int(numbers[1]), numbers[2]
        views = team.views(None, photos)[team.share(photos)]
        team.weights(net)
        net.zero_grad()
        team.gradient(net, own_gradient(net, material, own, size, views, scale / photos))
        return
    if order == Order.FEATURES:
        team.answers(own_features(net, material, own), photos)
    else:
        team.weights(net)
        team.answers(own_logits(folded(net), material, own), photos)
