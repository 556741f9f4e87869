/** The map as a file of its own: the picture on screen with the colours that the theme gives it now. */

const KEPT = [
  'fill',
  'stroke',
  'stroke-width',
  'stroke-dasharray',
  'opacity',
  'font',
  'text-anchor'
] as const;

export function asFile(shown: SVGSVGElement): string {
  const copy = shown.cloneNode(true);
  if (!(copy instanceof SVGSVGElement)) {
    return '';
  }
  const originals = shown.querySelectorAll('*');
  copy.querySelectorAll('*').forEach((element, place) => {
    const original = originals[place];
    if (original !== undefined) {
      settle(element, getComputedStyle(original));
    }
  });
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  copy.style.background = getComputedStyle(shown.closest('.jp-Prodkit') ?? shown).backgroundColor;
  return new XMLSerializer().serializeToString(copy);
}

/** What only matters on screen goes; what the style sheets said is written down. */
function settle(element: Element, style: CSSStyleDeclaration): void {
  for (const name of ['class', 'tabindex', 'role', 'data-testid', 'aria-label']) {
    element.removeAttribute(name);
  }
  const told = KEPT.map(name => `${name}:${style.getPropertyValue(name)}`).join(';');
  element.setAttribute('style', told);
}

export function download(text: string, name: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: 'image/svg+xml' }));
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  URL.revokeObjectURL(address);
}
