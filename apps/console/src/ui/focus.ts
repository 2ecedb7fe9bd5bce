/** Where the focus goes when what had it is gone: whoever has no mouse goes on where he was. */

/** Where the focus is, and all around that. */
export function placesOfFocus(): HTMLElement[] {
  const places: HTMLElement[] = [];
  for (let place = document.activeElement; place instanceof HTMLElement; place = place.parentElement)
    if (place !== document.body && place !== document.documentElement) places.push(place);
  return places;
}

/** To the first of `places` that is there, unless something else has the focus by now. */
export function focusFirst(places: readonly HTMLElement[]): void {
  const place = places.find((each) => each.isConnected);
  if (place === undefined || document.activeElement !== document.body) return;
  if (place !== places[0] && !place.hasAttribute('tabindex')) place.tabIndex = -1;
  place.focus({ preventScroll: true });
}

/** A button that takes itself away, as "Discard" does, leaves the focus to what is around it. */
export function startFocus(): void {
  document.addEventListener(
    'click',
    () => {
      // A dialog gives the focus back itself.
      if (document.activeElement?.closest('dialog')) return;
      const places = placesOfFocus();
      // By then what was to be changed by it is drawn.
      setTimeout(() => focusFirst(places));
    },
    { capture: true },
  );
}
