import { extname } from 'node:path';
import { VitaminError, writeFileAtomic } from '@vitamin-vlm/core';
import { type Command, command } from '../command.ts';

/** The comparison tables of the papers, and beside them what own evaluations measured. */
export const tables: Command = command({
  name: 'tables',
  summary: 'the comparison tables as published, beside what your own evaluations measured',
  inputs: { usage: '[folder...]', help: 'folders that -o of vitamin eval detect, segment, classify, suite or answer was given' },
  flags: {
    table: {
      kind: 'choice',
      value: 'name',
      choices: ['clip', 'clip-peers', 'clip-later', 'detection', 'detection-other', 'segmentation', 'llava'],
      help: 'only this one',
    },
    format: {
      kind: 'choice',
      value: 'name',
      choices: ['text', 'markdown', 'html'],
      default: 'text',
      help: 'how it is printed; --json is one document',
    },
  },
  notes: '-o FILE.md, FILE.html, FILE.json or FILE.txt writes the form that its ending names.',
  async run(context) {
    const { inputs, flags, output, writer } = context;
    const [{ publishedTables, sources, contradictions }, { showTable }, { readMeasured }, { asMarkdown, asPage, asText }] =
      await Promise.all([
        import('../tables/published.data.ts'),
        import('../tables/compose.ts'),
        import('../tables/measured.ts'),
        import('../tables/render.ts'),
      ]);
    const { rows, others } = await readMeasured(inputs);
    const chosen = publishedTables.filter(({ id }) => flags.table === undefined || flags.table === id);
    const shown = { tables: chosen.map((one) => showTable(one, rows.get(one.id) ?? [])), others };
    const document = { sources, contradictions, tables: chosen.map((one) => ({ ...one, measured: rows.get(one.id) ?? [] })), others };
    const forms: Readonly<Record<string, () => string>> = {
      '.md': () => asMarkdown(shown),
      '.html': () => asPage(shown),
      '.txt': () => `${asText(shown)}\n`,
      '.json': () => `${JSON.stringify({ schemaVersion: 1, ...document }, null, 2)}\n`,
    };
    const form = flags.output === undefined ? undefined : forms[extname(flags.output).toLowerCase()];
    if (flags.output !== undefined && !form) {
      throw new VitaminError('USAGE', `Expected -o FILE${Object.keys(forms).join(', FILE')} but received ${flags.output}`);
    }
    if (form) {
      const path = await writer!.path();
      await writeFileAtomic(path, form());
      output.wrote(path);
    }
    const print = { text: asText, markdown: asMarkdown, html: asPage }[flags.format];
    await output.whole(print(shown).trimEnd(), document);
    return 0;
  },
});
