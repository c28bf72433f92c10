import { STYLE } from '../pages/style';

/** That of other pages, and what only an appendix has: lines and points, sets in sets. Colours differ for the colour-blind too, and are never alone. */
export const APPENDIX_STYLE = `${STYLE}
:root{--l0:#0072b2;--l1:#b34700;--l2:#007a57;--l3:#a3457f;--l4:#806600;--l5:#5b4fc4;--l6:#4d4d4d;--l7:#8a1f1f}
@media (prefers-color-scheme:dark){:root{--l0:#6cb8ee;--l1:#ff9d57;--l2:#4cc9a0;--l3:#e79ac6;--l4:#e0c04a;--l5:#a9a2ff;--l6:#bdbdbd;--l7:#ff9c94}}
@media print{:root{--l0:#0072b2;--l1:#b34700;--l2:#007a57;--l3:#a3457f;--l4:#806600;--l5:#5b4fc4;--l6:#4d4d4d;--l7:#8a1f1f}}
${[0, 1, 2, 3, 4, 5, 6, 7].map((i) => `.l${i}{stroke:var(--l${i})}.f${i}{fill:var(--l${i})}`).join('')}
.line{fill:none;stroke-width:1.7;stroke-linejoin:round}.dots{fill:none;stroke-width:6;stroke-linecap:round;opacity:.6}.dot{opacity:.7}.mean{stroke-width:2.2;fill:none}
.axis-line{stroke:var(--soft);stroke-width:1}svg.scatter{max-width:720px}.name-axis{font-size:12px;fill:var(--text)}
th.name{min-width:8rem;overflow-wrap:anywhere}td.depth-1,th.depth-1{padding-left:26px}td.depth-2,th.depth-2{padding-left:42px}td.depth-3,th.depth-3{padding-left:58px}td.depth-4,th.depth-4{padding-left:74px}td.depth-5,th.depth-5{padding-left:90px}
.text{max-width:72ch;overflow-wrap:anywhere}.facts{display:grid;grid-template-columns:minmax(8rem,max-content) 1fr;gap:4px 18px;margin:8px 0}.facts dt{color:var(--soft)}.facts dd{margin:0;overflow-wrap:anywhere}
.files{padding-left:1.1em}.crumbs{font-size:.9rem;margin:0 0 6px}.crumbs ol{list-style:none;display:flex;flex-wrap:wrap;gap:2px 8px;padding:0;margin:0}.crumbs li+li::before{content:"/";padding-right:8px;color:var(--soft)}
.warn{background:var(--warn-bg);color:var(--warn);border-radius:8px;padding:8px 12px;margin:10px 0}.names{columns:14rem;font-size:.9rem;padding-left:1.1em;overflow-wrap:anywhere}
@media (max-width:640px){.facts{grid-template-columns:1fr;gap:0}.facts dd{margin-bottom:6px}}
@media print{.crumbs{display:none}details:not([open])>*{display:none}.chart{break-inside:avoid}#runs,#sets{break-inside:auto}}
`;
