"""The sandbox in a terminal: people type, and see and hear what the bot makes of it.

prompt, script        who types: somebody at a terminal, or a file of lines
lines                 a script's lines, as they come
actions               what a line means
stage                 the guild, its people and the bot, and doing what was meant
chat, sound           what is seen and heard
screen, markdown      how it is shown
"""
