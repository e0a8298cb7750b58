"""The media process: it owns camera and, later, microphone and call; a crash in it never freezes the screen."""
