import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { removeUnfinished, writeAtomically, writeFileAtomic } from '../src/index.ts';

it('writes files whole or not at all', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'vitamin-core-'));
  try {
    const file = join(folder, 'a.bin');
    await writeFileAtomic(file, 'old');
    await writeFileAtomic(file, new Uint8Array([1, 2, 3]));
    await expect(writeAtomically(file, () => Promise.reject(new Error('on purpose')))).rejects.toThrow('on purpose');
    expect(new Uint8Array(await readFile(file))).toEqual(new Uint8Array([1, 2, 3]));
    await expect(writeFileAtomic(folder, 'over a folder')).rejects.toMatchObject({ code: 'RUNTIME' });
    await expect(writeFileAtomic(join(folder, 'no', 'such.bin'), '')).rejects.toMatchObject({ message: expect.stringContaining('ENOENT') });
    expect(await readdir(folder)).toEqual(['a.bin']);
  } finally {
    await rm(folder, { recursive: true });
  }
});

it('removes what a dead process left beside a file, and nothing else', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'atomic-'));
  try {
    const kept = ['a.json', 'a.json.tmp', 'a.json.0123456789ab.bak', 'b.json.0123456789ab.tmp', 'a.json.x.0123456789ab.tmp'];
    for (const name of [...kept, 'a.json.0123456789ab.tmp', 'a.json.ffffffffffff.tmp']) await writeFile(join(folder, name), '');
    await removeUnfinished(join(folder, 'a.json'));
    expect((await readdir(folder)).toSorted()).toEqual(kept.toSorted());
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
