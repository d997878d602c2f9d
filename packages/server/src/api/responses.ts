import { z } from '@hono/zod-openapi';

const box = z
  .tuple([z.number(), z.number(), z.number(), z.number()])
  .openapi({ description: 'x, y, width, height in pixels of the picture' });
const score = z.number().openapi({ description: '0 to 1, relative to the labels that were asked together' });

/** Run lengths as COCO's files have them before they are packed into text. */
const mask = z.object({ size: z.tuple([z.int(), z.int()]), counts: z.array(z.int()) }).openapi('Mask', {
  description: 'Column by column: pixels outside, inside, outside, and so on; size is height, width.',
});

/** What every answer about a picture begins with. */
const answered = {
  schemaVersion: z.literal(1),
  model: z.string().openapi({ description: 'Address of the model that answered' }),
  key: z.string().openapi({ description: 'For further questions about the same picture' }),
  width: z.int(),
  height: z.int(),
};

export const detectResponse = z
  .object({ ...answered, detections: z.array(z.object({ label: z.string(), score, box, mask: mask.optional() })) })
  .openapi('DetectResponse');

const segment = z.object({
  id: z.int().openapi({ description: 'Value of its pixels: red + 256 green + 65536 blue of the PNG' }),
  label: z.string(),
  isThing: z.boolean(),
  score,
  area: z.int(),
  box,
});

export const segmentResponse = z
  .object({
    ...answered,
    labels: z.array(z.string()),
    panoptic: z
      .object({ png: z.string().openapi({ description: 'base64; black belongs to no segment' }), segments: z.array(segment) })
      .optional(),
    semantic: z
      .object({
        png: z.string().openapi({ description: 'base64, 16 bits of gray: place of the label, 65535 is none of them' }),
        shares: z.array(z.number()).openapi({ description: 'Of the pixels, by label' }),
      })
      .optional(),
    instances: z.array(z.object({ label: z.string(), score, box, area: z.int(), mask })).optional(),
  })
  .openapi('SegmentResponse');

export const classifyResponse = z
  .object({ ...answered, labels: z.array(z.object({ label: z.string(), score })) })
  .openapi('ClassifyResponse');

export const encodeResponse = z
  .object({ ...answered, embedding: z.array(z.number()).openapi({ description: "Unit vector in CLIP's space" }) })
  .openapi('EncodeResponse');

export const askResponse = z
  .object({
    schemaVersion: z.literal(1),
    model: z.string(),
    key: z.string().optional(),
    answer: z.string(),
    finishReason: z.enum(['stop', 'length']),
  })
  .openapi('AskResponse');

export const errorResponse = z
  .object({ error: z.object({ code: z.string(), message: z.string(), hint: z.string().optional() }) })
  .openapi('Error');

export type DetectResponse = z.infer<typeof detectResponse>;
export type SegmentResponse = z.infer<typeof segmentResponse>;
export type ClassifyResponse = z.infer<typeof classifyResponse>;
export type EncodeResponse = z.infer<typeof encodeResponse>;
