import { readFileSync } from 'node:fs';
import { runtimeInfo } from '@vitamin-vlm/runtime';

/** Versions of what a result depends on, beside the weights. */
export async function resultVersions(): Promise<Readonly<Record<string, string>>> {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
  const { node, onnxruntime } = await runtimeInfo();
  return { vitamin: version, node, onnxruntime };
}
