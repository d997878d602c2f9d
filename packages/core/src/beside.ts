import { VitaminError } from './errors.ts';

/** What to do where files that lie beside the code are missing. Said by every package that has such files. */
export const BUNDLED_HINT =
  'If the program was bundled, leave these packages out of the bundle, for they have files and native code beside them: esbuild --packages=external, or external: [/^@vitamin-vlm\\//, "onnxruntime-node", "sharp", "@napi-rs/canvas"]. Else install the package again.';

/**
 * The address of a file that lies beside the code.
 *
 * @param path - From the module, such as `./worker.js`.
 * @param base - `import.meta.url`; a bundle of CommonJS has none.
 * @throws VitaminError `RUNTIME` where it has none.
 * @example
 * ```ts
 * import { fileBeside } from '@vitamin-vlm/core';
 * console.log(fileBeside('./worker.js', import.meta.url).href);
 * ```
 */
export function fileBeside(path: string, base: string | undefined): URL {
  if (base !== undefined && URL.canParse(path, base)) return new URL(path, base);
  throw new VitaminError('RUNTIME', `Expected to find ${path} beside the code but the code does not know where it lies`, {
    hint: BUNDLED_HINT,
  });
}
