"""The look of a report, light or dark as the reader's system asks."""

REPORT_CSS = """
:root { color-scheme: light dark; --paper: #ffffff; --ink: #1d2733; --pale: #5c6773;
  --line: #d9dfe5; --panel: #f5f7f9; --accent: #0072b2; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #14181d; --ink: #e6eaee; --pale: #9aa6b2; --line: #323a43;
    --panel: #1d232a; --accent: #56b4e9; }
}
body { background: var(--paper); color: var(--ink); max-width: 72rem; margin: 2.5rem auto;
  padding: 0 1.5rem; font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.8rem; margin-bottom: 0.5rem; }
h2 { font-size: 1.25rem; margin-top: 2.5rem; padding-bottom: 0.3rem;
  border-bottom: 2px solid var(--accent); }
h3 { font-size: 1rem; color: var(--pale); margin: 1.5rem 0 0.5rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 0.3rem 1rem 0.3rem 0; text-align: left; vertical-align: top;
  border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
th { font-weight: 600; }
thead th { color: var(--pale); }
td.number, th.number { text-align: right; padding-left: 1.5rem; }
pre { background: var(--panel); padding: 1rem; border-radius: 6px; overflow-x: auto;
  font-size: 0.85rem; }
figure { margin: 1.5rem 0; }
figure div { background: #ffffff; border: 1px solid var(--line); border-radius: 6px;
  padding: 0.75rem; overflow-x: auto; }
figure img { display: block; max-width: 100%; height: auto; margin: auto; }
figcaption { color: var(--pale); margin-top: 0.4rem; font-size: 0.9rem; }
"""
