"""What the customer sees and touches. Kivy is told here, before its first import, to behave as a terminal's part."""

import os
import tempfile

for _name, _value in {
    "KIVY_TEXT": "pil",  # the default text provider breaks Arabic; ours is Pillow with Raqm
    "KIVY_LOG_MODE": "PYTHON",  # it neither takes stderr nor writes files; the program sets up logging
    "KIVY_NO_ARGS": "1",
    "KIVY_NO_CONFIG": "1",
    "KIVY_NO_FILELOG": "1",
    "KIVY_NO_CONSOLELOG": "1",
    "KIVY_HOME": os.path.join(tempfile.gettempdir(), f"kiosk-kivy-{os.getuid()}"),  # noqa: PTH118  a plain string
}.items():
    os.environ.setdefault(_name, _value)
