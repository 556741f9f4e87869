/** A notebook in JupyterLab, read as the facts that the kernel side needs, and acted upon for the panel. */

import type { ICellModel } from '@jupyterlab/cells';
import { isCodeCellModel } from '@jupyterlab/cells';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { NotebookActions } from '@jupyterlab/notebook';
import type { ISharedNotebook } from '@jupyter/ydoc';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import { edited, marked, restored, tagsOf } from './editing';
import type { IMark } from './marks';
import type { Earlier, EditedCell, Page, PageCell } from './protocol';
import { noted, outputsDigest, remembered } from './memory';
import { Repair } from './repair';
import type { DeletedCell, IActiveCell, IDocument, Undo } from './tokens';

export class NotebookDocument implements IDocument {
  /** `show` brings the notebook to the front of the shell. */
  constructor(panel: NotebookPanel, show: () => void) {
    this._panel = panel;
    this._show = show;
    panel.content.modelContentChanged.connect(this._onChanged, this);
    panel.content.activeCellChanged.connect(this._onActiveChanged, this);
    panel.context.pathChanged.connect(this._onChanged, this);
  }

  get id(): string {
    return this._panel.id;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get activeChanged(): ISignal<this, void> {
    return this._activeChanged;
  }

  activeCell(): IActiveCell | null {
    const { activeCell: widget, activeCellIndex: index } = this._panel.content;
    return widget === null || widget.isDisposed ? null : { cell: pageCell(widget.model), index };
  }

  get isReadOnly(): boolean {
    return this._panel.content.model?.readOnly ?? false;
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

  async restore(cell: DeletedCell): Promise<Undo> {
    const undo = this._change(shared => restored(shared, cell));
    await this.reveal(cell.cell_id);
    return undo;
  }

  edit(cells: readonly EditedCell[]): Undo {
    return this._change(shared => edited(shared, cells));
  }

  mark(cellId: string, mark: IMark, isOn: boolean): Undo {
    return this._change(shared => marked(shared, cellId, mark, isOn));
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._panel.content.modelContentChanged.disconnect(this._onChanged, this);
    this._panel.content.activeCellChanged.disconnect(this._onActiveChanged, this);
    this._panel.context.pathChanged.disconnect(this._onChanged, this);
    Signal.clearData(this);
  }

  private _change(change: (shared: ISharedNotebook) => Undo): Undo {
    const shared = this._panel.content.model?.sharedModel;
    return this._isDisposed || shared === undefined ? () => undefined : change(shared);
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

  private _onActiveChanged(): void {
    this._activeChanged.emit();
  }

  private readonly _panel: NotebookPanel;
  private readonly _show: () => void;
  private readonly _repair = new Repair(cellId => this._runCell(cellId));
  private readonly _changed = new Signal<this, void>(this);
  private readonly _activeChanged = new Signal<this, void>(this);
  private _isDisposed = false;
}

/** Where the notebook's metadata keep what is remembered; `false` there asks us to keep nothing. */
const KEY = 'prodkit';

function pageCell(cell: ICellModel): PageCell {
  return {
    cell_id: cell.id,
    kind: cell.type === 'code' || cell.type === 'markdown' ? cell.type : 'raw',
    source: cell.sharedModel.getSource(),
    tags: tagsOf(cell.getMetadata('tags')),
    execution_count: isCodeCellModel(cell) ? cell.executionCount : null
  };
}
