"""How Seraphim meets Discord: hikari's gateway and REST, commands, buttons, and words.

What comes in becomes a typed message for a guild's player; what the player answers becomes a card.
`edge` builds it all; nothing in here decides what the music does.
"""
