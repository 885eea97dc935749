"""What is drawn: values to HTML, SVG and pictures. Nothing here knows Gradio."""
