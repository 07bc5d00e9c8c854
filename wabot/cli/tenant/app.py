"""`wabot tenant`: the life of shops. Each command has a module of its own."""

from importlib import import_module

import typer

# In the order of the help; a target that is a Typer app becomes a group of its own.
_COMMANDS = {
    "create": "wabot.cli.tenant.create:create",
    "list": "wabot.cli.tenant.look:list_",
    "show": "wabot.cli.tenant.look:show",
    "update": "wabot.cli.tenant.update:update",
    "suspend": "wabot.cli.tenant.suspend:suspend",
    "resume": "wabot.cli.tenant.suspend:resume",
    "clone": "wabot.cli.tenant.clone:clone",
    "export": "wabot.cli.tenant.export:export",
    "import": "wabot.cli.tenant.import_:import_",
    "rotate-token": "wabot.cli.tenant.token:rotate_token",
    "subscribe": "wabot.cli.tenant.subscribe:subscribe",
    "try-sending": "wabot.cli.tenant.sending:try_sending",
    "move": "wabot.cli.tenant.move:move",
    "migrate": "wabot.cli.tenant.migrate:migrate",
    "module": "wabot.cli.tenant.module:app",
    "doctor": "wabot.cli.tenant.doctor:doctor",
    "template": "wabot.cli.tenant.template:app",
    "delete": "wabot.cli.tenant.delete:delete",
}

app = typer.Typer(rich_markup_mode=None)

for _name, _target in _COMMANDS.items():
    _module, _, _attribute = _target.partition(":")
    _found = getattr(import_module(_module), _attribute)
    if isinstance(_found, typer.Typer):
        app.add_typer(_found, name=_name, no_args_is_help=True)
    else:
        app.command(_name)(_found)
