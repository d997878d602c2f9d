import type { SessionsOptions } from '@vitamin-vlm/backbone';
import type { ErrorCode } from '@vitamin-vlm/core';
import type { AskRequest, ClassifyRequest, DetectRequest, EncodeRequest, SegmentRequest } from '../api/requests.ts';
import type { InferTensor, TensorMetadata } from '@vitamin-vlm/oip-client';

/** A picture as a client gives it: its file, or the key of one that was given before. */
export type PictureReference = { readonly bytes: Uint8Array<ArrayBuffer> } | { readonly key: string };

/** What the thread of the models is asked to do: plain data. */
export type Job =
  | { readonly kind: 'detect'; readonly picture: PictureReference; readonly request: DetectRequest }
  | { readonly kind: 'segment'; readonly picture: PictureReference; readonly request: SegmentRequest }
  | { readonly kind: 'classify'; readonly picture: PictureReference; readonly request: ClassifyRequest }
  | { readonly kind: 'encode'; readonly picture: PictureReference; readonly request: EncodeRequest }
  | { readonly kind: 'ask'; readonly pictures: readonly PictureReference[]; readonly request: AskRequest }
  | { readonly kind: 'infer'; readonly model: string; readonly inputs: Readonly<Record<string, InferTensor>> }
  | { readonly kind: 'describe' };

/** Which models serve, by address; a task without one is refused. */
export interface ServedModels {
  readonly clip?: string | undefined;
  readonly detect?: string | undefined;
  readonly segment?: string | undefined;
  readonly ask?: string | undefined;
}

/** What the thread of the models is made with. */
export interface InferenceSettings {
  readonly models: ServedModels;
  /** CLIP model of detector and segmenter whose files hold none. */
  readonly tower?: string | undefined;
  readonly threads?: number | undefined;
  readonly provider?: SessionsOptions['provider'];
  readonly cacheDir?: string | undefined;
  /** Bound in bytes of pictures and of what vision found in them. */
  readonly cacheBytes: number;
  /** Largest picture that is decoded. */
  readonly maxPixels: number;
}

/** A model as clients of the Open Inference Protocol see it. */
export interface InferModel {
  readonly inputs: readonly TensorMetadata[];
  readonly outputs: readonly TensorMetadata[];
}

/** The models of the Open Inference Protocol by name. */
export type Described = Readonly<Record<string, InferModel>>;

/** To the thread. */
export type ToThread =
  | { readonly id: number; readonly job: Job }
  | { readonly id: number; readonly cancel: true }
  | { readonly close: true };

/** From the thread: pieces of an answer, then its end. */
export type FromThread =
  | { readonly id: number; readonly piece: string }
  | { readonly id: number; readonly result: unknown }
  | {
      readonly id: number;
      readonly error: { readonly code: ErrorCode | 'INTERNAL'; readonly message: string; readonly hint: string | undefined };
    };
