import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { inProcess, temporaryFolder } from './support.ts';

const temporary = temporaryFolder();

function has(shell: string): boolean {
  try {
    execFileSync(shell, ['-c', 'true']);
    return true;
  } catch {
    return false;
  }
}

it.skipIf(!has('bash'))('completes commands, second words, flags and choices in bash', async () => {
  const { stdout, status } = await inProcess(['completion', 'bash']);
  expect(status).toBe(0);
  await writeFile(temporary('script'), stdout);
  const complete = (...words: string[]): string[] => {
    const script = `source "$1"; shift; COMP_WORDS=(vitamin "$@"); COMP_CWORD=$#; _vitamin; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return execFileSync('bash', ['-c', script, 'bash', temporary('script'), ...words], { encoding: 'utf8' })
      .trim()
      .split('\n');
  };
  expect(complete('cl')).toEqual(['classify']);
  expect(complete('train', '')).toContain('detect');
  expect(complete('classify', 'a.png', '--lab')).toEqual(['--labels', '--label', '--labels-file']);
  expect(complete('eval', 'detect', '--spl')).toEqual(['--split']);
  expect(complete('submit', '')).toEqual(['eval']);
  expect(complete('submit', 'eval', 'd')).toEqual(['detect']);
  expect(complete('submit', 'eval', 'detect', '--shar')).toEqual(['--shards']);
  expect(complete('classify', '--precision', 'i')).toEqual(['int8']);
  expect(complete('classify', 'a')).toEqual(['']);
});

it('writes scripts for zsh and fish, and knows no other shell', async () => {
  expect((await inProcess(['completion', 'zsh'])).stdout).toContain('bashcompinit');
  const fish = (await inProcess(['completion', 'fish'])).stdout;
  expect(fish).toMatch(/^complete -c vitamin -n __fish_use_subcommand -a classify -d '/mu);
  for (const line of fish.trim().split('\n')) expect(line).toMatch(/^complete -c vitamin /u);
  expect(await inProcess(['completion', 'powershell'])).toMatchObject({ status: 2, stderr: expect.stringContaining('bash, zsh, fish') });
});
