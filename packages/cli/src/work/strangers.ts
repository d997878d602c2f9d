import { type Backbone, EMBEDDED_MODEL, type ImageEncoding, loadFamiliarity, locate, strangeness } from '@vitamin-vlm/backbone';
import type { Context } from '../command.ts';
import type { modelFlags } from '../flags.ts';
import { oneLine } from '../text.ts';

/**
 * For the embedded model: says once of a picture that it looks like nothing in its training. Of other models nothing is known, and nothing is said.
 *
 * @throws VitaminError as `loadFamiliarity`.
 */
export async function strangerRemark(
  { flags, output }: Context<typeof modelFlags>,
  { model }: Backbone,
): Promise<(file: string, encoding: ImageEncoding) => void> {
  if (flags.model !== EMBEDDED_MODEL) return () => undefined;
  const { path } = await locate(`${EMBEDDED_MODEL}/familiarity.safetensors`);
  const familiarity = await loadFamiliarity(path, model.identity);
  let said = false;
  return (file, { pooled }) => {
    if (said || strangeness(pooled, familiarity) <= 1) return;
    said = true;
    output.note(`${oneLine(file)} looks like nothing that ${EMBEDDED_MODEL} was trained on: what it says of it means nothing.`);
  };
}
