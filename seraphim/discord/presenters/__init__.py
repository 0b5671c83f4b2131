"""From values to what people see: embeds and buttons. Pure."""
