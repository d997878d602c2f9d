import type { FamilyName } from '../towers/image-tower.ts';
import type { Hints } from './hints.ts';

/** A model that was published, and where. */
export interface PublishedModel {
  /** timm's name with hyphens, and what tells it from others of the same architecture. */
  readonly name: string;
  /** Repository on the Hugging Face Hub. */
  readonly repo: string;
  readonly family: FamilyName;
  /** Architecture and tag in open_clip's registry, for towers of others. */
  readonly openClip?: string;
  /** Side of the square input in pixels. */
  readonly imageSize: number;
  /** Of both towers together, in millions, as published. The files hold 4 bytes for each. */
  readonly millions: number;
  /** Zero-shot top-1 on ImageNet in percent, as published: not measured here. */
  readonly imageNet: number;
  /** License of what the models were released with. The model repositories state theirs themselves: look there before use. */
  readonly license: string;
  /** What this project has checked: names and shapes of the tensors. None of the published files was at hand. */
  readonly verified: 'layout only';
  /** Whether its words need `tokenizer.json`, which lies beside the weights. */
  readonly tokenizer?: true;
  /** What its tensors do not show. */
  readonly hints?: Hints;
}
