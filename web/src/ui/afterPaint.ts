/**
 * Runs something once what is in the document now has been painted: a callback of the next frame comes
 * before its painting, one of the frame after it does not. Returns what prevents it.
 */
export function afterPaint(run: () => void): () => void {
  let frame = requestAnimationFrame(() => (frame = requestAnimationFrame(run)));
  return () => cancelAnimationFrame(frame);
}
