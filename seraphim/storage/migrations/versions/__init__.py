"""The steps. One that has been released is never changed.

Documents of a new version (`seraphim.storage.document`) come with a step too, one that does nothing
where no table changes: an older Seraphim goes by the revision alone, and would take over a database
whose documents it cannot read.
"""
