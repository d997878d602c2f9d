import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { VitaminError } from '@vitamin-vlm/core';

/** SHA-256 of a file's bytes. @throws VitaminError `INPUT_NOT_FOUND` or `INPUT_UNREADABLE`. */
export async function fileDigest(path: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) hash.update(chunk as Buffer);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new VitaminError(
      code === 'ENOENT' ? 'INPUT_NOT_FOUND' : 'INPUT_UNREADABLE',
      `Expected to read ${path} but received ${code ?? 'an error'}`,
      {
        cause,
      },
    );
  }
  return hash.digest('hex');
}
