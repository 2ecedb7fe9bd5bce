/** The floating tooltip: of whatever has `data-tip`, under the pointer or with the focus. Escape takes it away. */

const SHOW_AFTER_MS = 350;
const GAP = 6;

export function startTips(): void {
  const tip = document.createElement('div');
  tip.id = 'tip';
  tip.setAttribute('role', 'tooltip');
  tip.hidden = true;
  document.body.append(tip);
  let shown: Element | undefined;
  /** What it describes to screen readers: the owner, or the field in it that has the focus. */
  let described: Element | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function hide(): void {
    clearTimeout(timer);
    described?.removeAttribute('aria-describedby');
    shown = undefined;
    tip.hidden = true;
  }

  function show(owner: Element, of: Element): void {
    const text = owner.getAttribute('data-tip');
    if (text === null || text === '' || !owner.isConnected) return;
    hide();
    shown = owner;
    described = of;
    tip.textContent = text;
    // Above a modal dialog nothing else is shown; and screen readers find it in the part of the page that it belongs to.
    (owner.closest('dialog, main, header') ?? document.body).append(tip);
    tip.hidden = false;
    of.setAttribute('aria-describedby', tip.id);
    const at = owner.getBoundingClientRect();
    const { width, height } = tip.getBoundingClientRect();
    const below = at.bottom + GAP + height < innerHeight;
    const left = Math.max(GAP, Math.min(at.left, innerWidth - width - GAP));
    tip.style.left = `${left}px`;
    tip.style.top = `${below ? at.bottom + GAP : Math.max(GAP, at.top - GAP - height)}px`;
  }

  const ownerOf = (event: Event): Element | undefined =>
    (event.target instanceof Element ? event.target.closest('[data-tip]') : null) ?? undefined;

  document.addEventListener('pointerover', (event) => {
    const owner = ownerOf(event);
    if (owner === shown) return;
    hide();
    if (owner !== undefined) timer = setTimeout(show, SHOW_AFTER_MS, owner, owner);
  });
  document.addEventListener('focusin', (event) => {
    const owner = ownerOf(event);
    const { target } = event;
    if (owner !== undefined && target instanceof Element && target.matches(':focus-visible')) show(owner, target);
  });
  document.addEventListener('focusout', hide);
  document.addEventListener('pointerdown', hide);
  addEventListener('scroll', hide, { capture: true, passive: true });
  addEventListener('keydown', (event) => {
    if (event.key === 'Escape') hide();
  });
}
