import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { Command, PassThrough } from '../src/command.ts';
import { commands } from '../src/commands.ts';
import { documentedCommands, wordsOf } from './documented-commands.ts';
import { inProcess, temporaryFolder } from './support.ts';

const temporary = temporaryFolder();
beforeAll(() => void vi.stubEnv('VITAMIN_CACHE_DIR', temporary('cache')));
afterAll(() => vi.unstubAllEnvs());

const cases = documentedCommands().map(({ page, line }) => [page, line] as const);

/** Every command as it is declared, but for its work. */
const stubs = commands.map((declared): Command | PassThrough =>
  'pass' in declared ? { ...declared, pass: async () => 0 } : { ...declared, writes: 'document', run: async () => 0 },
);

it('finds the commands in the documents', () => {
  expect(cases.length).toBeGreaterThan(30);
});

it.each(cases)('%s: %s', async (_, line) => {
  const words = wordsOf(line);
  const args = words.slice(words[0] === 'npx' ? 2 : 1);
  // Where it would write does not matter here.
  const place = args.findIndex((word) => word === '-o' || word === '--output');
  const { stderr, status } = await inProcess(place < 0 ? args : args.toSpliced(place, 2), stubs);
  expect([status, stderr]).toEqual([0, '']);
});
