import { VitaminError } from '@vitamin-vlm/core';

import type { ByteSource } from './byte-source.ts';
import { corrupt, quote, unsupported } from './corrupt.ts';
import type { CheckpointFormat } from './opened-file.ts';

/** PROTO 2, LONG1 of 10 bytes: the magic number 0x1950a86a20f9469cfc6c that torch.save wrote before PyTorch 1.6. */
const OLD_TORCH_MAGIC = '\u0080\u0002\u008a\nl\u00fc\u009cF\u00f9 j\u00a8P\u0019';

/** Bytes looked at to tell what a file is. */
const SNIFF_BYTES = 512;

/** What a file is by its first bytes; `index` is the JSON of a sharded checkpoint. The name and its ending are never asked. */
export type FileKind = CheckpointFormat | 'index';

/** Tells the format by content and refuses, each with its own message, what is often saved in place of weights. */
export async function sniff(source: ByteSource): Promise<FileKind> {
  const { path, size } = source;
  if (size === 0) throw corrupt(path, 'Expected weights but found an empty file (0 bytes)');
  const head = new Uint8Array(Math.min(size, SNIFF_BYTES));
  await source.readInto(head, 0);
  const text = Buffer.from(head.buffer).toString('latin1');
  // A header shorter than 4 GiB has zeros in its length, which no text has: asked first, because a length may read "<a" or "{ ".
  if (text[8] === '{' && text.slice(4, 8) === '\0\0\0\0') return 'safetensors';
  refuseImpostors(path, size, text);
  if (text.startsWith('PK\u0003\u0004')) return 'torch';
  if (text.startsWith('\u0093NUMPY')) return 'npy';
  // Printable text up to byte 8 would be a header of more than 2^53 bytes, so it is JSON instead.
  if (/^\s*\{/.test(text) && /^[\t\n\r -~]{8}/.test(text.padEnd(8))) return 'index';
  if (text[8] === '{') return 'safetensors';
  throw refusePickle(path, text) ?? unknown(path, text);
}

/** As `sniff`, for callers that take a single file: an index is refused. */
export async function assertWeights(source: ByteSource): Promise<CheckpointFormat> {
  const kind = await sniff(source);
  if (kind === 'index') throw unsupported(source.path, 'Expected weights but found JSON text', 'Open the index itself, or its folder.');
  return kind;
}

function refuseImpostors(path: string, size: number, text: string): void {
  if (text.startsWith('version https://git-lfs')) {
    const wanted = /\nsize (\d+)/.exec(text)?.[1];
    throw corrupt(path, `Expected weights${wanted ? ` of ${wanted} bytes` : ''} but found a Git LFS pointer (${size} bytes of text)`, {
      hint: 'Run "git lfs pull" in that folder, or download the file itself instead of the repository.',
    });
  }
  if (/^(?:\u00ef\u00bb\u00bf)?\s*<[!?a-z]/i.test(text)) {
    throw corrupt(path, 'Expected weights but found an HTML or XML page (a login or error page saved in place of the file)', {
      hint: 'Download again, signed in if the file is gated, and check the address.',
    });
  }
}

function refusePickle(path: string, text: string): VitaminError | undefined {
  if (text.startsWith(OLD_TORCH_MAGIC)) {
    return unsupported(
      path,
      'Expected a zip archive but found the torch format of before PyTorch 1.6',
      'Save it again in Python: torch.save(torch.load(old, map_location="cpu", weights_only=True), new).',
    );
  }
  // PROTO with a protocol number; protocol 0 and 1 have no mark to know them by.
  if (text.startsWith('\u0080') && text.charCodeAt(1) >= 1 && text.charCodeAt(1) <= 5) {
    return unsupported(
      path,
      'Expected a torch archive but found a bare Python pickle',
      'A bare pickle can run code when Python loads it. If you trust it, save its tensors again with torch.save or safetensors.',
    );
  }
  return undefined;
}

function unknown(path: string, text: string): VitaminError {
  return new VitaminError(
    'WEIGHTS_CORRUPT',
    `Expected safetensors, a torch archive or npy but found a file beginning with ${quote(text.slice(0, 16))} at ${path}`,
    {
      hint: 'Name a weight file; if this should be one, fetch it again.',
    },
  );
}
