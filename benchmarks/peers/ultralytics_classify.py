"""ultralytics classify with its own settings, on its ResNet-18 with the app's weights: 20 epochs at 224 pixels."""

from __future__ import annotations

import tempfile
from pathlib import Path

import torch
from common import Clock, arguments, resnet18
from ultralytics.models.yolo.classify import ClassificationTrainer
from ultralytics.nn.tasks import ClassificationModel

EPOCHS = 20
BODY = {
    "nc": 1000,
    "backbone": [[-1, 1, "TorchVision", [512, "resnet18", None, True, 2]]],
    "head": [[-1, 1, "Classify", ["nc"]]],
    "scale": "",
    "yaml_file": "resnet18-cls",
}


def main() -> None:
    options = arguments()
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder, "data")
        data.mkdir()
        (data / "train").symlink_to(options.train)
        (data / "val").symlink_to(options.test)

        class Trainer(ClassificationTrainer):
            def setup_model(self) -> None:
                self.model = ClassificationModel(dict(BODY), nc=self.data["nc"], verbose=False)
                body = self.model.model[0].m
                body.load_state_dict(torch.nn.Sequential(*list(resnet18(options.weights).children())[:-2]).state_dict())
                self.model.requires_grad_(True)

        trainer = Trainer(
            overrides={
                "model": "resnet18-cls.yaml",
                "data": str(data),
                "epochs": options.epochs or EPOCHS,
                "imgsz": 224,
                "seed": options.seed,
                "workers": 2,
                "device": "cpu",
                "project": folder,
                "val": False,
                "plots": False,
                "verbose": False,
            }
        )
        clock: Clock | None = None

        def begin(trainer: ClassificationTrainer) -> None:
            nonlocal clock
            clock = clock or Clock(len(trainer.train_loader.dataset))

        @torch.no_grad()
        def accuracy() -> float:
            net, right, seen = trainer.ema.ema.eval(), 0, 0
            for batch in trainer.test_loader:
                answers = net(batch["img"].float())
                answers = answers[0] if isinstance(answers, tuple) else answers
                right += (answers.argmax(1) == batch["cls"]).sum().item()
                seen += len(batch["cls"])
            return right / seen

        def tell(_: ClassificationTrainer) -> None:
            assert clock
            clock.tell(accuracy)

        trainer.add_callback("on_train_epoch_start", begin)
        trainer.add_callback("on_train_epoch_end", tell)
        trainer.train()


if __name__ == "__main__":
    main()
