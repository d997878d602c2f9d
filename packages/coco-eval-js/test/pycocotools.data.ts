/**
 * Program for `python -c`: evaluates the cases of a JSON file (first argument) with pycocotools and writes their arrays to another (second argument),
 * doubles in base64.
 */
export const PROGRAM = `
import base64, contextlib, io, json, sys
import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
out = []
for case in json.load(open(sys.argv[1])):
    with contextlib.redirect_stdout(io.StringIO()):
        gt = COCO()
        gt.dataset = case["dataset"]
        gt.createIndex()
        e = COCOeval(gt, gt.loadRes(case["results"]), case["iouType"])
        for name, value in case["params"].items():
            setattr(e.params, name, np.array(value) if name in ("iouThrs", "recThrs") else value)
        e.evaluate()
        e.accumulate()
    encode = lambda a: base64.b64encode(np.ascontiguousarray(a, dtype="<f8").tobytes()).decode()
    out.append({name: encode(e.eval[name]) for name in ("precision", "recall", "scores")})
json.dump(out, open(sys.argv[2], "w"))
`;
