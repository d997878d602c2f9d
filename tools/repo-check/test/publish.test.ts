import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { expect, it } from 'vitest';
import { root, textOf, workspaces } from '../src/index.ts';

const published = workspaces().filter(({ folder }) => folder.startsWith('packages/'));

it.each(published)('$name can be published', async ({ folder }) => {
  const { messages, pkg } = await publint({ pkgDir: join(root, folder), strict: true });
  expect(messages.map((message) => formatMessage(message, pkg ?? {}))).toEqual([]);
  // A room that is still empty says what it will be; the release script refuses to publish it.
  const isEmpty = existsSync(join(root, folder, 'src/index.ts')) && textOf(`${folder}/src/index.ts`).trim() === 'export {};';
  expect(textOf(`${folder}/README.md`).length).toBeGreaterThan(isEmpty ? 50 : 500);
  expect(textOf(`${folder}/LICENSE`)).toBe(textOf('LICENSE'));
  const { repository, keywords } = JSON.parse(textOf(`${folder}/package.json`)) as { repository: object; keywords: string[] };
  expect(repository).toEqual({ type: 'git', url: expect.stringMatching(/^git\+https:.*\.git$/u), directory: folder });
  expect(keywords.length).toBeGreaterThan(2);
});
