/** Seconds for evaluation (files already parsed) and peak memory in MB. */
export interface PeerTimes {
  readonly seconds: number;
  readonly memory: number;
}

export const PEERS = ['pycocotools', 'faster-coco-eval'] as const;
export type PeerName = (typeof PEERS)[number];

/**
 * Recorded on two cores of a shared Xeon with Python 3.11.2 and numpy 1.24.2: pycocotools 2.0.11, faster-coco-eval 1.7.1, on data made the same way.
 * Used where no Python with these packages is given; a ratio to a recorded time compares two machines and is only a hint.
 */
export const RECORDED: Readonly<Record<PeerName, Readonly<Record<string, PeerTimes>>>> = {
  pycocotools: {
    sparse_bbox: { seconds: 10.41, memory: 546 },
    dense_bbox: { seconds: 21.48, memory: 1061 },
    sparse_segm: { seconds: 11.34, memory: 566 },
  },
  'faster-coco-eval': {
    sparse_bbox: { seconds: 2.39, memory: 633 },
    dense_bbox: { seconds: 3.83, memory: 916 },
    sparse_segm: { seconds: 4.1, memory: 701 },
  },
};

const LOAD: Readonly<Record<PeerName, string>> = {
  pycocotools: 'from pycocotools.coco import COCO\nfrom pycocotools.cocoeval import COCOeval as Eval',
  'faster-coco-eval': 'from faster_coco_eval import COCO, COCOeval_faster as Eval',
};

/** Program for `python -c`: prints seconds of evaluation, peak memory and the stats as JSON. Arguments: annotations, results, IoU type. */
export function peerProgram(peer: PeerName): string {
  return `
import contextlib, io, json, resource, sys, time
${LOAD[peer]}
with contextlib.redirect_stdout(io.StringIO()):
    gt = COCO(sys.argv[1])
    dt = gt.loadRes(sys.argv[2])
    start = time.process_time()
    e = Eval(gt, dt, sys.argv[3])
    e.evaluate(); e.accumulate(); e.summarize()
    seconds = time.process_time() - start
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"seconds": seconds, "memory": memory, "stats": [float(x) for x in e.stats]}))
`;
}
