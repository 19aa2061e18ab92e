"""The one door for a scan that arrives: from an import, an upload, the demo, a test.

`batch` says what comes in and what became of it, `standing` what the study has already, `since`
whether people have worked on a scan since its file came, `deciding` what is taken, `writing` writes
the rows of a batch with all consequences, `running` cuts what comes in into short transactions.

A preview decides by the same code and writes nothing.
"""
