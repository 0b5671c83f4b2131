"""Every word that Seraphim says in Discord, a file for each language, and who hears which.

Project Fluent rather than gettext: a message has a name of its own instead of an English sentence
for a key, the translator decides about plurals and word order without touching code, and an
attribute keeps what went wrong and what to do about it together. Numbers, percentages, lists and
units are written as Babel's CLDR data says.
"""
