import { readFile, stat } from 'node:fs/promises';

/** A configuration has a few kilobytes. */
const MAX_CONFIG_BYTES = 1 << 20;

/** The text of a regular file within the limit. A pipe or a device in a stranger's folder could be read for ever. */
export async function readSmall(path: string): Promise<string | undefined> {
  const info = await stat(path).catch(() => undefined);
  if (!info?.isFile() || info.size > MAX_CONFIG_BYTES) return undefined;
  return await readFile(path, 'utf8').catch(() => undefined);
}
