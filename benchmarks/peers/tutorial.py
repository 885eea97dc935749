"""Transfer learning in the way of PyTorch's tutorial for beginners: torchvision's ResNet-18, SGD, batches of 4, 25 epochs.

https://docs.pytorch.org/tutorials/beginner/transfer_learning_tutorial.html tells the settings; the code is our own. With
``--head-only`` its second half: the network is frozen and only the last layer is trained.
"""

from __future__ import annotations

import sys

import torch
from common import Clock, arguments, resnet18
from torch import nn
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import ImageFolder

MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


def main() -> None:
    head_only = "--head-only" in sys.argv
    if head_only:
        sys.argv.remove("--head-only")
    options = arguments()
    to_tensor = [transforms.ToTensor(), transforms.Normalize(MEAN, STD)]
    views = transforms.Compose([transforms.RandomResizedCrop(224), transforms.RandomHorizontalFlip(), *to_tensor])
    whole = transforms.Compose([transforms.Resize(256), transforms.CenterCrop(224), *to_tensor])
    train = DataLoader(ImageFolder(options.train, views), batch_size=4, shuffle=True, num_workers=2)
    test = DataLoader(ImageFolder(options.test, whole), batch_size=4, num_workers=2)

    clock = Clock(len(train.dataset))
    net = resnet18(options.weights)
    if head_only:
        net.requires_grad_(False)
    net.fc = nn.Linear(512, len(train.dataset.classes))
    optimizer = torch.optim.SGD((net.fc if head_only else net).parameters(), lr=0.001, momentum=0.9)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, step_size=7, gamma=0.1)

    @torch.no_grad()
    def accuracy() -> float:
        net.eval()
        return sum((net(photos).argmax(1) == labels).sum().item() for photos, labels in test) / len(test.dataset)

    for _ in range(options.epochs or 25):
        net.train()
        for photos, labels in train:
            optimizer.zero_grad()
            nn.functional.cross_entropy(net(photos), labels).backward()
            optimizer.step()
        schedule.step()
        clock.tell(accuracy)


if __name__ == "__main__":
    main()
