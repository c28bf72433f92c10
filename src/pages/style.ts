/** The style sheet of every page: light, dark, narrow and print. Colours are told apart with any colour vision, and never alone. */
export const STYLE = `
:root{color-scheme:light dark;--page:#f4f6f5;--card:#fff;--text:#1c2422;--soft:#566460;--line:#d5dcd9;--link:#0b5c8a;--accent:#0f7d5c;--focus:#b3400b;
--cpu:#0f7d5c;--dram:#e0a03a;--gpu:#5b6fc4;--other:#a9b3af;--co2:#8a5a3c;--warn:#8a4b00;--warn-bg:#fff3df;--bad:#a3271b;--ink:rgba(0,0,0,.42);
--e0:#e9eeec;--e1:#d3ebe1;--e2:#b0dac9;--e3:#86c4ac;--e4:#58ab8d;--e5:#2f8f6f;--e6:#177354;--e7:#07543a;
--g1:#e3edf5;--g2:#cfdce6;--g3:#dcd3bd;--g4:#d9b98b;--g5:#c8925a;--g6:#a96935;--g7:#7c4315}
@media (prefers-color-scheme:dark){:root{--page:#111716;--card:#1a2220;--text:#e6ecea;--soft:#a3b1ac;--line:#33403c;--link:#7cc0ea;--accent:#4cc39a;--focus:#ffb070;
--cpu:#38b389;--dram:#e8b458;--gpu:#8fa2f0;--other:#75827d;--co2:#d59a72;--warn:#f0c070;--warn-bg:#3a2d14;--bad:#ff9a8c;--ink:rgba(0,0,0,.5);
--e0:#222c29;--e1:#1c3d32;--e2:#1f5444;--e3:#236d57;--e4:#29886c;--e5:#35a583;--e6:#5cc3a1;--e7:#9be5cb;
--g1:#2c4150;--g2:#3c4a52;--g3:#544d3f;--g4:#735a38;--g5:#96703a;--g6:#bf8d46;--g7:#ebb463}}
*{box-sizing:border-box}html{scroll-padding-top:12px}
body{margin:0;background:var(--page);color:var(--text);font:16px/1.5 system-ui,-apple-system,"Segoe UI","Noto Sans","Liberation Sans",Arial,sans-serif}
main,header.top,footer.bottom{max-width:1120px;margin:0 auto;padding:0 20px}
header.top{padding-top:28px;padding-bottom:4px}h1{font-size:1.7rem;line-height:1.2;margin:0 0 4px;letter-spacing:-.01em;overflow-wrap:anywhere}
h2{font-size:1.15rem;margin:0 0 4px}h3{font-size:1rem;margin:18px 0 6px}p{margin:.4em 0}.soft{color:var(--soft)}a{color:var(--link)}
.skip{position:absolute;left:-999px}.skip:focus{left:12px;top:12px;background:var(--card);padding:8px 12px;z-index:9}
:focus-visible{outline:3px solid var(--focus);outline-offset:2px;border-radius:3px}
nav.contents ul{list-style:none;display:flex;flex-wrap:wrap;gap:4px 18px;padding:0;margin:12px 0 0}
nav.contents a{display:inline-block;padding:2px 0}
section{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:18px 20px;margin:16px 0}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(190px,1fr));gap:12px;margin:16px 0;padding:0;list-style:none}
.tiles>li{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:12px 16px;display:flex;flex-direction:column}
.tiles .what{color:var(--soft);font-size:.86rem}.tiles .value{font-size:1.65rem;font-weight:650;line-height:1.25;letter-spacing:-.01em}
.tiles .more{font-size:.84rem;color:var(--soft)}.spark{width:100%;height:26px;margin-top:auto;padding-top:6px}.spark path{fill:var(--accent);opacity:.35}
.tiles .s2 path{fill:var(--co2)}
svg{display:block;width:100%;height:auto}.axis{font-size:11px;fill:var(--soft)}.head{font-size:12px;fill:var(--text);font-weight:600}
.grid{stroke:var(--line);stroke-width:1}.hit{fill:transparent}g:hover>.hit{fill:var(--line);opacity:.45}
.scripted .go{cursor:pointer}.heat.one{max-width:500px}.s-cpu{fill:var(--cpu)}.s-dram{fill:var(--dram)}.s-gpu{fill:var(--gpu)}.s-other{fill:var(--other)}.s-co2e{fill:var(--co2)}
.ink{fill:var(--ink)}.ink-line{stroke:var(--ink);stroke-width:1;fill:none}.overlay{fill:none;stroke:var(--text);stroke-width:1.8;stroke-dasharray:5 3}.overlay-dot{fill:var(--text)}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:2px 18px;padding:0;margin:4px 0 8px;font-size:.88rem;color:var(--soft)}
.legend li{display:flex;align-items:center;gap:6px}.swatch{width:14px;height:14px;flex:none}.scale{width:98px;height:14px}
${[0, 1, 2, 3, 4, 5, 6, 7].map((i) => `.e${i}{fill:var(--e${i})}`).join('')}${[1, 2, 3, 4, 5, 6, 7].map((i) => `.g${i}{fill:var(--g${i})}`).join('')}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.92rem}caption{text-align:left;color:var(--soft);font-size:.86rem;padding:4px 0}
th,td{text-align:left;padding:6px 10px;border-bottom:1px solid var(--line);vertical-align:top}th{font-weight:600}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}tbody tr:hover{background:var(--page)}tbody th{font-weight:500}
tr:target{outline:2px solid var(--focus);outline-offset:-2px}td.name{overflow-wrap:anywhere;min-width:7rem;max-width:20rem}
thead button{font:inherit;font-weight:600;color:inherit;background:none;border:0;padding:0;cursor:pointer;text-align:inherit;white-space:nowrap}
thead button::after{content:"\\2195";opacity:.35;padding-left:4px}th[aria-sort=ascending] button::after{content:"\\2191";opacity:1}th[aria-sort=descending] button::after{content:"\\2193";opacity:1}
.bars{display:grid;grid-template-columns:minmax(7rem,14rem) 1fr auto;gap:6px 12px;align-items:center;margin:8px 0;padding:0;list-style:none}
.bars li{display:contents}.bars .label{overflow-wrap:anywhere}.bars .figure{font-variant-numeric:tabular-nums;text-align:right;font-size:.9rem}
.bars svg{height:16px;width:100%}.track{fill:var(--e0)}.fill{fill:var(--accent)}.fill.over{fill:var(--bad)}.mark{stroke:var(--text);stroke-width:2}
details{margin:8px 0 0}summary{cursor:pointer;color:var(--link);width:fit-content;padding:2px 0}
.columns{display:grid;grid-template-columns:repeat(auto-fit,minmax(300px,1fr));gap:8px 36px}
.note{background:var(--warn-bg);color:var(--warn);border-radius:8px;padding:8px 12px;margin:10px 0}
.filters{display:flex;flex-wrap:wrap;gap:10px 14px;align-items:end;margin:12px 0}.filters label{display:flex;flex-direction:column;font-size:.84rem;color:var(--soft);gap:2px}
input,select,.button{font:inherit;font-size:.95rem;color:var(--text);background:var(--card);border:1px solid var(--soft);border-radius:6px;padding:6px 9px;min-height:36px}
input[type=search]{width:min(20rem,80vw)}.button{cursor:pointer}.button:disabled{opacity:.5;cursor:default}.pager{display:flex;gap:10px;align-items:center;margin:12px 0 0;flex-wrap:wrap}
.count{font-weight:600;margin:8px 0}.only-script{display:none}.scripted .only-script{display:flex}.scripted p.only-script,.scripted div.block.only-script{display:block}.scripted .no-script{display:none}
footer.bottom{color:var(--soft);font-size:.88rem;padding-bottom:40px}footer.bottom ul{padding-left:1.1em}
@media (max-width:640px){body{font-size:15px}main,header.top,footer.bottom{padding-left:12px;padding-right:12px}section{padding:14px 12px}.tiles{grid-template-columns:1fr 1fr}.tiles>li{padding:10px 12px}
.tiles .value{font-size:1.3rem}.bars{grid-template-columns:1fr auto}.bars .drawn{grid-column:1/-1;grid-row:auto}.bars .label{grid-column:1}.chart{overflow-x:auto}.chart>svg{min-width:600px}}
@media print{:root{--page:#fff;--card:#fff;--text:#000;--soft:#333;--line:#bbb;--link:#000}body{font-size:10.5pt}nav.contents,.filters,.pager,.skip,.button{display:none!important}
section,.tiles>li{border-color:#ccc;break-inside:avoid}#jobs,#time{break-inside:auto}tr{break-inside:avoid}thead{display:table-header-group}a{text-decoration:none}.chart>svg{min-width:0}
svg *{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
`;
