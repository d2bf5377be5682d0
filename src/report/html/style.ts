/** The look of pages that stand alone: both themes by the reader's own choice, from 320 pixels up, and on paper. */

/** Light and dark; on paper always light. */
const light =
  '--ground:#fff;--raised:#f3f5f8;--line:#d3d8df;--text:#1f2329;--dim:#565d68;--accent:#0b57d0;--good:#146c2e;--warn:#7d4c00;--bad:#b3261e;--part:#c3d4ee;--part2:#e0d3f0;--missing:#f3c6c2';
const dark =
  '--ground:#1b1d21;--raised:#26292f;--line:#454a52;--text:#e6e8ec;--dim:#aab0ba;--accent:#8ab4f8;--good:#81d199;--warn:#ecbf6a;--bad:#f59a92;--part:#3b5379;--part2:#54436f;--missing:#6b302b';

export const pageStyle: string = `
:root{color-scheme:light dark;${light}}
@media screen and (prefers-color-scheme:dark){:root{${dark}}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--text);font:15px/1.5 system-ui,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;overflow-wrap:anywhere}
main,header,footer{max-width:62rem;margin:0 auto;padding:0 1rem}
header,footer{color:var(--dim);font-size:.85rem}
header{padding-top:1rem}
footer{padding-bottom:1.5rem}
h1{font-size:1.35rem;line-height:1.35;margin:.4rem 0 .6rem}
h2{font-size:1.1rem;margin:1.8rem 0 .5rem;border-bottom:1px solid var(--line);padding-bottom:.2rem}
h3{font-size:1rem;margin:1rem 0 .3rem}
h4{font-size:.9rem;margin:1rem 0 .3rem}
p{margin:.3rem 0 .6rem}
a{color:var(--accent)}
code,pre,.mono{font-family:ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace;font-size:.85em}
pre{background:var(--raised);padding:.6rem .8rem;white-space:pre-wrap}
.dim{color:var(--dim)}
.badge{font-weight:bold}
.good{color:var(--good)}.warn{color:var(--warn)}.bad{color:var(--bad)}.quiet{color:var(--dim)}
.verdict{font-size:1.1rem;font-weight:600;margin:.2rem 0 1rem}
article.handshake+article.handshake{border-top:3px double var(--line);margin-top:2rem;padding-top:1rem}
.finding{border-left:4px solid var(--line);padding:.1rem 0 .1rem .8rem;margin:.9rem 0;break-inside:avoid}
.finding.bad-edge{border-color:var(--bad)}.finding.warn-edge{border-color:var(--warn)}
.finding h3{margin:0}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:.25rem .6rem .25rem 0;border-bottom:1px solid var(--line)}
th{font-weight:600;white-space:nowrap}
.drawing{display:block;width:100%;height:auto}
.narrow{display:none}
@media screen and (max-width:40rem){.wide{display:none}.narrow{display:block}th,td{display:block;border:0;padding:.1rem 0}tr{display:block;border-bottom:1px solid var(--line);padding:.3rem 0}thead{display:none}}
.pack{list-style:none;margin:.3rem 0;padding:0}
.pack li{margin:.35rem 0;break-inside:avoid}
.pack p{margin:0;font-size:.85rem}
.bar{display:block;position:relative;height:12px;background:var(--raised);border:1px solid var(--line)}
.bar i{position:absolute;top:0;bottom:0;border-right:1px solid var(--ground);background:var(--part)}
.bar i.odd{background:var(--part2)}
.bar i.missing{background:repeating-linear-gradient(45deg,var(--missing) 0 4px,var(--ground) 4px 8px)}
@media print{body{font-size:10pt}main,header,footer{max-width:none;padding:0}h2,h3,h4{break-after:avoid}.drawing{break-inside:auto}@page{margin:15mm}}
`.trim();
