import { HALF_NORMALIZATION, IMAGENET_NORMALIZATION } from './preprocessing.ts';
import type { PublishedModel } from './published-model.ts';

const QUICK = { activation: 'quickGelu' } as const;
const HALF = { normalization: HALF_NORMALIZATION } as const;
const CLIPA = { normalization: IMAGENET_NORMALIZATION, resize: 'bilinear', edge: 'both' } as const;
const SIGLIP = { normalization: HALF_NORMALIZATION, resize: 'bicubic', edge: 'both' } as const;
const PE = { normalization: HALF_NORMALIZATION, resize: 'bilinear', edge: 'both' } as const;

type Row = Omit<PublishedModel, 'verified' | 'family'>;

const all = (family: PublishedModel['family'], rows: readonly Row[]): PublishedModel[] =>
  rows.map((row) => ({ ...row, family, verified: 'layout only' }));

/**
 * Towers of others, as open_clip 3.3 knows them: repositories, activation and preparation of pictures from its registry.
 *
 * ImageNet: docs/openclip_results.csv of open_clip at commit 89fb801. SigLIP 2, which is not in it: README_siglip2.md of big_vision (projects, image_text) at 1659d42; PE: apps/pe/README.md
 * of facebookresearch/perception_models at 44e61d1. Of DFN's L/14 open_clip's own README says 82.2, its table 81.4.
 *
 * Licenses. LAION, DataComp, ConvNeXt: MIT, as the cards of LAION's repositories. EVA-02 MIT, CLIPA Apache-2.0: docs/PRETRAINED.md of open_clip. DFN: apple-amlr, as Apple's cards say. MetaCLIP:
 * CC-BY-NC-4.0, the LICENSE of facebookresearch/MetaCLIP. SigLIP 2: Apache-2.0, as timm's cards of its family say. PE: Apache-2.0, by its README. OpenAI: MIT, the license of openai/CLIP;
 * timm's cards of the same weights say Apache-2.0. The repository of a model is what counts.
 */
