import { fileURLToPath } from 'node:url';
import { writeFile } from 'node:fs/promises';
import { encodePng } from '@vitamin-vlm/image';
import { expect, it, vi } from 'vitest';
import { inTemporaryFolder, writeTinyModel } from './support.ts';

vi.setConfig({ testTimeout: 180_000 });

const farm = fileURLToPath(new URL('../../../tools/first-run/pictures/farm.png', import.meta.url));
const { temporary, run } = inTemporaryFolder();
const SAID = 'looks like nothing that nano was trained on';

it('is said once of the embedded model where a picture is like none of its training, and of no other model', async () => {
  // A gray ramp under fine noise: nothing that anybody draws.
  const data = Uint8Array.from({ length: 96 * 96 * 3 }, (_, i) => (Math.floor(i / 288) + ((i * 2_654_435_761) % 97)) % 256);
  for (const name of ['a.png', 'b.png']) await writeFile(temporary(name), await encodePng({ width: 96, height: 96, data }));
  const words = ['--labels', 'sheep,cat'];
  const { stderr, stdout, status } = await run('classify', farm, 'a.png', 'b.png', '--model', 'nano', ...words);
  expect([status, stdout.split('\n').length]).toEqual([0, 4]);
  expect(stderr).toBe(`a.png ${SAID}: what it says of it means nothing.\n`);
  await writeTinyModel(temporary('model'));
  expect((await run('classify', 'a.png', '--model', 'model', ...words)).stderr).not.toContain(SAID);
});
