import { calibrationSection } from './calibration-view.ts';
import { classesSection } from './class-bars.ts';
import { confusionSection } from './confusion-view.ts';
import { curvesSection } from './curves.ts';
import { escape, percent, round, section, tag } from './html.ts';
import { script, scriptHash } from './script.data.ts';
import { style } from './style.data.ts';
import { tideSection } from './tide-view.ts';
import type { ReportData, ReportMetric } from './types.ts';
import { labelErrorsSection, worstSection } from './worst-view.ts';

/*
 * The drawings are written by hand: they are straight lines and boxes in two color schemes. echarts 6.1.0, the library at hand, is 67 MB installed, bakes
 * one set of colors into its SVG, and would be this package's only dependency.
 */

/** The longest line of numbers, at least 4 so that short lists do not sprawl. */
function columnsOf(metrics: readonly ReportMetric[]): number {
  let [longest, current] = [4, 0];
  for (const { newLine } of metrics) {
    current = newLine ? 1 : current + 1;
    longest = Math.max(longest, current);
  }
  return Math.min(longest, 6);
}

function hero(metrics: readonly ReportMetric[]): string {
  const [lead, ...others] = metrics;
  if (!lead) return '';
  const items = others.map(({ name, value, note, newLine }) =>
    tag(
      'li',
      { class: newLine ? 'first' : undefined },
      escape(name),
      tag('b', {}, percent(value)),
      tag('span', { class: 'track' }, tag('span', { class: 'fill', style: `width:${round(100 * Math.max(0, value ?? 0))}%` })),
      note === undefined ? '' : tag('small', {}, escape(note)),
    ),
  );
  const note = lead.note === undefined ? '' : tag('small', {}, escape(lead.note));
  return tag(
    'section',
    { class: 'hero' },
    tag('div', {}, tag('div', { class: 'lead' }, percent(lead.value)), tag('div', {}, escape(lead.name), note)),
    tag('ol', { class: 'metrics', style: `--columns:${columnsOf(others)}` }, ...items),
  );
}

/** Title and short facts. */
export function pageHead(title: string, facts: readonly string[]): string {
  return tag('h1', {}, escape(title)) + tag('ol', { class: 'facts' }, ...facts.map((fact) => tag('li', {}, escape(fact))));
}

/** Everything that decides the numbers. */
export function parametersSection(parameters: ReportData['parameters'] = []): string {
  if (parameters.length === 0) return '';
  const rows = parameters.map(([name, value]) => tag('dt', {}, escape(name)) + tag('dd', {}, escape(value)));
  return section('Parameters', 'What was compared, and how.', tag('dl', { class: 'parameters' }, ...rows));
}

/** The warnings, if there are any. */
export function notes(warnings: readonly string[] = []): string {
  if (warnings.length === 0) return '';
  const items = warnings.map((text) => tag('li', {}, escape(text)));
  return section('Warnings', 'What the reference accepts in silence.', tag('ol', { class: 'notes' }, ...items));
}

/** A whole page. Its one script searches and sorts lists; the policy lets no other run, whatever foreign text may hold. */
export function htmlPage(title: string, body: readonly string[]): string {
  const policy = `default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src '${scriptHash}'`;
  const head = [
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    '<meta name="viewport" content="width=device-width,initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    `<title>${escape(title)}</title>`,
    `<style>${style}</style>`,
  ];
  const footer = tag('footer', {}, 'Made by coco-eval-js. Values of AP and AR are percent.');
  return `<!doctype html>\n<html lang="en"><head>${head.join('')}</head>\n<body>${tag('main', {}, ...body, footer)}<script>${script}</script></body></html>\n`;
}

/**
 * The report as one HTML page: style, drawings and the script that searches lists are inline, nothing is fetched; light and dark follow the reader's setting.
 * The same data gives the same bytes. Foreign text (class and file names) is escaped.
 *
 * @example
 * ```ts
 * import { renderReport } from 'coco-eval-js';
 * const html = renderReport({ title: 'run 7', facts: ['bbox'], metrics: [{ name: 'AP', value: 0.505 }], summary: '' });
 * console.log(html.startsWith('<!doctype html>')); // true
 * ```
 */
export function renderReport(data: ReportData): string {
  return htmlPage(data.title, [
    pageHead(data.title, data.facts),
    hero(data.metrics),
    data.curves?.length ? curvesSection(data.curves) : '',
    data.classes?.rows.length ? classesSection(data.classes) : '',
    data.confusion?.labels.length ? confusionSection(data.confusion) : '',
    data.tide ? tideSection(data.tide) : '',
    data.calibration?.detections ? calibrationSection(data.calibration) : '',
    data.worst?.images.length ? worstSection(data.worst) : '',
    data.labelErrors?.shown.length ? labelErrorsSection(data.labelErrors) : '',
    section('The table', 'As the reference program prints it.', tag('pre', {}, escape(data.summary))),
    parametersSection(data.parameters),
    notes(data.warnings),
  ]);
}
