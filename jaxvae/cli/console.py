"""The terminal of a command: messages of the library appear with flags."""

from typing import Any

from rich.console import Console
from rich.text import Text

from jaxvae.cli.explain import as_flags


class FlagConsole(Console):
    """A console that shows options of the library as flags, in lines and in the cells of tables.

    A line that names an option is shown in one style, since rewriting moves its letters.
    """

    def render_str(self, text: str, **options: Any) -> Text:
        """The text as it is shown."""
        shown = super().render_str(text, **options)
        said = as_flags(shown.plain)
        if said == shown.plain:
            return shown
        return Text(said, style=shown.style, justify=shown.justify, overflow=shown.overflow)
