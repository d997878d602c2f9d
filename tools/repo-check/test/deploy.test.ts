import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { filesBelow, root, textOf } from '../src/index.ts';

const files = filesBelow('deploy', ['.yaml', '.json', '.sh']);

it('has manifests', () => expect(files.length).toBeGreaterThan(4));

it.each(files.filter((file) => file.endsWith('.yaml')))('%s is YAML', (file) => {
  for (const document of parseAllDocuments(textOf(file))) expect(document.errors).toEqual([]);
});

it.each(files.filter((file) => file.endsWith('.json')))('%s is JSON', (file) => {
  expect(JSON.parse(textOf(file))).toBeTypeOf('object');
});

it.each(files.filter((file) => file.endsWith('.sh')))('%s is a shell script', (file) => {
  execFileSync('bash', ['-n', join(root, file)]);
});

/** `vitamin eval detect --root ...`, also over several lines. */
const commands = files.flatMap((file) =>
  Array.from(
    textOf(file)
      .replaceAll('\\\n', ' ')
      .replaceAll(/\n +--/gu, ' --')
      .matchAll(/vitamin ((?:submit |eval |work|status|merge |detect )+)([^\n|'#]*)/gu),
    ([, name = '', flags = '']) => [file, name.trim(), flags] as const,
  ),
);

it('names commands', () => expect(commands.length).toBeGreaterThan(5));

it.each(commands)('%s: vitamin %s has its flags', (_, name, line) => {
  const help = execFileSync(process.execPath, [join(root, 'packages/cli/bin/vitamin.js'), ...name.split(' '), '--help'], {
    encoding: 'utf8',
  });
  const flags = Array.from(line.matchAll(/ (--?[a-z][a-z-]*)/gu), ([, flag]) => flag!);
  for (const flag of flags) expect(help).toMatch(new RegExp(`[ ,]${flag}[ ,]`, 'u'));
});
