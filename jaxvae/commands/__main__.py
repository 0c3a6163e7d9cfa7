"""`python -m jaxvae.commands`, if the installed command is not on the path."""

from jaxvae.commands import main

if __name__ == "__main__":
    main()
