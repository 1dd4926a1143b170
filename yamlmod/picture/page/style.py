"""The style sheet of an HTML file."""

from __future__ import annotations

from yamlmod.picture.themes import Theme

_STYLE = """\
:root { --paper: PAPER; --text: TEXT; --muted: MUTED; --rule: RULE; --mark: MARK; }
* { box-sizing: border-box; }
html, body { margin: 0; height: 100%; background: var(--paper); color: var(--text);
  font: 13px/1.45 sans-serif; }
body { display: flex; flex-direction: column; }
header { display: flex; flex-wrap: wrap; gap: 6px; align-items: center; padding: 8px 12px;
  border-bottom: 1px solid var(--rule); }
h1 { font-size: 15px; margin: 0 12px 0 0; }
button { font: inherit; color: inherit; background: transparent; border: 1px solid var(--muted);
  border-radius: 4px; padding: 2px 9px; cursor: pointer; }
button[aria-pressed="true"] { border-color: var(--mark); color: var(--mark); font-weight: bold; }
button:focus-visible, .layer:focus-visible, .group:focus-visible, #stage:focus-visible
  { outline: 2px solid var(--mark); outline-offset: 1px; }
main { display: flex; flex: 1; min-height: 0; }
#stage { flex: 1; overflow: hidden; position: relative; touch-action: none; cursor: grab; }
#stage.moving { cursor: grabbing; }
#stage > svg { position: absolute; transform-origin: 0 0; }
[hidden] { display: none !important; }
aside { width: 42%; max-width: 640px; overflow: auto; border-left: 1px solid var(--rule);
  padding: 0 8px 8px; }
table { border-collapse: collapse; width: 100%; font-size: 12px; }
th { position: sticky; top: 0; background: var(--paper); text-align: left; }
th, td { padding: 2px 6px; border-bottom: 1px solid var(--rule); vertical-align: top; }
td:nth-child(2), td:nth-child(5) { min-width: 8em; overflow-wrap: anywhere; }
td:not(:nth-child(2)):not(:nth-child(5)):not(:last-child) { white-space: nowrap; }
tr.on, tbody tr:hover { background: color-mix(in srgb, var(--mark) 14%, transparent); }
tr[data-change] td:first-child { font-weight: bold; color: var(--mark); }
#tip { position: absolute; pointer-events: none; max-width: 340px; padding: 6px 9px;
  background: var(--paper); border: 1px solid var(--muted); border-radius: 4px;
  box-shadow: 0 2px 8px #0004; white-space: pre-wrap; font-size: 12px; z-index: 3; }
.layer, .group { cursor: pointer; }
.layer.on > rect:first-child, .group.on > rect:first-child { stroke: var(--mark);
  stroke-width: 2.5; }
.edge.on { stroke: var(--mark); stroke-width: 2.5; }
svg.dim .edge:not(.on) { opacity: 0.25; }
dialog { background: var(--paper); color: var(--text); border: 1px solid var(--muted);
  border-radius: 6px; max-width: 92vw; max-height: 88vh; overflow: auto; }
dialog::backdrop { background: #0006; }
footer { padding: 4px 12px; color: var(--muted); border-top: 1px solid var(--rule);
  font-size: 11px; }
@media (max-width: 800px) { main { flex-direction: column; } aside { width: 100%;
  max-width: none; max-height: 40%; border-left: 0; border-top: 1px solid var(--rule); } }
@media print {
  html, body { height: auto; } body, main { display: block; }
  header button, footer, #tip { display: none !important; }
  #stage { overflow: visible; }
  svg.dim .edge:not(.on) { opacity: 1; }
  #stage > svg { position: static; transform: none !important; max-width: 100%; height: auto;
    max-height: 250mm; }
  aside { width: 100%; max-width: none; border: 0; break-before: page; overflow: visible; }
  th { position: static; }
}
"""


def style(theme: Theme) -> str:
    values = {
        "PAPER": theme.paper,
        "TEXT": theme.text,
        "MUTED": theme.muted,
        "RULE": theme.rule,
        "MARK": theme.changes["rewired"] if theme.name != "mono" else "#000000",
    }
    text = _STYLE
    for name, value in values.items():
        text = text.replace(f": {name};", f": {value};", 1)
    return text
