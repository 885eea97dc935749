"""Says what is on photos: python predict.py PHOTO ...

Needs timm, safetensors, torch, numpy and Pillow (see requirements.txt), and nothing of the app that trained the model.
"""

import json
import sys
from pathlib import Path

import timm
import torch
from photo import UnreadablePhoto, read
from safetensors.torch import load_file

HERE = Path(__file__).parent
ABOUT = json.loads((HERE / "model.json").read_text(encoding="utf-8"))
CLASSES, KNOWS = ABOUT["classes"], ABOUT["none_of_these"]  # the last: from when on a photo is like none that it learnt from
NONE_OF_THESE = "none of these; if it were one, "
SIZE, MEAN, STD = (ABOUT["preprocessing"][name] for name in ("size", "mean", "std"))
NETWORK = timm.create_model(ABOUT["architecture"].split(".")[0], num_classes=len(CLASSES)).eval()
NETWORK.load_state_dict(load_file(HERE / "model.safetensors"))
KNOWN = load_file(HERE / "known.safetensors")["known"] if KNOWS else None


def look(path):
    """Probabilities float32 [classes], in the order of ``CLASSES``, and whether the photo is of none of them. Of a photo its
    centred square counts, at ``SIZE`` pixels."""
    photo = torch.from_numpy(read(path, SIZE)).permute(2, 0, 1)[None]  # uint8 [1, 3, H, W]
    short = min(photo.shape[2:])
    top, left = ((side - short) // 2 for side in photo.shape[2:])
    square = photo[:, :, top : top + short, left : left + short]
    square = torch.nn.functional.interpolate(square, (SIZE, SIZE), mode="bilinear", antialias=True)
    mean, std = (torch.tensor(values).view(3, 1, 1) * 255 for values in (MEAN, STD))
    with torch.inference_mode():
        seen = NETWORK.forward_features((square - mean) / std)
        found = (NETWORK.forward_head(seen) / ABOUT["temperature"]).softmax(1)[0].numpy()
        none = bool(KNOWS and strangeness(NETWORK.forward_head(seen, pre_logits=True)) > KNOWS["threshold"])
    return found, none


def strangeness(features):
    """How far a photo with these features [1, D] is from one of those nearest to it that the model learnt from."""
    similar = (torch.nn.functional.normalize(features) @ KNOWN.T)[0].topk(KNOWS["neighbours"]).values[-1]
    return (2 - 2 * similar).clamp(min=0).sqrt()


def main(paths):
    for path in paths:
        try:
            found, none = look(path)
        except UnreadablePhoto as error:
            print(f"{path}: cannot be read ({error})")
        else:
            best = sorted(zip(found, CLASSES, strict=True), reverse=True)[:3]
            print(f"{path}: {NONE_OF_THESE if none else ''}" + ", ".join(f"{name} {share:.1%}" for share, name in best))


if __name__ == "__main__":
    main(sys.argv[1:])
