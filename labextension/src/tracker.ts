/** One model per open notebook, and which of them is in front. */

import type { Cell } from '@jupyterlab/cells';
import type { INotebookTracker, Notebook, NotebookPanel } from '@jupyterlab/notebook';
import { NotebookActions } from '@jupyterlab/notebook';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import { Connection } from './connection';
import { NotebookDocument } from './document';
import { ProdkitModel } from './model';
import { asksForPage } from './repair';
import type { BadgesWhen, IProdkitModel, IProdkitTracker } from './tokens';

export class ProdkitTracker implements IProdkitTracker {
  /** `show` brings a widget of that id to the front of the shell. */
  constructor(notebooks: INotebookTracker, show: (id: string) => void) {
    this._show = show;
    notebooks.currentChanged.connect(this._onCurrentChanged, this);
    NotebookActions.executionScheduled.connect(this._onScheduled, this);
    this._onCurrentChanged(notebooks, notebooks.currentWidget);
  }

  get current(): IProdkitModel | null {
    return this._current;
  }

  get currentChanged(): ISignal<this, IProdkitModel | null> {
    return this._currentChanged;
  }

  get automatic(): boolean {
    return this._automatic;
  }

  set automatic(value: boolean) {
    this._automatic = value;
    for (const model of this._models.values()) {
      model.automatic = value;
    }
  }

  get remembersRuns(): boolean {
    return this._remembersRuns;
  }

  set remembersRuns(value: boolean) {
    this._remembersRuns = value;
    for (const model of this._models.values()) {
      model.remembersRuns = value;
    }
  }

  get badges(): BadgesWhen {
    return this._badges;
  }

  set badges(value: BadgesWhen) {
    this._badges = value;
    this._currentChanged.emit(this._current);
  }

  private _onCurrentChanged(_: INotebookTracker, panel: NotebookPanel | null): void {
    const model = panel === null ? null : (this._models.get(panel) ?? this._add(panel));
    if (model !== this._current) {
      this._current = model;
      this._currentChanged.emit(model);
    }
  }

  /** Who asks something of the page is listened to, though the panel may never have been open. */
  private _onScheduled(_: unknown, { notebook, cell }: { notebook: Notebook; cell: Cell }): void {
    if (!asksForPage(cell.model.sharedModel.getSource())) {
      return;
    }
    for (const [panel, model] of this._models) {
      if (panel.content === notebook) {
        model.attach();
      }
    }
  }

  private _add(panel: NotebookPanel): ProdkitModel {
    const document = new NotebookDocument(panel, () => {
      this._show(panel.id);
    });
    const model = new ProdkitModel(document, new Connection(panel.sessionContext));
    model.automatic = this._automatic;
    model.remembersRuns = this._remembersRuns;
    this._models.set(panel, model);
    panel.disposed.connect(() => {
      this._models.delete(panel);
      model.dispose();
    });
    return model;
  }

  private readonly _show: (id: string) => void;
  private readonly _models = new Map<NotebookPanel, ProdkitModel>();
  private readonly _currentChanged = new Signal<this, IProdkitModel | null>(this);
  private _current: IProdkitModel | null = null;
  private _automatic = true;
  private _badges: BadgesWhen = 'with the panel';
  private _remembersRuns = true;
}
