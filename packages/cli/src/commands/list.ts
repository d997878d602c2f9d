import { type Command, command } from '../command.ts';
import { hubFolder } from '../model.ts';
import { formatBytes, table } from '../text.ts';

/** Endings of weight files; configurations and tokenizers in the cache are no models. */
const WEIGHTS = /\.(?:safetensors|bin|pt|pth|npy)$/iu;

/** The embedded model, whose ImageNet figure would mean nothing: it never saw a photograph. */
const NANO = { imageSize: 96, bytes: 11_400_000, imageNet: null, license: 'Apache-2.0' } as const;

/** The embedded model, the published ones, and every weight file in the cache of the Hub. Makes no request. */
export const list: Command = command({
  name: 'list',
  summary: 'the models that are known and those that lie in the cache',
  flags: {},
  notes: 'ImageNet: zero-shot top-1 as published, not measured here. Size: of the file, two towers in float32.',
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
      { name: EMBEDDED_MODEL, source: 'embedded', cachedBytes: 0, ...NANO },
      ...publishedModels.map(({ name, repo, imageSize, millions, imageNet, license }) => {
        return { name, source: `hf:${repo}`, cachedBytes: sizeOf(repo), imageSize, bytes: Math.round(millions * 4e6), imageNet, license };
      }),
    ];
    const rows = models.map(({ name, source, cachedBytes, imageSize, bytes, imageNet, license }) => {
      const state = source === 'embedded' ? 'drawn scenes only, comes with vitamin' : cachedBytes > 0 ? 'in the cache' : 'not downloaded';
      const figure = imageNet === null ? '' : `ImageNet ${imageNet.toFixed(1)} %`;
      return [name, source, `${imageSize} px`, formatBytes(bytes), figure, license, state];
    });
    const known = new Set(publishedModels.map(({ repo }) => repo));
    const others = cached.filter(({ repo }) => !known.has(repo));
    const extra = others.map((entry) => [`hf:${entry.repo}/${entry.file}`, formatBytes(entry.size), entry.path]);
    const text = [table(rows, [3]), ...(extra.length > 0 ? ['', `Other weights in ${folder}`, table(extra, [1])] : [])].join('\n');
    await output.whole(text, { cache: folder, models, cached }, writer);
    return 0;
  },
});
