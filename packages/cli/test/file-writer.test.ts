import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { expect, it } from 'vitest';
import { FileWriter } from '../src/file-writer.ts';
import { temporaryFolder } from './support.ts';

const temporary = temporaryFolder();

it('refuses a named file that is there, a link that leads nowhere included, unless forced', async () => {
  const path = temporary('result.json');
  expect(await (await FileWriter.forFile(path, false)).path()).toBe(path);
  await writeFile(path, 'first');
  await symlink('elsewhere', temporary('link.json'));
  for (const taken of [path, temporary('link.json')]) {
    await expect(FileWriter.forFile(taken, false)).rejects.toMatchObject({ code: 'USAGE', message: /exists/u, hint: /--force/u });
    expect(await (await FileWriter.forFile(taken, true)).path()).toBe(taken);
  }
});

it('numbers names that are taken in a folder, overwrites nothing, and says so', async () => {
  const folder = temporary('numbered');
  await mkdir(folder);
  await writeFile(temporary('numbered', 'a.tar.json'), 'first');
  await symlink('elsewhere', temporary('numbered', 'a.tar-2.json'));
  const renamed: string[] = [];
  const writer = await FileWriter.forFolder(folder, false, (wanted, used) => renamed.push(`${wanted} ${used}`));
  await writeFile(await writer.path('a.tar.json'), 'third');
  expect(await readFile(temporary('numbered', 'a.tar-3.json'), 'utf8')).toBe('third');
  expect(await readFile(temporary('numbered', 'a.tar.json'), 'utf8')).toBe('first');
  expect(renamed).toEqual(['a.tar.json a.tar-3.json']);
});

it('makes no folder that is called like a file', async () => {
  for (const name of ['x.png', 'x.JSON', 'x.safetensors', 'a.b.npy']) {
    await expect(FileWriter.forFolder(temporary(name), false)).rejects.toMatchObject({ code: 'USAGE', message: /Expected a folder/u });
  }
  await mkdir(temporary('old.png'));
  await FileWriter.forFolder(temporary('old.png'), false);
  await FileWriter.forFolder(temporary('v1.2'), false);
});

it('overwrites when forced, but never what the same run wrote', async () => {
  const folder = temporary('forced');
  await mkdir(folder);
  await writeFile(temporary('forced', 'a.json'), 'old');
  const writer = await FileWriter.forFolder(folder, true);
  const names = [await writer.paths('a', ['.json', '.png']), await writer.paths('a', ['.json', '.png'])].flat();
  expect(names.map((name) => basename(name))).toEqual(['a.json', 'a.png', 'a-2.json', 'a-2.png']);
});

it('gives the files of one picture the same number', async () => {
  const folder = temporary('group');
  const writer = await FileWriter.forFolder(folder, false);
  await writeFile(temporary('group', 'a.png'), 'old');
  expect((await writer.paths('a', ['.json', '.png'])).map((name) => basename(name))).toEqual(['a-2.json', 'a-2.png']);
});

it('groups files in folders, too', async () => {
  const writer = await FileWriter.forFolder(temporary('folders'), false);
  await mkdir(temporary('folders', 'maps'));
  await writeFile(temporary('folders', 'maps', 'a.png'), 'old');
  expect(await writer.paths('a', ['.json', 'maps/.png'])).toEqual([
    temporary('folders', 'a-2.json'),
    temporary('folders', 'maps', 'a-2.png'),
  ]);
});

it('says early when a folder cannot be written', async () => {
  await expect(FileWriter.forFile(temporary('nowhere', 'a.json'), false)).rejects.toMatchObject({ code: 'USAGE' });
  await expect(FileWriter.forFile(temporary(), false)).rejects.toMatchObject({ code: 'USAGE', message: /is a folder/u });
  await writeFile(temporary('file'), '');
  await expect(FileWriter.forFolder(temporary('file'), false)).rejects.toMatchObject({ code: 'USAGE' });
});
