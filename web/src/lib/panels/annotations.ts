/** Annotations on a chart: where their marks stand, those too near to tell apart as one. */
import type { Annotation } from '../model/annotations';
import type { Range } from '../time/range';

export interface Mark {
  /** Of its beginning. */
  xPx: number;
  /** 0 for an instant. */
  widthPx: number;
  annotations: Annotation[];
}

/** Marks nearer than this nobody hits one of. */
const APART_PX = 10;

/** Marks of the range from left to right. */
export function marksOf(annotations: Annotation[], { from, to }: Range, widthPx: number): Mark[] {
  const at = (instant: number) => ((Math.min(Math.max(instant, from), to) - from) / (to - from)) * widthPx;
  const inSight = annotations.filter(({ fromMs, toMs }) => toMs >= from && fromMs <= to);
  const marks: Mark[] = [];
  for (const annotation of inSight.sort((a, b) => a.fromMs - b.fromMs)) {
    const xPx = at(annotation.fromMs);
    const ownPx = annotation.toMs > annotation.fromMs ? at(annotation.toMs) - xPx : 0;
    const last = marks.at(-1);
    if (last !== undefined && xPx - last.xPx < APART_PX) {
      last.annotations.push(annotation);
      last.widthPx = Math.max(last.widthPx, ownPx);
    } else marks.push({ xPx, widthPx: ownPx, annotations: [annotation] });
  }
  return marks;
}
