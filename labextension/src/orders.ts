/** What a cell of the notebook asks of its page, by way of the kernel side: cells to run again, cells to mark. */

import { outcome } from './failure';
import type { Event } from './protocol';
import type { IDocument, IFixing } from './tokens';

type Order = Extract<Event, { kind: 'repair' | 'mark' }>;

export function isOrder(event: Event): event is Order {
  return event.kind === 'repair' || event.kind === 'mark';
}

/** Do what was asked for; whoever asked hears of it. */
export function obey(order: Order, document: IDocument, fixing: IFixing): void {
  void outcome(
    order.kind === 'repair' ? document.rerun(order.cell_ids) : fixing.markAsAsked(order)
  );
}
