/** How our buttons look. */

export function buttonClass(isPrimary: boolean): string {
  return isPrimary ? 'jp-Prodkit-button jp-mod-primary' : 'jp-Prodkit-button';
}
