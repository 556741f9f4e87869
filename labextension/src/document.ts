/** A notebook in JupyterLab, read as the facts that the kernel side needs, and acted upon for the panel. */

import type { ICellModel } from '@jupyterlab/cells';
import { isCodeCellModel } from '@jupyterlab/cells';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { NotebookActions } from '@jupyterlab/notebook';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { Earlier, Page, PageCell } from './protocol';
import { noted, outputsDigest, remembered } from './memory';
import { Repair } from './repair';
import type { DeletedCell, IDocument } from './tokens';

export class NotebookDocument implements IDocument {
  /** `show` brings the notebook to the front of the shell. */
  constructor(panel: NotebookPanel, show: () => void) {
    this._panel = panel;
    this._show = show;
    panel.content.modelContentChanged.connect(this._onChanged, this);
    panel.context.pathChanged.connect(this._onChanged, this);
  }

  get id(): string {
    return this._panel.id;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  page(): Page {
    const cells = this._panel.content.model?.cells ?? [];
    return { path: this._panel.context.path, cells: Array.from(cells, pageCell) };
  }

  async reveal(cellId: string): Promise<void> {
    const notebook = this._panel.content;
    const index = notebook.widgets.findIndex(cell => cell.model.id === cellId);
    const cell = notebook.widgets[index];
    if (cell === undefined) {
      return;
    }
    this._show();
    notebook.deselectAll();
    notebook.activeCellIndex = index;
    notebook.mode = 'command';
    await notebook.scrollToCell(cell, 'center');
    await NotebookActions.focusActiveCell(notebook, { preventScroll: true });
  }

  rerun(cellIds: readonly string[]): Promise<void> {
    return this._repair.run(cellIds);
  }

  remembered(): Earlier | null {
    return remembered(this._panel.content.model?.getMetadata(KEY), this._shown());
  }

  remember(record: Earlier['record']): void {
    const model = this._panel.content.model;
    if (this._isDisposed || model === null) {
      return;
    }
    const now = noted(model.getMetadata(KEY), record, this._shown());
    if (now !== null) {
      model.setMetadata(KEY, now);
    }
  }

  async restore({ cell_id, source, execution_count, below }: DeletedCell): Promise<void> {
    const shared = this._panel.content.model?.sharedModel;
    const cells = shared?.cells ?? [];
    if (this._isDisposed || shared === undefined || cells.some(cell => cell.id === cell_id)) {
      return;
    }
    const place = cells.findIndex(cell => cell.id === below) + 1;
    const cell = { cell_type: 'code', id: cell_id, source, execution_count, metadata: {} };
    // Else one undo would take back what was done half a second before, too.
    if (canBeUndone(shared)) {
      shared.undoManager.stopCapturing();
    }
    shared.insertCell(place > 0 || below === null ? place : cells.length, cell);
    await this.reveal(cell_id);
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._panel.content.modelContentChanged.disconnect(this._onChanged, this);
    this._panel.context.pathChanged.disconnect(this._onChanged, this);
    Signal.clearData(this);
  }

  /** What each code cell shows, as a digest. */
  private _shown(): ReadonlyMap<string, string> {
    const cells = Array.from(this._panel.content.model?.cells ?? []).filter(isCodeCellModel);
    return new Map(cells.map(cell => [cell.id, outputsDigest(cell.outputs.toJSON())]));
  }

  private async _runCell(cellId: string): Promise<boolean> {
    const notebook = this._panel.content;
    const cell = notebook.widgets.find(cell => cell.model.id === cellId);
    if (this._isDisposed || cell === undefined) {
      return !this._isDisposed;
    }
    return NotebookActions.runCells(notebook, [cell], this._panel.sessionContext);
  }

  private _onChanged(): void {
    this._changed.emit();
  }

  private readonly _panel: NotebookPanel;
  private readonly _show: () => void;
  private readonly _repair = new Repair(cellId => this._runCell(cellId));
  private readonly _changed = new Signal<this, void>(this);
  private _isDisposed = false;
}

/** Where the notebook's metadata keep what is remembered; `false` there asks us to keep nothing. */
const KEY = 'prodkit';

function canBeUndone(shared: object): shared is { undoManager: { stopCapturing(): void } } {
  return 'undoManager' in shared;
}

function pageCell(cell: ICellModel): PageCell {
  return {
    cell_id: cell.id,
    kind: cell.type === 'code' || cell.type === 'markdown' ? cell.type : 'raw',
    source: cell.sharedModel.getSource(),
    tags: tagsOf(cell.getMetadata('tags')),
    execution_count: isCodeCellModel(cell) ? cell.executionCount : null
  };
}

function tagsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter(tag => typeof tag === 'string') : [];
}
