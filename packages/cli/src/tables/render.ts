import { table } from '../text.ts';
import type { ShownTable } from './compose.ts';
import type { OtherRun } from './measured.ts';

/** Tables, and runs that stand in none of them. */
export interface ShownTables {
  readonly tables: readonly ShownTable[];
  readonly others: readonly OtherRun[];
}

const INTRODUCTION =
  'Figures as published, none of them measured by this program, unless the last column says "measured here". Percent where a column says nothing else.';

/** For a terminal. */
export function asText({ tables, others }: ShownTables): string {
  const parts = tables.map(({ title, columns, rows, notes }) => {
    const right = columns.flatMap(({ isNumber }, i) => (isNumber ? [i] : []));
    const lines = table([columns.map((column) => column.title), ...rows.map(({ cells }) => cells)], right);
    return [title, lines, ...notes].join('\n');
  });
  return [INTRODUCTION, ...parts, ...others.map(describeOther)].join('\n\n');
}

/** A line of a table in Markdown. */
function line(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

/** For a document. */
export function asMarkdown({ tables, others }: ShownTables): string {
  const parts = tables.map(({ title, columns, rows, notes }) =>
    [
      `## ${title}\n`,
      line(columns.map((column) => column.title)),
      line(columns.map(({ isNumber }) => (isNumber ? '---:' : '---'))),
      ...rows.map(({ cells, measured }) => line(measured ? cells.map((cell) => `**${cell}**`) : cells)),
      '',
      ...notes.map((note) => `- ${note}`),
    ].join('\n'),
  );
  return `${[`# Comparison\n\n${INTRODUCTION}`, ...parts, ...others.map((run) => `- ${describeOther(run)}`)].join('\n\n')}\n`;
}

const STYLE =
  ':root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:75rem;padding:0 1rem}' +
  'div{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums}th,td{padding:.3rem .7rem;text-align:left;border-bottom:1px solid #8884;white-space:nowrap}' +
  '.n{text-align:right}.measured{background:#3b82f622;font-weight:600}li,p{max-width:60rem}';

/** A page that loads nothing; light and dark follow the reader's setting. */
export function asPage({ tables, others }: ShownTables): string {
  const cell = (tag: string, text: string, isNumber: boolean): string => `<${tag}${isNumber ? ' class="n"' : ''}>${escape(text)}</${tag}>`;
  const parts = tables.map(({ title, columns, rows, notes, id }) => {
    const head = columns.map((column) => cell('th', column.title, column.isNumber)).join('');
    const body = rows.map(
      ({ cells, measured }) =>
        `<tr${measured ? ' class="measured"' : ''}>${cells.map((text, i) => cell('td', text, columns[i]!.isNumber)).join('')}</tr>`,
    );
    const list = notes.map((note) => `<li>${escape(note)}</li>`).join('');
    return `<h2 id="${escape(id)}">${escape(title)}</h2>\n<div><table><thead><tr>${head}</tr></thead>\n<tbody>\n${body.join('\n')}\n</tbody></table></div>\n<ul>${list}</ul>`;
  });
  const rest =
    others.length === 0 ? '' : `<h2>In no table</h2>\n<ul>${others.map((run) => `<li>${escape(describeOther(run))}</li>`).join('')}</ul>\n`;
  const head = `<meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>Comparison</title><style>${STYLE}</style>`;
  return `<!doctype html>\n<html lang="en"><head>${head}</head>\n<body><h1>Comparison</h1>\n<p>${escape(INTRODUCTION)}</p>\n${parts.join('\n')}\n${rest}</body></html>\n`;
}

function describeOther({ name, task, metrics }: OtherRun): string {
  const numbers = Object.entries(metrics).map(([metric, value]) => `${metric} ${value.toFixed(4)}`);
  return `In no table: ${name} (${task})  ${numbers.join('  ')}`;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
