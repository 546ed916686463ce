"""`python -m espressivo` is the command line."""

from espressivo.cli import main

main()