export const otherModels: readonly PublishedModel[] = [
  ...all('vit', [
    {
      name: 'vit-base-16-224-openai',
      repo: 'timm/vit_base_patch16_clip_224.openai',
      openClip: 'ViT-B-16 / openai',
      imageSize: 224,
      millions: 149.6,
      imageNet: 68.3,
      license: 'MIT',
      hints: QUICK,
    },
    {
      name: 'vit-base-16-224-laion2b',
      repo: 'laion/CLIP-ViT-B-16-laion2B-s34B-b88K',
      openClip: 'ViT-B-16 / laion2b_s34b_b88k',
      imageSize: 224,
      millions: 149.6,
      imageNet: 70.2,
      license: 'MIT',
    },
    {
      name: 'vit-base-16-224-datacomp',
      repo: 'laion/CLIP-ViT-B-16-DataComp.XL-s13B-b90K',
      openClip: 'ViT-B-16 / datacomp_xl_s13b_b90k',
      imageSize: 224,
      millions: 149.6,
      imageNet: 73.5,
      license: 'MIT',
    },
    {
      name: 'vit-base-16-224-dfn2b',
      repo: 'apple/DFN2B-CLIP-ViT-B-16',
      openClip: 'ViT-B-16 / dfn2b',
      imageSize: 224,
      millions: 149.6,
      imageNet: 76.2,
      license: 'Apple-AMLR',
      hints: QUICK,
    },
    {
      name: 'vit-base-16-224-metaclip',
      repo: 'timm/vit_base_patch16_clip_224.metaclip_400m',
      openClip: 'ViT-B-16 / metaclip_400m',
      imageSize: 224,
      millions: 149.6,
      imageNet: 70.8,
      license: 'CC-BY-NC-4.0',
      hints: QUICK,
    },
    {
      name: 'vit-large-14-224-openai',
      repo: 'timm/vit_large_patch14_clip_224.openai',
      openClip: 'ViT-L-14 / openai',
      imageSize: 224,
      millions: 427.6,
      imageNet: 75.5,
      license: 'MIT',
      hints: QUICK,
    },
    {
      name: 'vit-large-14-224-laion2b',
      repo: 'laion/CLIP-ViT-L-14-laion2B-s32B-b82K',
      openClip: 'ViT-L-14 / laion2b_s32b_b82k',
      imageSize: 224,
      millions: 427.6,
      imageNet: 75.3,
      license: 'MIT',
      hints: { preprocessing: HALF },
    },
    {
      name: 'vit-large-14-224-datacomp',
      repo: 'laion/CLIP-ViT-L-14-DataComp.XL-s13B-b90K',
      openClip: 'ViT-L-14 / datacomp_xl_s13b_b90k',
      imageSize: 224,
      millions: 427.6,
      imageNet: 79.2,
      license: 'MIT',
    },
    {
      name: 'vit-large-14-224-dfn2b',
      repo: 'apple/DFN2B-CLIP-ViT-L-14',
      openClip: 'ViT-L-14 / dfn2b',
      imageSize: 224,
      millions: 427.6,
      imageNet: 81.4,
      license: 'Apple-AMLR',
      hints: QUICK,
    },
    {
      name: 'vit-large-14-336-openai',
      repo: 'timm/vit_large_patch14_clip_336.openai',
      openClip: 'ViT-L-14-336 / openai',
      imageSize: 336,
      millions: 427.9,
      imageNet: 76.6,
      license: 'MIT',
      hints: QUICK,
    },
    {
      name: 'vit-large-14-336-clipa',
      repo: 'UCSC-VLAA/ViT-L-14-CLIPA-336-datacomp1B',
      openClip: 'ViT-L-14-CLIPA-336 / datacomp1b',
      imageSize: 336,
      millions: 414.5,
      imageNet: 80.3,
      license: 'Apache-2.0',
      tokenizer: true,
      hints: { preprocessing: CLIPA },
    },
  ]),
  ...all('eva02', [
    {
      name: 'eva02-base-16-224',
      repo: 'timm/eva02_base_patch16_clip_224.merged2b_s8b_b131k',
      openClip: 'EVA02-B-16 / merged2b_s8b_b131k',
      imageSize: 224,
      millions: 149.7,
      imageNet: 74.7,
      license: 'MIT',
    },
    {
      name: 'eva02-large-14-336',
      repo: 'timm/eva02_large_patch14_clip_336.merged2b_s6b_b61k',
      openClip: 'EVA02-L-14-336 / merged2b_s6b_b61k',
      imageSize: 336,
      millions: 428.1,
      imageNet: 80.4,
      license: 'MIT',
    },
  ]),
  ...all('convnext', [
    {
      name: 'convnext-base-224-laion400m',
      repo: 'laion/CLIP-convnext_base-laion400M-s13B-b51K',
      openClip: 'convnext_base / laion400m_s13b_b51k',
      imageSize: 224,
      millions: 151.5,
      imageNet: 66.3,
      license: 'MIT',
    },
    {
      name: 'convnext-base-w-320',
      repo: 'laion/CLIP-convnext_base_w_320-laion_aesthetic-s13B-b82K',
      openClip: 'convnext_base_w_320 / laion_aesthetic_s13b_b82k',
      imageSize: 320,
      millions: 179.4,
      imageNet: 71.7,
      license: 'MIT',
    },
    {
      name: 'convnext-large-d-320',
      repo: 'laion/CLIP-convnext_large_d_320.laion2B-s29B-b131K-ft-soup',
      openClip: 'convnext_large_d_320 / laion2b_s29b_b131k_ft_soup',
      imageSize: 320,
      millions: 351.8,
      imageNet: 76.9,
      license: 'MIT',
    },
  ]),
  ...all('siglip2', [
    {
      name: 'siglip2-base-16-224',
      repo: 'timm/ViT-B-16-SigLIP2',
      openClip: 'ViT-B-16-SigLIP2 / webli',
      imageSize: 224,
      millions: 375.2,
      imageNet: 78.2,
      license: 'Apache-2.0',
      tokenizer: true,
      hints: { preprocessing: SIGLIP },
    },
  ]),
  ...all('pe-core', [
    {
      name: 'pe-core-base-16-224',
      repo: 'timm/PE-Core-B-16',
      openClip: 'PE-Core-B-16 / meta',
      imageSize: 224,
      millions: 447.7,
      imageNet: 78.4,
      license: 'Apache-2.0',
      hints: { preprocessing: PE },
    },
    {
      name: 'pe-core-large-14-336',
      repo: 'timm/PE-Core-L-14-336',
      openClip: 'PE-Core-L-14-336 / meta',
      imageSize: 336,
      millions: 671.1,
      imageNet: 83.5,
      license: 'Apache-2.0',
      hints: { preprocessing: PE },
    },
  ]),
];
