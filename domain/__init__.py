"""The arithmetic of Myotrace: pure functions on numpy, scipy and shapely.

Nothing here knows Django, a file or a network. Geometry is in image pixels, x right, y down,
(0, 0) at the top-left corner of the top-left pixel; a pixel's centre lies at +0.5. Arrays are
(height, width).
"""
