import { Backbone } from '@vitamin-vlm/backbone';
import { Session } from '@vitamin-vlm/runtime';
import { beforeAll, expect, it, vi } from 'vitest';
import { inTemporaryFolder, writePicture, writeTinyModel } from './support.ts';

const { temporary, run } = inTemporaryFolder();

beforeAll(async () => {
  await writeTinyModel(temporary('model'));
  await writePicture(temporary('a.png'), 90, 60);
});

/** Runs of any network, and of those the ones over windows of the picture. */
async function runsOf(work: () => Promise<unknown>): Promise<{ readonly all: number; readonly windows: number }> {
  const runs = vi.spyOn(Session.prototype, 'run');
  try {
    await work();
    return { all: runs.mock.calls.length, windows: runs.mock.calls.filter(([feeds]) => feeds['image'] !== undefined).length };
  } finally {
    runs.mockRestore();
  }
}

it('the command runs the tower as often as the library, and the words not at all when they were asked before', async () => {
  const window = ['--size', '64', '--window', '32', '--stride', '16'];
  const command = (): Promise<unknown> => run('segment', 'a.png', '--labels', 'cat,red umbrella', '--model', 'model', ...window);
  await command();
  const ours = await runsOf(command);
  await using backbone = await Backbone.load(temporary('model'), { cacheDir: temporary('cache') });
  const options = { size: 64, window: 32, stride: 16, cacheDir: temporary('cache') };
  const library = await runsOf(() => backbone.segment(temporary('a.png'), ['cat', 'red umbrella'], options));
  expect(ours).toEqual(library);
  expect(ours.windows).toBeGreaterThanOrEqual(6);
});
