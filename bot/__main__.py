"""Run the command line: `python -m bot` is `pitwire`."""

from bot.cli import main

if __name__ == "__main__":
    main()
