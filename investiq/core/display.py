"""Facts, notes and provenance to text and to HTML: both state the same numbers by construction."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

from investiq.core.facts import Fact, Table, format_fact
from investiq.core.notes import Note

__all__ = ["NOTE_SIGNS", "STYLE", "facts_table", "lines_table", "notes_list", "provenance_block", "to_html", "to_text"]

# Characters of a value that a page can show in one line.
_LONGEST_LINE: Final = 60
NOTE_SIGNS: Final = {"info": "i", "caution": "!", "error": "x"}

# Colours come as CSS variables so that JupyterLab's, Voila's and a report's theme apply; the fallbacks are the light theme.
# Tables say that they inherit: in a page without a doctype a browser would give them the page's colour and 16 px, and a
# page may colour its own cells. JupyterLab has no variables for gains and losses, so its dark theme gets its own.
STYLE: Final = """
.iq-card{font-family:system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;font-size:13px;line-height:1.45;max-width:980px;
 color:var(--iq-text,var(--jp-content-font-color1,#1b2733));background:var(--iq-surface,var(--jp-layout-color1,#fff));
 border:1px solid var(--iq-border,var(--jp-border-color2,#dde3ea));border-radius:8px;padding:14px 18px}
[data-jp-theme-light="false"] .iq-card{--iq-up:#3fc1a5;--iq-down:#ff8a8f;--iq-mark:#e3b341}
.iq-card h3,.iq-card h4{color:inherit}
.iq-card table,.iq-card tr,.iq-card td,.iq-card th{color:inherit;font-family:inherit;font-size:inherit;line-height:inherit}
.iq-card h3{margin:0 0 8px;font-size:15px;font-weight:600}
.iq-card table.iq-facts,.iq-card table.iq-lines{font-size:13px}
.iq-card table.iq-facts{border-collapse:collapse;table-layout:auto;width:100%;margin:0}
.iq-card table.iq-facts td,.iq-card table.iq-facts th{padding:4px 10px 4px 0;border:0;border-bottom:1px solid var(--iq-border,var(--jp-border-color2,#e8edf2));
 text-align:left;vertical-align:top;background:none}
.iq-card table.iq-facts td:first-child{white-space:nowrap;width:1%;padding-right:28px}
.iq-card table.iq-facts td.iq-value{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap;font-weight:600;width:1%;padding-right:20px}
.iq-card table.iq-facts td.iq-words{text-align:left;white-space:normal;font-weight:400;width:auto}
.iq-card .iq-provenance table.iq-facts td{border-bottom:0;padding-top:1px;padding-bottom:1px}
.iq-card .iq-provenance table.iq-facts td.iq-value{text-align:left;white-space:normal;font-weight:400;width:auto;overflow-wrap:anywhere}
.iq-card .iq-quiet,.iq-card td.iq-convention{color:var(--iq-muted,var(--jp-content-font-color2,#5b6b7b));font-size:12px}
.iq-card .iq-provenance table.iq-facts,.iq-card .iq-provenance table.iq-facts td{font-size:11.5px}
.iq-card ul.iq-notes{list-style:none;margin:10px 0 0;padding:0}
.iq-card ul.iq-notes li{margin:3px 0;padding-left:20px;position:relative}
.iq-card ul.iq-notes li b{position:absolute;left:2px}
.iq-card details.iq-provenance{margin-top:10px}
.iq-card details.iq-provenance summary{cursor:pointer}
.iq-card h4{margin:14px 0 4px;font-size:13px;font-weight:600}
.iq-card .iq-scroll{overflow-x:auto}
.iq-card table.iq-lines{border-collapse:collapse;table-layout:auto;width:100%;margin:0}
.iq-card table.iq-lines th,.iq-card table.iq-lines td{padding:4px 12px 4px 0;border:0;text-align:left;vertical-align:top;background:none;
 border-bottom:1px solid var(--iq-border,var(--jp-border-color2,#e8edf2))}
.iq-card table.iq-lines th{font-weight:500;color:var(--iq-muted,var(--jp-content-font-color2,#5b6b7b))}
.iq-card table.iq-lines td:not(:last-child){white-space:nowrap}
.iq-card table.iq-lines td:last-child:not(.iq-n){width:99%}
.iq-card table.iq-lines th:not(.iq-n){white-space:nowrap}
.iq-card table.iq-lines th.iq-wide,.iq-card table.iq-lines td.iq-wide{white-space:normal;min-width:14em;overflow-wrap:anywhere}
.iq-card table.iq-lines .iq-n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.iq-card .iq-up{color:var(--iq-up,#0b7a67)}
.iq-card .iq-down{color:var(--iq-down,#c22532)}
.iq-card p.iq-headline{margin:-4px 0 10px;font-size:13.5px;font-variant-numeric:tabular-nums}
.iq-card details.iq-fold{margin:12px 0 0}
.iq-card details.iq-fold>summary{cursor:pointer}
.iq-card details.iq-fold h4{display:inline;margin:0}
.iq-card .iq-scale{display:inline-block;position:relative;width:84px;height:8px;margin-left:8px;border-radius:2px;overflow:hidden;
 background:linear-gradient(to right,transparent 49.4%,currentColor 49.4%,currentColor 50.6%,transparent 50.6%),
 var(--iq-border,var(--jp-border-color2,#e8edf2))}
.iq-card .iq-scale.iq-none{visibility:hidden}
.iq-card .iq-scale i{position:absolute;top:0;bottom:0;background:currentColor}
.iq-mark{display:inline-block;border:1px solid currentColor;border-radius:4px;padding:0 6px;margin-left:8px;font-size:11px;letter-spacing:.06em;
 color:var(--iq-mark,#8a5a00);vertical-align:middle}
""".replace("\n", "")


def facts_table(facts: Sequence[Fact]) -> str:
    """Return an HTML table of label, value and convention; a note stands under its convention."""
    rows = []
    for fact in facts:
        remarks = "; ".join(part for part in (fact.convention, fact.note) if part)
        value = format_fact(fact)
        # Sentences wrap, numbers never do.
        look = "iq-value iq-words" if len(value) > _LONGEST_LINE else "iq-value"
        rest = f'<td class="iq-convention">{escape(remarks)}</td>'
        if len(value) > _LONGEST_LINE and not remarks:
            look, rest = f'{look}" colspan="2', ""
        rows.append(f'<tr><td>{escape(fact.label)}</td><td class="{look}">{escape(value)}</td>{rest}</tr>')
    return f'<table class="iq-facts"><tbody>{"".join(rows)}</tbody></table>'


def lines_table(table: Table) -> str:
    """Return a `Table` as HTML with its title; numbers are aligned to the right, signed ones coloured."""
    head = "".join(f'<th scope="col"{_mark(table, name, name)}>{escape(name)}</th>' for name in table.columns)
    body = "".join(
        "<tr>"
        + "".join(
            f"<td{_mark(table, name, cell)}>{escape(cell)}{_scale(table, name, cell)}</td>"
            for name, cell in zip(table.columns, row, strict=True)
        )
        + "</tr>"
        for row in table.rows
    )
    title = f"<h4>{escape(table.title)}</h4>"
    lines = f'<div class="iq-scroll"><table class="iq-lines"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    return f'<details class="iq-fold"><summary>{title}</summary>{lines}</details>' if table.is_folded else title + lines


def _scale(table: Table, column: str, cell: str) -> str:
    """Return the place of a score between -100 and 100 as a bar from the middle."""
    if column not in table.scales:
        return ""
    try:
        score = float(cell)
    except ValueError:  # a score that is missing
        return '<span class="iq-scale iq-none" aria-hidden="true"></span>'
    left, width = 50 + min(score, 0) / 2, abs(score) / 2
    return f'<span class="iq-scale" aria-hidden="true"><i style="left:{left:.1f}%;width:{width:.1f}%"></i></span>'


def _mark(table: Table, column: str, cell: str = "") -> str:
    classes = ["iq-n"] if column in (*table.numbers, *table.signed) else []
    if len(cell) > _LONGEST_LINE:
        classes.append("iq-wide")
    if column in table.signed:
        classes += {"+": ["iq-up"], "-": ["iq-down"]}.get(cell[:1], [])
    return f' class="{" ".join(classes)}"' if classes else ""


def notes_list(notes: Sequence[Note]) -> str:
    """Return the notes as an HTML list, or an empty string."""
    if not notes:
        return ""
    items = "".join(f"<li><b>{NOTE_SIGNS[note.severity]}</b>{escape(note.text)}</li>" for note in notes)
    return f'<ul class="iq-notes">{items}</ul>'


def provenance_block(provenance: Sequence[Fact]) -> str:
    """Return the quiet block that states where the numbers come from."""
    if not provenance:
        return ""
    return (
        '<details class="iq-provenance iq-quiet" open><summary>Provenance and conventions</summary>'
        f"{facts_table(provenance)}</details>"
    )


def to_html(
    title: str,
    facts: Sequence[Fact],
    notes: Sequence[Note],
    provenance: Sequence[Fact],
    watermark: str | None,
    tables: Sequence[Table] = (),
    headline: str = "",
    urgent: Sequence[Note] = (),
) -> str:
    """Return a self-contained card; every text from outside is escaped, and the `urgent` of the notes stand first."""
    mark = f'<span class="iq-mark">{escape(watermark)}</span>' if watermark else ""
    line = f'<p class="iq-headline">{escape(headline)}</p>' if headline else ""
    return (
        f'<style>{STYLE}</style><div class="iq-card"><h3>{escape(title)}{mark}</h3>{line}{notes_list(urgent)}'
        f"{facts_table(facts)}{''.join(lines_table(table) for table in tables)}"
        f"{notes_list([note for note in notes if note not in urgent])}{provenance_block(provenance)}</div>"
    )


def to_text(
    title: str,
    facts: Sequence[Fact],
    notes: Sequence[Note],
    provenance: Sequence[Fact],
    watermark: str | None,
    tables: Sequence[Table] = (),
    headline: str = "",
    urgent: Sequence[Note] = (),
) -> str:
    """Return the plain-text twin of `to_html`."""
    lines = [f"{title}  [{watermark}]" if watermark else title, *([headline] if headline else [])]
    lines += [*_signs(urgent), *_rows(facts)]
    for table in tables:
        lines += ["", f"  {table.title}", *_lines(table)]
    if others := [note for note in notes if note not in urgent]:
        lines += ["", *_signs(others)]
    if provenance:
        lines += ["", "  Provenance and conventions", *_rows(provenance, side="<")]
    return "\n".join(lines)


def _signs(notes: Sequence[Note]) -> list[str]:
    return [f"  {NOTE_SIGNS[note.severity]} {note.text}" for note in notes]


def _rows(facts: Sequence[Fact], side: str = ">") -> list[str]:
    width = max((len(fact.label) for fact in facts), default=0)
    value_width = min(max((len(format_fact(fact)) for fact in facts), default=0), 24)
    rows = []
    for fact in facts:
        remarks = "; ".join(part for part in (fact.convention, fact.note) if part)
        rows.append(f"  {fact.label:<{width}}  {format_fact(fact):{side}{value_width}}  {remarks}".rstrip())
    return rows


def _lines(table: Table) -> list[str]:
    cells = [table.columns, *table.rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(table.columns))]
    aligned = [">" if name in (*table.numbers, *table.signed) else "<" for name in table.columns]
    return [
        "  "
        + "  ".join(f"{cell:{side}{width}}" for cell, side, width in zip(row, aligned, widths, strict=True)).rstrip()
        for row in cells
    ]
