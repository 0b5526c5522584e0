/**
 * The style of the HTML report. Blue, amber and vermilion, and the stacks' colours, stay apart for colour-blind readers
 * (after Okabe and Ito); text reaches a contrast of 4.5 in light and in dark.
 */
export const STYLE = `
:root{color-scheme:light dark;--paper:#fff;--panel:#f5f7fa;--ink:#1b2430;--muted:#566173;--line:#d9dfe7;--rule:#e9edf2;
--accent:#0067a5;--good:#0067a5;--fair:#8a5a00;--poor:#b3390b;--bar:#5b9ccb;
--s0:#0072b2;--s1:#e69f00;--s2:#009e73;--s3:#b0578a;--s4:#56b4e9;--s5:#7b8794;--s6:#3f4753}
@media (prefers-color-scheme:dark){:root{--paper:#12171e;--panel:#1b222c;--ink:#e6ebf2;--muted:#a3afbf;--line:#36414f;--rule:#262f3a;
--accent:#6cb8ec;--good:#6cb8ec;--fair:#f0b44c;--poor:#ff8f66;--bar:#4a8fbf;
--s0:#4aa3df;--s1:#e9ac2f;--s2:#2fb98f;--s3:#d58ab8;--s4:#a9dbf5;--s5:#8b97a5;--s6:#c4cdd8}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main,header,footer{max-width:1080px;margin:0 auto;padding:0 20px}
header{padding-top:32px}
h1{font-size:1.8rem;line-height:1.2;margin:0;overflow-wrap:anywhere}
h2{font-size:1.25rem;margin:0 0 12px;padding-top:22px;border-top:1px solid var(--line)}
h3{font-size:1rem;margin:22px 0 6px}
p{margin:8px 0;max-width:72ch;overflow-wrap:anywhere}
.sub,footer{color:var(--muted)}
footer{padding-bottom:40px;font-size:.875rem}
section{margin:28px 0}
nav ul{display:flex;flex-wrap:wrap;gap:4px 18px;margin:14px 0 0;padding:0;list-style:none;font-size:.9rem}
a{color:var(--accent)}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:3px}
.date{white-space:nowrap}
.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(220px,1fr));gap:10px;margin:0}
.facts>div{background:var(--panel);border:1px solid var(--line);border-radius:8px;padding:10px 14px}
dt{color:var(--muted);font-size:.875rem}
dd{margin:0}
dd.value{font-size:1.45rem;font-weight:600;line-height:1.3;font-variant-numeric:tabular-nums}
dd.note{color:var(--muted);font-size:.8125rem}
.good{color:var(--good)}.fair{color:var(--fair)}.poor{color:var(--poor)}
.scroll{overflow-x:auto;margin:8px 0}
table{border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums}
caption{text-align:left;font-weight:600;padding:6px 0}
th,td{padding:5px 14px 5px 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--rule)}
th{color:var(--muted);font-weight:600;border-bottom-color:var(--line);vertical-align:bottom}
th.r,td.r{text-align:right;white-space:nowrap}
td:first-child{white-space:nowrap}
.scroll td:first-child,.scroll th:first-child{position:sticky;left:0;background:var(--paper)}
details>.scroll{max-height:75vh;overflow:auto}
details>.scroll th{position:sticky;top:0;background:var(--paper)}
details>.scroll th:first-child{z-index:1}
td:last-child,th:last-child{padding-right:4px}
.why td:last-child{min-width:220px;overflow-wrap:anywhere}
.with-meter{display:flex;align-items:center;justify-content:space-between;gap:10px}
.meter{flex:none;width:96px;height:9px;background:var(--rule);border-radius:3px;overflow:hidden}
.meter i{display:block;height:100%;background:var(--bar);border-radius:3px}
.meter i.good{background:var(--good)}.meter i.fair{background:var(--fair)}.meter i.poor{background:var(--poor)}
details{margin:10px 0}
summary{cursor:pointer;color:var(--accent);padding:3px 0}
.todo{border:1px solid var(--line);border-left:4px solid var(--fair);border-radius:6px;padding:8px 14px;background:var(--panel)}
.todo.poor-edge{border-left-color:var(--poor)}.todo.good-edge{border-left-color:var(--good)}
.todo summary,.todo>p:first-child{color:var(--ink);font-weight:600;overflow-wrap:anywhere}
.todo dl{margin:8px 0;font-size:.9rem}
.todo dl dt{color:var(--ink);font-weight:600;margin-top:8px;font-variant-numeric:tabular-nums}
.todo dd{overflow-wrap:anywhere}
pre{margin:8px 0;padding:8px 12px;background:var(--paper);border:1px solid var(--line);border-radius:6px;white-space:pre-wrap;overflow-wrap:anywhere;
font:.8125rem/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
pre span{display:inline-block;max-width:100%}
figure{margin:18px 0 6px;min-width:0}
figcaption{font-weight:600;font-size:.9375rem}
.panels{display:grid;grid-template-columns:repeat(auto-fill,minmax(300px,1fr));gap:6px 22px}
.panels figcaption{font-size:.875rem}
.legend{display:flex;flex-wrap:wrap;gap:2px 16px;margin:4px 0 0;padding:0;list-style:none;font-size:.8125rem;color:var(--muted)}
.legend svg{width:12px;height:12px;vertical-align:-1px;margin-right:5px}
svg{display:block;width:100%;height:auto;overflow:visible}
.legend svg{display:inline-block}
svg text{font-size:12px;fill:var(--muted);font-variant-numeric:tabular-nums}
.y,.mark-label{text-anchor:end}.x{text-anchor:middle}
.mark-label{paint-order:stroke;stroke:var(--paper);stroke-width:3px}
.grid{stroke:var(--rule);fill:none}.tick{stroke:var(--line);fill:none}
.mark{stroke:var(--muted);stroke-dasharray:4 4;fill:none}
.line{stroke:var(--accent);stroke-width:1.8;stroke-linejoin:round;stroke-linecap:round;fill:none}
.dot{fill:var(--accent);stroke:var(--paper);stroke-width:.8}.dot.fair{fill:var(--fair)}.dot.poor{fill:var(--poor)}
.s0{fill:var(--s0)}.s1{fill:var(--s1)}.s2{fill:var(--s2)}.s3{fill:var(--s3)}.s4{fill:var(--s4)}.s5{fill:var(--s5)}.s6{fill:var(--s6)}
.tip{fill:transparent}.tip:hover{fill:var(--ink);fill-opacity:.09}
.narrow{display:none}
@media (max-width:719px){.wide{display:none}.narrow{display:block}main,header,footer{padding-left:14px;padding-right:14px}h1{font-size:1.4rem}
.facts{grid-template-columns:repeat(auto-fill,minmax(140px,1fr))}.meter{width:56px}}
@media print{:root{color-scheme:light}body{font-size:11pt}nav{display:none}section,figure,tr{break-inside:avoid}section{break-inside:auto}
.scroll,details>.scroll{overflow:visible;max-height:none}details::details-content{content-visibility:visible;block-size:auto}.todo{background:none}}
`.trim();
