/** A long list is drawn some rows a frame: what is in sight is there at once, and the page answers meanwhile. */
import { useSignal } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';

/** More than a screen shows. */
const ROWS_A_FRAME = 60;

/**
 * @param length rows that there are
 * @param least rows that are to be drawn at once
 * @returns how many of them are drawn now, from the first on; the component that asks is drawn again until that is all
 */
export function useGradually(length: number, least = 0): number {
  const drawn = useRef(0);
  const frames = useSignal(0);
  void frames.value;
  const now = Math.min(length, Math.max(drawn.current, least, ROWS_A_FRAME));
  useLayoutEffect(() => {
    drawn.current = now;
    if (now === length) return undefined;
    const frame = requestAnimationFrame(() => {
      drawn.current = now + ROWS_A_FRAME;
      frames.value++;
    });
    return () => cancelAnimationFrame(frame);
  });
  return now;
}
