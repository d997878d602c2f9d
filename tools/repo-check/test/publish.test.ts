import { join } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { expect, it } from 'vitest';
import { root, textOf, workspaces } from '../src/index.ts';

const published = workspaces().filter(({ folder }) => folder.startsWith('packages/'));

it.each(published)('$name can be published', async ({ folder }) => {
  const { messages, pkg } = await publint({ pkgDir: join(root, folder), strict: true });
  expect(messages.map((message) => formatMessage(message, pkg ?? {}))).toEqual([]);
  expect(textOf(`${folder}/README.md`).length).toBeGreaterThan(500);
});
