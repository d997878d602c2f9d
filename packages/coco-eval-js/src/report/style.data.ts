/** The page's style sheet. Colors: cool = right, warm = wrong, plum = missed; they differ in lightness too, so they survive color blindness. */
export const style: string = `
:root{--bg:#f7f7f5;--panel:#fff;--ink:#1a1c20;--soft:#6a707b;--line:#e3e4e7;--track:#eeeff1;--cool:#2b6cdf;--warm:#e2572b;--plum:#a33a86;--teal:#12876b;--gray:#8b909b;--gold:#c9900c}
@media (prefers-color-scheme:dark){:root{--bg:#121417;--panel:#1a1d22;--ink:#e9ebee;--soft:#979eaa;--line:#2b2f36;--track:#262a31;--cool:#6aa0ff;--warm:#ff8556;--plum:#dd7cc4;--teal:#43c6a2;--gray:#7d8490;--gold:#e6b445}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif;font-variant-numeric:tabular-nums}
main{max-width:1080px;margin:0 auto;padding:56px 28px 80px}
h1{font-size:30px;line-height:1.2;letter-spacing:-.02em;margin:0 0 10px;font-weight:650;overflow-wrap:anywhere}
h2{font-size:20px;letter-spacing:-.01em;margin:0 0 2px;font-weight:650}
h3{font-size:14px;margin:26px 0 8px;font-weight:600;color:var(--soft)}
b{font-weight:600}
ol{list-style:none;margin:0;padding:0}
.facts{display:flex;flex-wrap:wrap;gap:4px 0;color:var(--soft);margin:0 0 34px;padding:0}
.facts li:not(:last-child)::after{content:"·";margin:0 9px}
.explain{color:var(--soft);margin:0 0 22px;max-width:84ch;text-wrap:pretty}
section{background:var(--panel);border:1px solid var(--line);border-radius:14px;padding:26px 28px 30px;margin-top:22px}
.hero{display:grid;grid-template-columns:minmax(180px,auto) 1fr;gap:18px 44px;align-items:center}
.hero .lead{font-size:84px;line-height:1;font-weight:680;letter-spacing:-.045em;color:var(--cool)}
.hero .lead+div{font-weight:600;margin-top:8px}
.hero small,.metrics small{display:block;color:var(--soft);font-size:12px;font-weight:400}
.metrics{display:grid;grid-template-columns:repeat(var(--columns,6),minmax(0,1fr));gap:20px 22px}
.metrics .first{grid-column-start:1}
.metrics li>b{display:block;font-size:22px;line-height:1.25;letter-spacing:-.015em}
.metrics .track{height:4px;margin:5px 0 4px}
.track{position:relative;display:block;height:10px;background:var(--track);border-radius:5px}
.fill{position:absolute;inset:0 auto 0 0;border-radius:5px;background:var(--cool)}
.fill.wrong{background:var(--warm)}
.mark{position:absolute;top:-3px;bottom:-3px;width:2px;margin-left:-1px;background:var(--ink);opacity:.55}
.split{display:grid;grid-template-columns:minmax(0,1fr) 250px;gap:34px;align-items:center}
svg{display:block;width:100%;height:auto}
svg text{fill:var(--soft);font-size:12px}
svg.chart{overflow:visible}
svg.matrix text{font-size:inherit}
.axis{font-weight:600}
.grid{stroke:var(--line);fill:none}
.curve{fill:none;stroke-width:2;stroke-linejoin:round}
.legend li{display:grid;grid-template-columns:12px 36px 1fr 42px;gap:9px;align-items:center;padding:4px 0}
.legend .track{height:6px}
.swatch{width:12px;height:12px;border-radius:3px}
.key,.count{color:var(--soft)}
.legend b,.bars>li>b,.classes b,.count{text-align:right}
.classes{columns:2;column-gap:44px}
.classes li{break-inside:avoid;display:grid;grid-template-columns:minmax(0,8.4em) minmax(24px,1fr) 38px 60px var(--count,5ch);gap:11px;align-items:center;padding:3px 0}
.classes.grouped li{grid-template-columns:minmax(0,12.5em) minmax(24px,1fr) 38px 60px var(--count,5ch)}
.classes.plain li{grid-template-columns:minmax(0,12.5em) minmax(24px,1fr) 38px var(--count,5ch)}
.classes .name{display:flex;align-items:center}.classes .name>span{overflow:hidden;text-overflow:ellipsis}
.spark{width:60px}.count,.bars b,.classes b{white-space:nowrap}.classes .count{grid-column:-2}
.classes .track{height:8px}
.name{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.badge{font-style:normal;font-size:11px;color:var(--soft);border:1px solid var(--line);border-radius:4px;padding:0 4px;margin-left:6px;flex:none}
.spark .line{fill:none;stroke:var(--cool);stroke-width:1.4}
.spark .area{fill:var(--cool);opacity:.14}
.bars li{display:grid;grid-template-columns:minmax(0,22em) 1fr 52px;gap:16px;align-items:center;padding:5px 0}
.bars.tide li{grid-template-columns:minmax(0,21em) 1fr 56px 62px}
.tide .name{color:var(--soft)}
.tide .name b{display:inline-block;min-width:5.8em;color:var(--ink)}
.tide .track{height:14px}
.error-cls{background:var(--warm)}.error-loc{background:var(--gold)}.error-both{background:var(--gray)}.error-dupe{background:var(--teal)}.error-bkg{background:var(--cool)}.error-miss{background:var(--plum)}
.error-falsepos{background:var(--warm)}.error-falseneg{background:var(--plum)}
.reliability{max-width:420px;margin:0 auto}.reliability .right{fill-opacity:.75}.promise{stroke:var(--ink);stroke-width:2}.diagonal{stroke:var(--soft);stroke-dasharray:4 4}
.figure{overflow-x:auto}
svg.matrix{margin:0 auto}
.ground{fill:var(--track)}
.right{fill:var(--cool)}.wrong{fill:var(--warm)}.void{fill:var(--gray)}
.matrix .in{text-anchor:middle;fill:var(--ink);pointer-events:none}
.matrix .strong{fill:var(--panel)}
.gallery{display:grid;grid-template-columns:repeat(auto-fill,minmax(300px,1fr));gap:24px 20px}
figure{margin:0;min-width:0}
figure svg{height:220px}
figure .ground{stroke:var(--line);vector-effect:non-scaling-stroke}
figure g rect{fill-opacity:.07;stroke-width:2;vector-effect:non-scaling-stroke}
figure g.tp rect{stroke:var(--teal);fill:var(--teal);stroke-opacity:.75}
figure g.fp rect{stroke:var(--warm);fill:var(--warm)}
figure g.fn rect{stroke:var(--plum);fill:var(--plum);stroke-dasharray:5 4}
figure.shown g rect{fill-opacity:0}
figure g text{font-size:inherit;font-weight:600;paint-order:stroke;stroke:var(--track);stroke-width:3px;stroke-linejoin:round}
figure g.tp text{fill:var(--teal)}figure g.fp text{fill:var(--warm)}figure g.fn text{fill:var(--plum)}
figcaption{display:flex;flex-wrap:wrap;gap:2px 12px;margin-top:8px;font-size:13px}
figcaption b{flex:1 1 100%;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.chip::before{content:"";display:inline-block;width:9px;height:9px;border-radius:2px;margin-right:5px;background:currentColor}
.chip.tp{color:var(--teal)}.chip.fp{color:var(--warm)}.chip.fn{color:var(--plum)}
pre{margin:0;overflow-x:auto;font:13px/1.65 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
.notes li{padding:2px 0;overflow-wrap:anywhere}
.tools{display:flex;flex-wrap:wrap;gap:8px 14px;align-items:center;margin:0 0 14px}
.tools[hidden]{display:none}
.tools input{flex:1 1 200px;max-width:320px;font:inherit;color:inherit;background:var(--bg);border:1px solid var(--line);border-radius:8px;padding:6px 11px}
.tools button{font:inherit;font-size:13px;color:var(--soft);background:none;border:1px solid var(--line);padding:5px 11px;cursor:pointer}
.tools button:first-child{border-radius:8px 0 0 8px}.tools button:last-child{border-radius:0 8px 8px 0}.tools button+button{border-left:0}
.tools button[aria-pressed=true]{color:var(--ink);background:var(--track);font-weight:600}
.tools output{color:var(--soft);font-size:13px}
.listed li[hidden]{display:none}
.parameters{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:5px 22px;margin:0}
.parameters dt{color:var(--soft)}.parameters dd{margin:0;overflow-wrap:anywhere}
.leads{display:flex;flex-wrap:wrap;gap:18px 56px}.leads .lead{font-size:60px;line-height:1;font-weight:680;letter-spacing:-.045em}
.leads li>div+div{font-weight:600;margin-top:8px;overflow-wrap:anywhere}.leads small{display:block;color:var(--soft);font-size:12px;font-weight:400}
.models{display:flex;flex-wrap:wrap;gap:4px 20px;margin:0 0 14px}.models li{display:flex;gap:8px;align-items:center;overflow-wrap:anywhere}.models .swatch{flex:none}
.pair{display:grid;grid-template-columns:1fr 1fr;gap:28px}.pair h3{margin-top:0}
.differences>li{display:grid;grid-template-columns:minmax(0,11em) 44px minmax(0,1fr) var(--count,0);gap:14px;align-items:center;padding:4px 0}
.differences>li>b,.changes b,.change{text-align:right;white-space:nowrap}
.changes li{display:grid;grid-template-columns:44px minmax(40px,1fr) 60px 118px;gap:14px;align-items:center;padding:1px 0}
.changes small{color:var(--soft);white-space:nowrap}.change{color:var(--soft)}.sure .change{color:var(--ink);font-weight:650}
.track.zero::after{content:"";position:absolute;left:50%;top:-3px;bottom:-3px;width:1px;background:var(--soft)}
.range{position:absolute;top:50%;height:2px;margin-top:-1px;background:var(--ink);opacity:.7}
footer{color:var(--soft);font-size:13px;margin-top:26px;text-align:center}
.facts{overflow-wrap:anywhere}
@media (max-width:820px){.pair{grid-template-columns:1fr}svg.chart text{font-size:19px}svg.chart .axis{display:none}.hero,.split{grid-template-columns:1fr}.classes{columns:1}.metrics{grid-template-columns:repeat(3,minmax(0,1fr))}.bars li,.bars.tide li{grid-template-columns:minmax(0,10em) 1fr 52px}.bars.tide .count{display:none}.tide .name{white-space:normal}}
@media (max-width:820px){svg.chart.reliability text{font-size:13px}}
@media (max-width:560px){svg.matrix{min-width:620px}main{padding:28px 12px 50px}section{padding:18px 16px 20px;border-radius:10px}h1{font-size:24px}.hero .lead{font-size:64px}.metrics{grid-template-columns:repeat(2,minmax(0,1fr))}.metrics li>b{font-size:20px}.classes li,.classes.grouped li,.classes.plain li{grid-template-columns:minmax(0,9em) minmax(24px,1fr) 38px var(--count,5ch);gap:9px}.spark{display:none}.bars li{grid-template-columns:minmax(0,9.5em) 1fr 44px;gap:10px}.bars .name{white-space:normal}.bars.tide li{grid-template-columns:minmax(0,8em) 1fr 48px}.tide .name b{display:block}.parameters{grid-template-columns:1fr;gap:0}.parameters dd{margin-bottom:8px}.gallery{grid-template-columns:1fr}pre{font-size:11px}.differences>li{grid-template-columns:minmax(0,1fr) 44px var(--count,0)}.differences .changes{grid-column:1/-1;grid-row:2}.changes li{grid-template-columns:40px minmax(30px,1fr) 52px;gap:9px}.changes small{grid-column:2/-1;text-align:right}}
@media print{body{background:#fff}section{break-inside:avoid;border:0;padding:12px 0}}
`;
