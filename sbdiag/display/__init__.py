"""Frames and values into pictures, HTML and widgets."""
