"""What a file is by its first bytes, never by its name."""

from __future__ import annotations

HEAD = 132
"""So many bytes from the start decide."""

# Kinds that core.decoding reads.
PNG, JPEG, BMP, TIFF, MP4, AVI = "PNG", "JPEG", "BMP", "TIFF", "MP4", "AVI"
PICTURES = frozenset((PNG, JPEG, BMP, TIFF))
CLIPS = frozenset((MP4, AVI))

_STARTS = {
    b"\x89PNG\r\n\x1a\n": PNG,
    b"\xff\xd8\xff": JPEG,
    b"II*\x00": TIFF,
    b"MM\x00*": TIFF,
    b"II+\x00": "BigTIFF",
    b"MM\x00+": "BigTIFF",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"\x00\x00\x00\x0cjP  \r\n\x87\n": "JPEG 2000",
    b"\xff\x4f\xff\x51": "JPEG 2000",
    b"\xff\x0a": "JPEG XL",
    b"\x00\x00\x00\x0cJXL \r\n\x87\n": "JPEG XL",
    b"8BPS": "Photoshop",
    b"%PDF-": "PDF",
    b"ObjectType = Image": "MetaImage",
    b"NRRD000": "NRRD",
    b"\x1aE\xdf\xa3": "Matroska or WebM",
    b"0&\xb2u\x8ef\xcf\x11": "Windows Media",
    b"\x00\x00\x01\xba": "MPEG",
    b"\x00\x00\x01\xb3": "MPEG",
    b"FLV\x01": "Flash video",
}
_QUICKTIME_BOXES = frozenset((b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"))
_STILL_BRANDS = {
    b"avif": "AVIF",
    b"avis": "AVIF",
    b"heic": "HEIC",
    b"heix": "HEIC",
    b"mif1": "HEIC",
    b"msf1": "HEIC",
}
_BMP_HEADERS = frozenset((12, 16, 40, 52, 56, 64, 108, 124))
OTHER_PICTURES = frozenset(
    (
        *("BigTIFF", "GIF", "JPEG 2000", "JPEG XL", "Photoshop", "WebP", "AVIF", "HEIC"),
        *("DICOM", "MetaImage", "NRRD"),
    )
)
OTHER_CLIPS = frozenset(("Matroska or WebM", "Windows Media", "MPEG", "Flash video"))


def format_of(head: bytes) -> str:
    """The name of a file's format by its first `HEAD` bytes; empty: none that is known here."""
    for start, name in _STARTS.items():
        if head.startswith(start):
            return name
    if head[:4] == b"RIFF":
        return {b"AVI ": AVI, b"WEBP": "WebP"}.get(head[8:12], "")
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BMP_HEADERS:
        return BMP
    if head[128:132] == b"DICM":
        return "DICOM"
    if head[4:8] == b"ftyp" and head[8:12] in _STILL_BRANDS:
        return _STILL_BRANDS[head[8:12]]
    return MP4 if is_quicktime(head) else ""


def is_quicktime(head: bytes) -> bool:
    """Whether a file begins with a box of MP4 or QuickTime."""
    return head[4:8] in _QUICKTIME_BOXES and head[8:12] not in _STILL_BRANDS


def may_be_deep(head: bytes) -> bool:
    """Whether a picture may have more than 8 bits a pixel, by its first `HEAD` bytes."""
    kind = format_of(head)
    return kind == TIFF or (kind == PNG and head[24:25] == b"\x10")


def refusal_of_picture(kind: str) -> str:
    """Why a file of a format that is none of `PICTURES` is not taken."""
    if kind == "DICOM":
        return (
            "is DICOM, no PNG, JPEG, BMP or TIFF; export it from the machine as PNG, and give its "
            "spacing in the manifest"
        )
    if kind == "BigTIFF":
        return "is a BigTIFF, no PNG, JPEG, BMP or TIFF; save it as PNG"
    named = f"is {kind} by its content, no PNG, JPEG, BMP or TIFF" if kind else ""
    return f"{named or 'is no PNG, JPEG, BMP or TIFF by its content'}; save it as PNG"
