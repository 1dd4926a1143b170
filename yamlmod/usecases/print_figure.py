"""Turn an SVG into PDF or PNG with the library of the extra `figures`."""

from __future__ import annotations

import struct
import zlib

from yamlmod.errors import Refusal

# Two pixels for each of the drawing's: what a screen of today and a page of print need.
_SCALE = 2.0
_MARK = b"yamlmod draw"


def printed(svg: str, name: str) -> bytes:
    """Return the bytes of the PDF or PNG. Raises Refusal where the library is missing."""
    try:
        import cairosvg
    except ImportError:
        raise Refusal(
            "needs-extra",
            f"{name.upper()} needs the library CairoSVG, which is not installed",
            hint="pip install 'yolo-yamlmod[figures]', or write .svg",
        ) from None
    except OSError as error:  # it is there, and the system's cairo is not
        raise Refusal(
            "needs-extra",
            f"{name.upper()} needs the system's cairo library: {str(error).splitlines()[0]}",
            hint="install it (Debian: libcairo2, macOS: brew install cairo), or write .svg",
        ) from None
    data = svg.encode("utf-8")
    if name == "pdf":
        return bytes(cairosvg.svg2pdf(bytestring=data)) + b"\n%" + _MARK + b"\n"
    return _with_mark(bytes(cairosvg.svg2png(bytestring=data, scale=_SCALE)))


def _with_mark(png: bytes) -> bytes:
    """Put a text chunk after the header, so that the file is known as a drawing of ours."""
    chunk = b"tEXtSoftware\0" + _MARK
    packed = struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
    end_of_header = 33
    return png[:end_of_header] + packed + png[end_of_header:]
