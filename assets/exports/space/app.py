"""A web page that says what is on a photo. It runs as a Hugging Face Space, or here: python app.py"""

import gradio as gr
from photo import UnreadablePhoto
from predict import CLASSES, look


def classify(photo):
    """``photo``: path of the file as it was sent."""
    if photo is None:
        return None
    try:
        probabilities, none = look(photo)
    except UnreadablePhoto as error:
        raise gr.Error("This photo cannot be read: choose another.") from error
    return "None of these" if none else dict(zip(CLASSES, map(float, probabilities), strict=True))


# Without an image mode Gradio passes the file on untouched: what it would make of it is not what the model was trained on.
page = gr.Interface(
    classify,
    gr.Image(type="filepath", image_mode=None, label="Photo"),
    gr.Label(num_top_classes=5, label="What it is"),
    title="What is on this photo?",
    flagging_mode="never",
    analytics_enabled=False,
)

if __name__ == "__main__":
    page.launch()
