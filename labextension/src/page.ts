/** The page as a value. */

import type { Page, PageCell } from './protocol';

/** Whether two pages are the same to the kernel side. */
export function isSamePage(one: Page, other: Page): boolean {
  return (
    one.path === other.path &&
    one.cells.length === other.cells.length &&
    one.cells.every((cell, place) => isSameCell(cell, other.cells[place]))
  );
}

function isSameCell(one: PageCell, other: PageCell | undefined): boolean {
  return (
    one.cell_id === other?.cell_id &&
    one.kind === other.kind &&
    one.source === other.source &&
    one.execution_count === other.execution_count &&
    one.tags?.join('\n') === other.tags?.join('\n')
  );
}
