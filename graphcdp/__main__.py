"""`python -m graphcdp` is the command `graphcdp`."""

from graphcdp.cli.main import main

if __name__ == "__main__":
    main()
