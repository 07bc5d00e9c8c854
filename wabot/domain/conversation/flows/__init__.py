"""How the conversation moves on, one module per subject."""
