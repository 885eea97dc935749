"""Every sentence of the page, in one table, and numbers put into words."""

from __future__ import annotations

ENGLISH = {
    "app.title": "Teach a network your photos",
    "app.promise": "Everything stays on this computer: no photo and no result is sent anywhere.",
    "step.data": "Your data",
    "step.model": "Model",
    "step.train": "Train",
    "step.results": "Results",
    "step.try": "Try it",
    "photos.one": "1 photo",
    "photos.many": "{n:,} photos",
    "classes.one": "1 class",
    "classes.many": "{n:,} classes",
    # Your data
    "data.lead": "Choose your photos, in one folder for each kind (class): “cats”, “dogs” … They are read and never changed.",
    "data.zip": "Drop a .zip of the folders",
    "data.zip.what": "Up to 4 GB. For more, name the folder instead.",
    "data.folder": "Or name a folder on this computer",
    "data.path": "Folder",
    "data.path.hint": "C:\\Pictures\\flowers",
    "data.inside": "Browse",
    "data.inside.up": "↑ one folder up",
    "data.look": "Use this folder",
    "data.demo": "Or try it with the demo",
    "data.demo.what": "200 photos of apples, melons, oranges, pears and satsumas, and 75 new ones to try afterwards.",
    "data.demo.button": "Use the demo photos",
    "data.opening": "Opening the zip",
    "data.scanning": "Looking at the photos",
    "data.scanned": "{done:,} of {total:,} files",
    "data.nothing": "Give a folder first: type where it is, or browse to it.",
    "data.zip.named": "the zip “{name}”",
    "data.folder.named": "the folder “{name}”",
    "data.demo.named": "the demo photos",
    "data.found": "{photos} in {classes}",
    "data.found.where": "From {where}.",
    "data.own_split": "Your folders say already which photos are for training and which for testing, and that is kept.",
    "data.split": "Some photos of each class are held back, to choose the best model (validation) and to judge it (test).",
    "data.ready": "Next, choose a model.",
    "data.table.class": "Class",
    "data.table.photos": "Photos",
    "data.table.samples": "Some of them",
    "data.more_classes": "Samples are shown for the first {n} classes.",
    "data.left_out": "Left out: {n:,} that cannot be used",
    "data.remarks": "Worth a look: {n:,}",
    "data.more": "… and {n:,} more",
    "data.stop": "These photos cannot be trained on yet",
    "data.next": "Next: choose a model",
    # Model
    "model.lead": "Choose the network to start from. It knows a million photos already (ImageNet), and will now learn yours.",
    "model.depth": "Depth",
    "model.depth.help": "Deeper networks can learn finer differences, and need more photos and time. In doubt, keep the first.",
    "model.choice": "{name}{advice}\n{why}\n{parameters:.0f} million parameters · {top1:.0f} % right on ImageNet · {reach}",
    "model.advised": " · recommended",
    "model.here": "on this computer already",
    "model.fetch": "fetched once: {megabytes:.0f} MB",
    "model.why.18": "The quickest. Right for up to a few thousand photos and for a computer without a graphics card.",
    "model.why.34": "A little finer, about twice as slow.",
    "model.why.50": "The classic. Better with many classes that look alike.",
    "model.why.101": "Large: for thousands of photos and a graphics card.",
    "model.why.152": "The largest and slowest: for very many photos and a graphics card.",
    "model.preset": "How thorough",
    "model.preset.quick": "Quick\nAbout a minute for 200 photos. A good first try.",
    "model.preset.balanced": "Balanced\nMore passes over your photos: a few minutes for 200.",
    "model.preset.thorough": "Thorough\nAs good as it gets, when time does not matter.",
    "model.more": "More",
    "model.minutes.none": "0: as long as it takes.",
    "model.next": "Next: train",
    "back": "Back",
    # Train
    "train.lead": "The network looks at your photos again and again. You can close this page meanwhile: the training goes on.",
    "train.plan": "Ready to train {model}, {preset}, on {where}: {photos} in {classes}.",
    "train.again": "To start another training, choose photos in step 1, Your data.",
    "train.no_data": "Choose your photos first, in the step “Your data”.",
    "train.start": "Start training",
    "train.stop": "Stop and keep the best so far",
    "train.stopping": "Stopping …",
    "train.resume": "Go on with this training",
    "train.next": "Next: see the results",
    "train.state.new": "Not started",
    "train.state.running": "Getting ready",
    "train.stage.fetch": "Fetching the network’s weights, once",
    "train.stage.scan": "Looking at the photos",
    "train.stage.read": "Reading the photos",
    "train.stage.features": "Working out a first answer",
    "train.stage.test": "Testing on photos the model has never seen",
    "train.stage.tune": "Fine-tuning: pass (epoch) {epoch} of {epochs}",
    "train.state.finished": "Finished",
    "train.state.stopped": "Stopped",
    "train.state.failed": "It did not work",
    "train.state.crashed": "The training broke off",
    "train.crashed": "The computer or the process was stopped in the middle. What was learned up to the last save is there: "
    "go on with this training. The details are in {log}.",
    "train.finished": "{right} of {n} test photos named right in {time}. The results are ready: press “Next: see the results”.",
    "train.stopped": "{right} of {n} test photos named right with the best model so far. The results are ready.",
    "train.stopped.early": "It was stopped before there was a first answer, so there is no model yet.",
    "train.about": "{model} on {device} · weights {weights}",
    "train.speed": "{n:.0f} photos a second",
    "train.left": "{time} left",
    "train.left.unknown": "working out how long it takes",
    "train.first": "First answer",
    "train.first.says": "After {time}, before any fine-tuning, it named {right} of {n} validation photos right: {accuracy} "
    "(95\u00a0% interval {low} to {high}).",
    "train.loss": "Loss: how wrong it is",
    "train.loss.train": "training",
    "train.loss.validation": "validation",
    "train.accuracy": "Accuracy on the validation photos",
    "train.accuracy.line": "fine-tuning",
    "train.accuracy.first": "first answer",
    "train.passes": "passes over the photos (epochs)",
    # Results
    "results.lead": "How good is it, honestly? Judged on test photos that had no part in the training.",
    "results.none": "There are no results yet. Train a model first.",
    "results.run": "Which training",
    "results.says": "{right} of {n} test photos named right: {accuracy}",
    "results.interval": "With this many test photos the true accuracy is likely between {low} and {high} (95\u00a0% interval).",
    "results.better": "Always giving the same answer would be right {guess} of the time, so it has clearly learned something.",
    "results.not_better": "Always giving the same answer would be right {guess} of the time, "
    "so it is not clearly better than guessing. More photos for each class help most.",
    "results.kept.fine-tuned": "The fine-tuned model was kept: on the validation photos it was right at least as often "
    "as the first answer ({first}), and surer (lower loss).",
    "results.kept.first answer": "The first answer was kept ({first} on the validation photos), "
    "because fine-tuning did not make it clearly better there.",
    "results.where": "Where it goes wrong",
    "results.shows": "Show",
    "results.shows.counts": "Photos (counts)",
    "results.shows.shares": "Per cent of each row (normalised)",
    "results.pairs": "Most often confused",
    "results.pair": "{true} taken for {predicted}",
    "results.pair.count": "{count} of {photos}",
    "results.no_pairs": "Nothing: every test photo was named right.",
    "results.classes": "Class by class",
    "results.next": "Next: try it on new photos",
    "matrix.columns": "What the model said (predicted class) →",
    "matrix.rows": "← What it is (true class)",
    "matrix.label": "Confusion matrix: each row is a true class, each column what the model said (predicted class)",
    "matrix.right": "right",
    "matrix.wrong": "wrong",
    "matrix.larger": "Larger, with numbers",
    "matrix.cell": "{true} taken for {predicted}: {count} of {all}",
    "matrix.left_out": "The {shown} classes with the most mistakes, of {all}.",
    "table.class": "Class",
    "table.class.help": "worst first",
    "table.photos": "Test photos",
    "table.photos.help": "how many there were",
    "table.precision": "Precision",
    "table.precision.help": "when it says so, it is right",
    "table.recall": "Recall",
    "table.recall.help": "of these photos, it found",
    "table.f1": "F1",
    "table.f1.help": "the two together",
    # Try it
    "try.lead": "Show it photos it has never seen.",
    "try.model": "Which model",
    "try.drop": "Drop photos here, or paste one with Ctrl+V",
    "try.none": "There is no model yet. Train one first.",
    "try.gone": "This model is not there any more: choose another.",
    "try.classifying": "Looking at the photos: {done} of {all}",
    "try.done": "{photos} named",
    "try.bad": "{photos} could not be read",
    "try.demo": "Use the demo’s new photos",
    "try.again": "Drop more photos whenever you like.",
}


def text(key: str, **values: object) -> str:
    return ENGLISH[key].format(**values)


def photos(n: int) -> str:
    return text("photos.one" if n == 1 else "photos.many", n=n)


def classes(n: int) -> str:
    return text("classes.one" if n == 1 else "classes.many", n=n)


def percent(share: float) -> str:
    """Whole per cents, for 0 to 1. Nearly all is not all, and nearly nothing is not nothing. The space does not break."""
    whole = round(100 * share)
    if whole == 100 and share < 1:
        return ">99\u00a0%"
    if whole == 0 and share > 0:
        return "<1\u00a0%"
    return f"{whole}\u00a0%"


def duration(seconds: float) -> str:
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole < 600 else f"{whole // 60} min"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
