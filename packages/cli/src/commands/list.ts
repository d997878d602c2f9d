import { type Command, command } from '../command.ts';
import { hubFolder } from '../model.ts';
import { formatBytes, table } from '../text.ts';

/** Endings of weight files; configurations and tokenizers in the cache are no models. */
const WEIGHTS = /\.(?:safetensors|bin|pt|pth|npy)$/iu;

/** The embedded model, the published ones, and every weight file in the cache of the Hub. Makes no request. */
export const list: Command = command({
  name: 'list',
  summary: 'the models that are known and those that lie in the cache',
  flags: {},
  async run({ flags, output, writer }) {
    const [{ EMBEDDED_MODEL, publishedModels }, { hubCacheDir, listCachedFiles }] = await Promise.all([
      import('@vitamin-vlm/backbone'),
      import('@vitamin-vlm/checkpoint'),
    ]);
    const folder = flags.cacheDir === undefined ? hubCacheDir() : hubFolder(flags.cacheDir);
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
    await output.whole(text, { cache: folder, models, cached }, writer);
    return 0;
  },
});
