/** The map by keyboard: the arrows go along the page and from row to row. */

export function mapKey(key: string, place: number, count: number, perRow: number): number | null {
  const aim = aimed(key, place, count, perRow);
  return aim === null ? null : Math.max(0, Math.min(count - 1, aim));
}

function aimed(key: string, place: number, count: number, perRow: number): number | null {
  switch (key) {
    case 'ArrowRight':
      return place + 1;
    case 'ArrowLeft':
      return place - 1;
    case 'ArrowDown':
      return place + perRow < count ? place + perRow : place;
    case 'ArrowUp':
      return place - perRow >= 0 ? place - perRow : place;
    case 'Home':
      return 0;
    case 'End':
      return count - 1;
    default:
      return null;
  }
}
