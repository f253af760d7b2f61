"""One platform-neutral command layer: the menu as data, one function a command."""
