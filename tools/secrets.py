"""Refuse what must never be committed: tokens, keys, addresses of package indexes, paths of one machine."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

FORBIDDEN = {
    "a Discord bot token": re.compile(r"\b[MNO][A-Za-z\d_-]{23,25}\.[A-Za-z\d_-]{6}\.[A-Za-z\d_-]{27,}\b"),
    "a Telegram bot token": re.compile(r"\b\d{8,10}:AA[A-Za-z\d_-]{33}\b"),
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "an API key": re.compile(r"\b(?:sk-[A-Za-z\d]{20,}|ghp_[A-Za-z\d]{36}|AKIA[A-Z\d]{16})\b"),
    "a Discord webhook": re.compile(r"discord(?:app)?\.com/api/webhooks/\d{15,}/[\w-]{30,}"),
    "an index address": re.compile(r"-{2}(?:extra-)?index-url|-{2}find-links|\"resolved\" *: *\"https?:"),
    "a path of one machine": re.compile(r"(?<![\w./])/(?:home/\w+|root|work|Users/\w+)/"),
}
ALLOWED = {"tools/secrets.py", "tools/lock.py"}  # they name what they look for
LARGEST = 1_500_000  # bytes: a larger file is clutter, whatever it is


def main() -> None:
    names = (
        subprocess.run(["git", "ls-files", "-z"], capture_output=True, check=True).stdout.decode().split("\0")
    )
    found = [line for name in names if name and Path(name).is_file() for line in troubles(Path(name))]
    for line in found:
        print(line)
    sys.exit(bool(found))


def troubles(path: Path) -> list[str]:
    """Say what a file holds that it must not."""
    if path.stat().st_size > LARGEST:
        return [f"{path}: larger than {LARGEST} bytes"]
    data = path.read_bytes()
    if b"\0" in data or path.as_posix() in ALLOWED:
        return []
    text = data.decode("utf-8", errors="replace")
    return [f"{path}: {what}" for what, pattern in FORBIDDEN.items() if pattern.search(text)]


if __name__ == "__main__":
    main()
