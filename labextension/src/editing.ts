/** Changes of a notebook's cells, each made at once and with the way back. */

import type { ISharedCell, ISharedNotebook } from '@jupyter/ydoc';

import type { IMark } from './marks';
import { withMark } from './marks';
import type { EditedCell } from './protocol';
import type { DeletedCell, Undo } from './tokens';

const NOTHING: Undo = () => undefined;

/** Put a deleted cell back where it stood; its undo is also the notebook's own. */
export function restored(shared: ISharedNotebook, cell: DeletedCell): Undo {
  const { cell_id: id, source, execution_count, below } = cell;
  return inserted(shared, id, { cell_type: 'code', source, execution_count, metadata: {} }, below);
}

/** Change and add cells; what the user has changed since stays when it is undone. */
export function edited(shared: ISharedNotebook, cells: readonly EditedCell[]): Undo {
  const undos: Undo[] = [];
  apart(shared);
  shared.transact(() => {
    for (const { cell_id: id, source, is_new: isNew, below, tags } of cells) {
      undos.push(
        isNew
          ? inserted(
              shared,
              id,
              { cell_type: 'code', source, metadata: { tags: [...tags] } },
              below
            )
          : rewritten(shared, id, source)
      );
    }
  });
  return () => {
    shared.transact(() => {
      undos.reverse().forEach(undo => {
        undo();
      });
    });
  };
}

/** Set a mark on a cell, or take it away. */
export function marked(shared: ISharedNotebook, cellId: string, mark: IMark, isOn: boolean): Undo {
  const cell = find(shared, cellId);
  if (cell === undefined) {
    return NOTHING;
  }
  const before = { source: cell.getSource(), tags: tagsOf(cell.getMetadata('tags')) };
  const after = withMark(before, mark, isOn);
  apart(shared);
  shared.transact(() => {
    setTags(cell, after.tags);
    setSource(cell, after.source);
  });
  return () => {
    shared.transact(() => {
      setTags(cell, before.tags);
      if (cell.getSource() === after.source) {
        setSource(cell, before.source);
      }
    });
  };
}

export function tagsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter(tag => typeof tag === 'string') : [];
}

type NewCell = Parameters<ISharedNotebook['insertCell']>[1];

function inserted(shared: ISharedNotebook, id: string, cell: NewCell, below: string | null): Undo {
  if (find(shared, id) !== undefined) {
    return NOTHING;
  }
  const place = shared.cells.findIndex(one => one.id === below) + 1;
  apart(shared);
  shared.insertCell(place > 0 || below === null ? place : shared.cells.length, { ...cell, id });
  return () => {
    const now = shared.cells.findIndex(one => one.id === id);
    if (now >= 0 && shared.cells[now]?.getSource() === cell.source) {
      shared.deleteCell(now);
    }
  };
}

function rewritten(shared: ISharedNotebook, cellId: string, source: string): Undo {
  const cell = find(shared, cellId);
  const before = cell?.getSource();
  if (cell === undefined || before === undefined) {
    return NOTHING;
  }
  setSource(cell, source);
  return () => {
    if (cell.getSource() === source) {
      setSource(cell, before);
    }
  };
}

function find(shared: ISharedNotebook, cellId: string): ISharedCell | undefined {
  return shared.cells.find(cell => cell.id === cellId);
}

/** Only what differs is replaced, so that cursors and selections in the cell stay where they are. */
function setSource(cell: ISharedCell, source: string): void {
  const before = cell.getSource();
  let start = 0;
  while (start < before.length && before[start] === source[start]) {
    start += 1;
  }
  let rest = 0;
  const most = Math.min(before.length, source.length) - start;
  while (rest < most && before.at(-1 - rest) === source.at(-1 - rest)) {
    rest += 1;
  }
  if (before !== source) {
    cell.updateSource(start, before.length - rest, source.slice(start, source.length - rest));
  }
}

function setTags(cell: ISharedCell, tags: readonly string[]): void {
  if (tags.length > 0) {
    cell.setMetadata('tags', [...tags]);
  } else {
    cell.deleteMetadata('tags');
  }
}

/** Else one undo of the notebook's would take back what was done half a second before, too. */
function apart(shared: object): void {
  if (canBeUndone(shared)) {
    shared.undoManager.stopCapturing();
  }
}

function canBeUndone(shared: object): shared is { undoManager: { stopCapturing(): void } } {
  return 'undoManager' in shared;
}
