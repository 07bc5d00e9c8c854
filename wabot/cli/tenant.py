"""`wabot tenant`: the life of shops. Each command has a module of its own."""

from importlib import import_module

import typer

# In the order of the help; a target that is a Typer app becomes a group of its own.
_COMMANDS = {
    "create": "wabot.cli.tenant_create:create",
    "list": "wabot.cli.tenant_look:list_",
    "show": "wabot.cli.tenant_look:show",
    "update": "wabot.cli.tenant_update:update",
    "suspend": "wabot.cli.tenant_suspend:suspend",
    "resume": "wabot.cli.tenant_suspend:resume",
    "clone": "wabot.cli.tenant_clone:clone",
    "export": "wabot.cli.tenant_export:export",
    "import": "wabot.cli.tenant_import:import_",
    "rotate-token": "wabot.cli.tenant_token:rotate_token",
    "subscribe": "wabot.cli.tenant_subscribe:subscribe",
    "try-sending": "wabot.cli.tenant_sending:try_sending",
    "move": "wabot.cli.tenant_move:move",
    "migrate": "wabot.cli.tenant_migrate:migrate",
    "module": "wabot.cli.tenant_module:app",
    "doctor": "wabot.cli.tenant_doctor:doctor",
    "template": "wabot.cli.tenant_template:app",
    "delete": "wabot.cli.tenant_delete:delete",
}

app = typer.Typer(rich_markup_mode=None)

for _name, _target in _COMMANDS.items():
    _module, _, _attribute = _target.partition(":")
    _found = getattr(import_module(_module), _attribute)
    if isinstance(_found, typer.Typer):
        app.add_typer(_found, name=_name, no_args_is_help=True)
    else:
        app.command(_name)(_found)
