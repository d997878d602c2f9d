import { z } from '@hono/zod-openapi';

/** Texts of a request are short; a server reads them before it knows who sends them. */
const MAX_TEXT = 500;
/** Labels of one request. */
const MAX_LABELS = 2000;

const label = z.string().trim().min(1).max(MAX_TEXT);
const labels = z.array(label).min(1).max(MAX_LABELS);
const share = z.number().min(0).max(1);

/** One of both: a picture, or the key that an earlier answer gave. */
const picture = {
  image: z
    .string()
    .min(1)
    .optional()
    .openapi({ description: 'The file of a picture, as base64 or as a data: URL; an http(s) URL where the server allows its host.' }),
  key: z
    .string()
    .regex(/^[0-9a-f]{64}$/u, 'Expected the 64 hexadecimal digits that an earlier answer gave as "key"')
    .optional()
    .openapi({ description: 'Instead of a picture: the key of one that was sent before.' }),
};

const question = {
  alpha: share.optional().openapi({ description: "Weight of CLIP's opinion for names that were seen in training." }),
  beta: share.optional().openapi({ description: "Weight of CLIP's opinion for all other names." }),
};

export const detectRequest = z
  .object({
    ...picture,
    ...question,
    labels: labels.optional().openapi({
      description: 'What to look for; "|" separates synonyms. Default: the classes of the training.',
      example: ['sheep|lamb', 'truck'],
    }),
    base: z.array(label).max(MAX_LABELS).optional().openapi({ description: 'Names to be scored as seen in training.' }),
    background: z.array(label).max(MAX_LABELS).optional().openapi({ description: 'Names that are not wanted: they take their share.' }),
    score: share.optional().openapi({ description: 'Only higher scores count. Default 0.3.' }),
    nms: share.optional().openapi({ description: 'Overlap above which the worse of two boxes is dropped.' }),
    max: z.int().min(1).max(1000).optional().openapi({ description: 'Detections at most.' }),
    masks: z.boolean().optional().openapi({ description: 'Masks as well, where the detector has them.' }),
  })
  .openapi('DetectRequest');

export const segmentRequest = z
  .object({
    ...picture,
    ...question,
    labels: labels.optional().openapi({
      description: 'What the pixels can be; "|" separates synonyms. Default: the classes of the training.',
      example: ['sky', 'grass', 'sheep'],
    }),
    things: z.array(label).max(MAX_LABELS).optional().openapi({ description: 'Names of labels that can be counted.' }),
    stuff: z.array(label).max(MAX_LABELS).optional().openapi({ description: 'Names of labels that cannot be counted.' }),
    task: z.enum(['panoptic', 'semantic', 'instance', 'all']).optional().openapi({ description: 'Default panoptic.' }),
    score: share.optional().openapi({ description: 'Panoptic: only segments with a higher score.' }),
    threshold: share.optional().openapi({ description: 'Semantic: a pixel of which no label is likelier is none of them.' }),
    max: z.int().min(1).max(1000).optional().openapi({ description: 'Instances at most.' }),
  })
  .openapi('SegmentRequest');

export const classifyRequest = z
  .object({
    ...picture,
    labels: labels.openapi({ example: ['a sheep', 'a truck'] }),
    top: z.int().min(1).max(MAX_LABELS).optional().openapi({ description: 'How many labels, best first. Default: all.' }),
  })
  .openapi('ClassifyRequest');

export const encodeRequest = z.object(picture).openapi('EncodeRequest');

export const askRequest = z
  .object({
    ...picture,
    question: z.string().trim().min(1).max(8000).openapi({ example: 'How many sheep are there?' }),
    history: z.array(z.string().max(8000)).max(64).optional().openapi({ description: 'Questions and answers before this one, in turn.' }),
    maxTokens: z.int().min(1).max(4096).optional().openapi({ description: 'Tokens of the answer at most. Default 256.' }),
    temperature: z.number().min(0).max(2).optional().openapi({ description: '0 takes the likeliest token each time. Default 0.' }),
    topP: z.number().gt(0).max(1).optional(),
    seed: z.int().min(0).optional(),
    stop: z.array(z.string().min(1).max(100)).max(8).optional().openapi({ description: 'Texts that end an answer.' }),
    stream: z.boolean().optional().openapi({ description: 'Send pieces as server-sent events while they come.' }),
  })
  .openapi('AskRequest');

export type DetectRequest = z.infer<typeof detectRequest>;
export type SegmentRequest = z.infer<typeof segmentRequest>;
export type ClassifyRequest = z.infer<typeof classifyRequest>;
export type EncodeRequest = z.infer<typeof encodeRequest>;
export type AskRequest = z.infer<typeof askRequest>;
