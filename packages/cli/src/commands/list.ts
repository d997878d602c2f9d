import { EMBEDDED_MODEL, publishedModels } from '@vitamin-vlm/backbone';
import { hubCacheDir, listCachedFiles } from '@vitamin-vlm/checkpoint';
import { type Context, resultFile } from '../context.ts';
import { hubFolder } from '../model.ts';
import { formatBytes, table } from '../text.ts';

/** Endings of weight files; configurations and tokenizers in the cache are no models. */
const WEIGHTS = /\.(?:safetensors|bin|pt|pth|npy)$/iu;

/** `vitamin list`: the embedded model, the published ones, and every weight file in the cache of the Hub. Makes no request. */
export async function list(context: Context): Promise<number> {
  const { cacheDir } = context.flags;
  const file = await resultFile(context);
  const folder = cacheDir === undefined ? hubCacheDir() : hubFolder(cacheDir);
  const cached = (await listCachedFiles(folder)).flatMap(({ repo, commit, files }) =>
    files.filter((entry) => WEIGHTS.test(entry.file)).map((entry) => ({ repo, commit, ...entry })),
  );
  const sizeOf = (repo: string): number => cached.filter((entry) => entry.repo === repo).reduce((sum, { size }) => sum + size, 0);
  const models = [
    { name: EMBEDDED_MODEL, source: 'embedded', cachedBytes: 0 },
    ...publishedModels.map(({ name, repo }) => ({ name, source: `hf:${repo}`, cachedBytes: sizeOf(repo) })),
  ];
  const rows = models.map(({ name, source, cachedBytes }) => {
    const state =
      source === 'embedded' ? 'comes with vitamin' : cachedBytes > 0 ? `in the cache, ${formatBytes(cachedBytes)}` : 'not downloaded';
    return [name, source, state];
  });
  const known = new Set(publishedModels.map(({ repo }) => repo));
  const others = cached.filter(({ repo }) => !known.has(repo));
  const extra = others.map((entry) => [`hf:${entry.repo}/${entry.file}`, formatBytes(entry.size), entry.path]);
  const text = [table(rows), ...(extra.length > 0 ? ['', `Other weights in ${folder}`, table(extra, [1])] : [])].join('\n');
  await context.output.whole(text, { schemaVersion: 1, cache: folder, models, cached }, file);
  return 0;
}
