"""A hook of the site: `<!-- commands -->` becomes the list of every command with its arguments and options."""

MARKER = "<!-- commands -->"


def on_page_markdown(markdown, **kwargs):
    """Fill in the page that asks."""
    return markdown.replace(MARKER, listed()) if MARKER in markdown else markdown


def listed():
    """Every command, in the order of `gossamer --help`."""
    from typer.main import get_command

    from gossamer import cli

    root = get_command(cli._application(cli.COMMANDS))
    return "\n\n".join(section(f"gossamer {name}", command) for name, command in root.commands.items())


def section(name, command):
    """A heading, what the command does, its parameters, and the same of its subcommands."""
    parts = [f"## {name}", plain(command.help)]
    parameters = [parameter for parameter in command.params if parameter.name != "help"]
    if parameters:
        rows = [row(parameter) for parameter in parameters]
        parts.append("\n".join(["| option | default | meaning |", "|---|---|---|", *rows]))
    if command.epilog:
        calls = [line.strip() for line in command.epilog.split("\n\n")[1:]]
        parts.append("\n".join(["```sh", *calls, "```"]))
    parts += [section(f"{name} {each}", below) for each, below in getattr(command, "commands", {}).items()]
    return "\n\n".join(parts)


def row(parameter):
    """One argument or option."""
    is_option = parameter.param_type_name == "option"
    name = ", ".join(f"`{each}`" for each in parameter.opts) if is_option else f"`{parameter.name.upper()}`"
    unset = parameter.default in (None, False, "") or callable(parameter.default)
    default = "required" if parameter.required else "" if unset else f"`{parameter.default}`"
    return f"| {name} | {default} | {plain(parameter.help)} |"


def plain(text):
    """One line that a table holds."""
    return " ".join((text or "").split()).replace("|", "\\|")


if __name__ == "__main__":  # python docs/site/commands.py shows the list
    print(listed())
