"""Import of images, clips and LabelMe outlines from a folder or an archive, as one job.

`request` says what is wanted, `listing` what is there, `manifest` and `naming` whose it is,
`pairing` and `planning` what belongs together, `reading` decodes, `places` and `taking` write the
rows, `report` says what became of each file, `running` is the job.
"""
