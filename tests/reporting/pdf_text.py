"""The text layer of a PDF as Chromium writes it: enough of the format to read what a search in a viewer would find."""

from __future__ import annotations

import re
import zlib
from pathlib import Path


class Pdf:
    """Sizes of the pages in points, and their texts without spaces."""

    def __init__(self, path: Path) -> None:
        self.objects = {
            int(found[1]): found[2]
            for found in re.finditer(rb"\n(\d+) 0 obj\n(.*?)\nendobj", path.read_bytes(), re.DOTALL)
        }
        pages = [each for each in self.objects.values() if re.search(rb"/Type /Page\b", each)]
        self.sizes = [tuple(map(float, re.search(rb"/MediaBox \[0 0 (\S+) (\S+)\]", page).groups())) for page in pages]
        self.texts = [self._text(page) for page in pages]

    def _stream(self, number: bytes) -> bytes:
        body = self.objects[int(number)]
        content = re.search(rb"stream\n(.*?)\nendstream", body, re.DOTALL)[1]
        return zlib.decompress(content) if b"/FlateDecode" in body else content

    def _text(self, page: bytes) -> str:
        named = re.search(rb"/Font <<(.*?)>>", page, re.DOTALL)
        letters = (
            {name: self._letters(number) for name, number in re.findall(rb"/(\w+) (\d+) 0 R", named[1])}
            if named
            else {}
        )
        content = self._stream(re.search(rb"/Contents (\d+) 0 R", page)[1])
        text, font = [], {}
        for name, glyphs in re.findall(rb"/(\w+) \S+ Tf|<([0-9A-Fa-f]+)>(?=[^\n]*T[jJ])", content):
            if name:
                font = letters.get(name, {})
            else:
                text += [font.get(glyphs[at : at + 4].upper(), "") for at in range(0, len(glyphs), 4)]
        return "".join(text).replace(" ", "")

    def _letters(self, font: bytes) -> dict[bytes, str]:
        mapped = re.search(rb"/ToUnicode (\d+) 0 R", self.objects[int(font)])
        if mapped is None:
            return {}
        table, found = self._stream(mapped[1]), {}
        for block in re.findall(rb"beginbfchar\n(.*?)endbfchar", table, re.DOTALL):
            for glyph, letter in re.findall(rb"<(\w+)> <(\w+)>", block):
                found[glyph.upper()] = bytes.fromhex(letter.decode()).decode("utf-16-be")
        for block in re.findall(rb"beginbfrange\n(.*?)endbfrange", table, re.DOTALL):
            for first, last, letter in re.findall(rb"<(\w+)> <(\w+)> <(\w+)>", block):
                for step in range(int(last, 16) - int(first, 16) + 1):
                    found[b"%04X" % (int(first, 16) + step)] = chr(int(letter, 16) + step)
        return found
