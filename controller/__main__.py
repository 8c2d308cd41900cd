"""`python -m controller`: the same as the command `iptv-reconciler`."""

from controller.cli import main

if __name__ == "__main__":
    main()
