/** Zooming by dragging over an area that is as wide as a range. */
import type { Range } from '../lib/time/range';

/** Less is a click. */
const DRAG_PX = 4;

interface Dragging {
  /** Told of what is marked; `null` for nothing. */
  ondrag: (dragged: { fromPx: number; toPx: number } | null) => void;
  onzoom: (range: Range) => void;
}

/** From a press of the pointer until it is let go. */
export function dragging(event: PointerEvent, widthPx: number, range: Range, { ondrag, onzoom }: Dragging) {
  if (event.button !== 0) return;
  const left = (event.currentTarget as HTMLElement).getBoundingClientRect().left;
  const fromPx = event.clientX - left;
  let toPx: number | null = null;
  const controller = new AbortController();
  const { signal } = controller;
  const move = ({ clientX }: PointerEvent) => {
    const nowPx = Math.min(Math.max(clientX - left, 0), widthPx);
    toPx = Math.abs(nowPx - fromPx) < DRAG_PX ? null : nowPx;
    ondrag(toPx === null ? null : { fromPx, toPx });
  };
  const drop = () => {
    controller.abort();
    if (toPx === null) return;
    const at = (px: number) => range.from + (px / widthPx) * (range.to - range.from);
    const [a, b] = [at(fromPx), at(toPx)];
    ondrag(null);
    // What was dragged over is no click on it.
    addEventListener('click', swallow, { capture: true, once: true });
    setTimeout(() => removeEventListener('click', swallow, { capture: true }));
    onzoom({ from: Math.min(a, b), to: Math.max(a, b) });
  };
  addEventListener('pointermove', move, { signal });
  addEventListener('pointerup', drop, { signal });
  addEventListener('pointercancel', drop, { signal });
}

function swallow(event: Event) {
  event.preventDefault();
  event.stopPropagation();
}
