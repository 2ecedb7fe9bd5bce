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

/** What takes itself away, as "Discard" does, or goes by itself, as the row of a master, leaves the focus to what is around it. */
export function startFocus(): void {
  let places: readonly HTMLElement[] = [];
  document.addEventListener('focusin', () => {
    places = placesOfFocus();
  });
  document.addEventListener('focusout', ({ target }) => {
    // Some browsers say so as well of what is being removed.
    queueMicrotask(() => {
      if (target instanceof Node && target.isConnected && document.activeElement === document.body) places = [];
    });
  });
  new MutationObserver(() => {
    // A dialog gives the focus back itself.
    if (places[0]?.isConnected === false && !places.some((place) => place instanceof HTMLDialogElement))
      focusFirst(places);
  }).observe(document.body, { childList: true, subtree: true });
}
