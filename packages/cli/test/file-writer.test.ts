import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { expect, it } from 'vitest';
import { FileWriter } from '../src/file-writer.ts';
import { temporaryFolder } from './support.ts';

const temporary = temporaryFolder();

it('numbers names that are taken, and overwrites nothing', async () => {
  const path = temporary('result.tar.json');
  await writeFile(path, 'first');
  for (const text of ['second', 'third']) await writeFile(await (await FileWriter.forFile(path, false)).path(), text);
  expect((await readdir(temporary())).toSorted()).toEqual(['result.tar-2.json', 'result.tar-3.json', 'result.tar.json']);
  expect(await readFile(path, 'utf8')).toBe('first');
  expect(await readFile(temporary('result.tar-3.json'), 'utf8')).toBe('third');
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
