"""How pages look. Colours are the reader's own wherever possible: ink and paper are inherited.

The fragment in a notebook must read on any theme: it sets no ink and no paper, only lines and
badges of middle lightness, and outweighs what notebooks say about tables. The page file sets
both, light or dark as the reader's system asks.
"""

from __future__ import annotations

from typing import Final

FRAGMENT: Final = """\
.sbdiag { line-height: 1.45; max-width: 62rem; }
.sbdiag.sbdiag h1 { font-size: 1.35em; margin: 0.2em 0 0.5em; }
.sbdiag.sbdiag h2 { font-size: 1.1em; font-weight: 600; margin: 1.5em 0 0.45em; }
.sbdiag p { margin: 0.3em 0; }
.sbdiag .lead { font-size: 1.08em; font-weight: 600; }
.sbdiag .aside { opacity: 0.78; font-size: 0.92em; }
.sbdiag .redacted { border: 1px dashed currentColor; padding: 0.3em 0.6em; }
.sbdiag .answer { border-left: 4px solid #c2410c; padding: 0.1em 0 0.1em 0.8em; margin: 0.6em 0; }
.sbdiag .answer.calm { border-left-color: #00785a; }
.sbdiag.sbdiag table { border-collapse: collapse; margin: 0.5em 0; font-size: 0.92em; width: auto; }
.sbdiag.sbdiag th, .sbdiag.sbdiag td { text-align: left; vertical-align: top;
  padding: 0.25em 0.7em 0.25em 0; border: 0; border-bottom: 1px solid rgba(128, 128, 128, 0.3);
  font-weight: normal;
  overflow-wrap: anywhere; white-space: normal; max-width: none; }
.sbdiag.sbdiag thead th { opacity: 0.78; vertical-align: bottom; overflow-wrap: normal; }
.sbdiag.sbdiag tbody tr, .sbdiag.sbdiag tbody tr:nth-child(odd) { background: transparent; }
.sbdiag .number { text-align: right; font-variant-numeric: tabular-nums; }
.sbdiag code, .sbdiag pre { font-family: ui-monospace, Menlo, Consolas, monospace;
  font-size: 0.92em; background: transparent; color: inherit; padding: 0; }
.sbdiag code { overflow-wrap: anywhere; }
.sbdiag pre { white-space: pre-wrap; overflow-wrap: anywhere; word-break: normal;
  margin: 0.4em 0; padding: 0.5em 0.8em;
  background: rgba(128, 128, 128, 0.12); border-radius: 4px; overflow: hidden; }
.sbdiag pre code { font-size: 1em; }
.sbdiag details { margin: 0.35em 0; }
.sbdiag details > :not(summary) { margin-left: 1.1em; }
.sbdiag summary { cursor: pointer; }
.sbdiag .rule { border-top: 1px solid rgba(128, 128, 128, 0.3); padding: 0.4em 0; }
.sbdiag ul { margin: 0.3em 0; padding-left: 1.3em; }
.sbdiag figure { margin: 1em 0; }
.sbdiag img { max-width: 100%; height: auto; }
.sbdiag .badge { display: inline-block; font-size: 0.82em; font-weight: 600; line-height: 1.5;
  padding: 0 0.5em; border-radius: 3px; white-space: nowrap; border: 1px solid transparent; }
.sbdiag .refused, .sbdiag .cause { background: #b23a08; color: #ffffff; }
.sbdiag .reached { background: #006b50; color: #ffffff; }
.sbdiag .warning { background: #f0b429; color: #1b1f24; }
.sbdiag .not-seen, .sbdiag .note { border-color: currentColor; opacity: 0.75; }
.sbdiag .unknown { border: 1px dashed currentColor; }
"""

PAGE: Final = """\
:root { color-scheme: light dark; }
body { margin: 0; padding: 1.5rem; background: #ffffff; color: #1b1f24;
  font: 16px/1.45 system-ui, -apple-system, "Segoe UI", "Helvetica Neue", Arial, sans-serif; }
.sbdiag { margin: 0 auto; }
@media (prefers-color-scheme: dark) { body { background: #15181c; color: #e6e9ec; } }
@media print { body { padding: 0; background: #ffffff; color: #000000; }
  .sbdiag { max-width: none; font-size: 10pt; } }
"""

# Around and inside the widgets of the explorer; the classes of the widgets are listed in
# display/widgets.
EXPLORER: Final = """\
.sbdiag-explorer .sbdiag { max-width: none; }
.sbdiag-explorer .sbdiag > :first-child { margin-top: 0; }
.sbdiag-explorer .widget-html-content { line-height: 1.45; }
.sbdiag-explorer .widget-box { overflow: visible; }
.sbdiag-time .widget-readout { flex: 0 0 auto; min-width: 17em; text-align: center; }
.sbdiag-proposal { border-top: 1px solid rgba(128, 128, 128, 0.3); padding: 6px 0; }
.sbdiag-unfold, .sbdiag-way select { height: 26px; line-height: 24px; font-size: 0.9em; }
.sbdiag-access > * { margin: 0 2px; }
.sbdiag-access input, .sbdiag-access .widget-html-content { line-height: 1.5; }
.sbdiag-results { position: sticky; top: 0; }
/* What follows stays in sight: nothing around it may scroll by itself. */
.sbdiag-explorer.sbdiag-explorer, .jp-OutputArea:has(.sbdiag-explorer),
.jp-OutputArea-child:has(.sbdiag-explorer), .jp-OutputArea-output:has(.sbdiag-explorer) {
  overflow: visible; }
.sbdiag .label { font-weight: 600; }
.sbdiag .label.big { font-size: 1.1em; }
.sbdiag .small { font-size: 0.92em; }
.sbdiag .scroll { max-height: 17rem; overflow: auto; }
.sbdiag .scroll.tall { max-height: min(34rem, 65vh); }
.sbdiag .scroll pre { margin: 0; }
.sbdiag .rejected { text-decoration: line-through; opacity: 0.6; }
.sbdiag .allow, .sbdiag .yes { background: #006b50; color: #ffffff; }
.sbdiag .deny, .sbdiag .no, .sbdiag .failed { background: #b23a08; color: #ffffff; }
.sbdiag .exact { border-color: currentColor; opacity: 0.75; }
.sbdiag .wider, .sbdiag .whole-operation { background: #f0b429; color: #1b1f24; }
.sbdiag .admitted { border-left: 4px solid #f0b429; padding-left: 0.8em; margin: 0.4em 0; }
.sbdiag .download a { display: inline-block; padding: 0.25em 0.9em; border-radius: 3px;
  background: #0b5cad; color: #ffffff; text-decoration: none; font-weight: 600; }
"""
