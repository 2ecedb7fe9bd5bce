/** Whether an element is in sight, or nearly: what is not need not be drawn again. */
import { type Signal, useSignal } from '@preact/signals';
import { type RefObject } from 'preact';
import { useEffect } from 'preact/hooks';

const MARGIN = '200px 0px';

const shown = new WeakMap<Element, Signal<boolean>>();
let observer: IntersectionObserver | undefined;

function shared(): IntersectionObserver {
  observer ??= new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        const inSight = shown.get(target);
        if (inSight !== undefined) inSight.value = isIntersecting;
      }
    },
    { rootMargin: MARGIN },
  );
  return observer;
}

export function useInSight(element: RefObject<Element | null>): Signal<boolean> {
  const inSight = useSignal(false);
  useEffect(() => {
    const { current } = element;
    if (current === null) return undefined;
    shown.set(current, inSight);
    shared().observe(current);
    return () => shared().unobserve(current);
  }, []);
  return inSight;
}
