"""A plain loop over timm's own parts: its ResNet-18, its augmentation with its defaults, AdamW, a cosine, 15 epochs."""

from __future__ import annotations

import timm
import torch
from common import Clock, arguments
from timm.data import create_transform, resolve_model_data_config
from timm.loss import LabelSmoothingCrossEntropy
from torch.utils.data import DataLoader
from torchvision.datasets import ImageFolder

EPOCHS, BATCH, RATE = 15, 16, 1e-4


def main() -> None:
    options = arguments()
    clock_photos = ImageFolder(options.train)
    net = timm.create_model(
        "resnet18.tv_in1k",
        pretrained=True,
        pretrained_cfg_overlay={"file": str(options.weights)},
        num_classes=len(clock_photos.classes),
    )
    config = resolve_model_data_config(net)
    train = ImageFolder(options.train, create_transform(**config, is_training=True))
    test = DataLoader(ImageFolder(options.test, create_transform(**config)), batch_size=BATCH, num_workers=2)
    batches = DataLoader(train, batch_size=BATCH, shuffle=True, num_workers=2)

    clock = Clock(len(train))
    epochs = options.epochs or EPOCHS
    optimizer = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs * len(batches))
    loss = LabelSmoothingCrossEntropy(0.1)

    @torch.no_grad()
    def accuracy() -> float:
        net.eval()
        return sum((net(photos).argmax(1) == labels).sum().item() for photos, labels in test) / len(test.dataset)

    for _ in range(epochs):
        net.train()
        for photos, labels in batches:
            optimizer.zero_grad()
            loss(net(photos), labels).backward()
            optimizer.step()
            schedule.step()
        clock.tell(accuracy)


if __name__ == "__main__":
    main()
