"""fastai as its first lesson has it: vision_learner, aug_transforms, fine_tune; here for 1 frozen and 10 free epochs."""

from __future__ import annotations

import fastai.vision.all as fastai
import torch
from common import Clock, arguments, resnet18

EPOCHS = 10


def main() -> None:
    options = arguments()
    fastai.set_seed(options.seed)
    files = [file for folder in (options.train, options.test) for file in fastai.get_image_files(folder)]
    block = fastai.DataBlock(
        blocks=(fastai.ImageBlock, fastai.CategoryBlock),
        get_items=lambda _: files,
        get_y=fastai.parent_label,
        splitter=fastai.FuncSplitter(lambda file: options.test in file.parents),
        item_tfms=fastai.Resize(460),
        # Of a network that it does not know by name it does not know how the weights want photos normalised.
        batch_tfms=[*fastai.aug_transforms(size=224, min_scale=0.75), fastai.Normalize.from_stats(*fastai.imagenet_stats)],
    )
    loaders = block.dataloaders(options.train, bs=16, num_workers=2)

    clock = Clock(len(loaders.train_ds))

    class Tell(fastai.Callback):
        def after_train(self) -> None:
            clock.tell(accuracy)

        def before_validate(self) -> None:
            """Its own look at the test photos is not counted either."""
            raise fastai.CancelValidException

    @torch.no_grad()
    def accuracy() -> float:
        net = learner.model.eval()
        right = [(net(photos).argmax(1) == labels).float() for photos, labels in loaders.valid]
        return torch.cat(right).mean().item()

    learner = fastai.vision_learner(
        loaders, lambda pretrained=False: resnet18(options.weights), metrics=fastai.accuracy, cbs=Tell, normalize=False
    )
    with learner.no_bar(), learner.no_logging():
        learner.fine_tune(options.epochs or EPOCHS)


if __name__ == "__main__":
    main()
