/** Which notebooks have badges: those whose user wants them, while somebody is there to look. */

import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';

import { CellBadges } from './badges';
import type { IProdkitModel, IProdkitTracker } from './tokens';

export class BadgeKeeper {
  constructor(tracker: IProdkitTracker, notebooks: INotebookTracker, trans: TranslationBundle) {
    this._tracker = tracker;
    this._notebooks = notebooks;
    this._trans = trans;
    tracker.currentChanged.connect(this._onCurrentChanged, this);
    this._onCurrentChanged(tracker, tracker.current);
  }

  private _onCurrentChanged(_: IProdkitTracker, model: IProdkitModel | null): void {
    if (this._model !== null && !this._model.isDisposed) {
      this._model.stateChanged.disconnect(this._settle, this);
      this._model.hasBadges = false;
    }
    this._model = model;
    if (model !== null) {
      model.hasBadges = this._tracker.badges === 'always';
      model.stateChanged.connect(this._settle, this);
    }
    this._settle();
  }

  private _settle(): void {
    const model = this._model;
    const panel = this._notebooks.currentWidget;
    if (model === null || panel?.id !== model.id) {
      return;
    }
    const isWanted = this._isWanted(model);
    const badges = this._badges.get(panel);
    if (isWanted && (badges === undefined || badges.isDisposed)) {
      this._add(panel, new CellBadges(panel, model, this._trans));
    } else if (!isWanted) {
      badges?.dispose();
    }
  }

  /** They go with their notebook, whoever still holds that. */
  private _add(panel: NotebookPanel, badges: CellBadges): void {
    this._badges.set(panel, badges);
    panel.disposed.connect(() => {
      badges.dispose();
      this._badges.delete(panel);
    });
  }

  private _isWanted(model: IProdkitModel): boolean {
    switch (this._tracker.badges) {
      case 'always':
        return true;
      case 'with the panel':
        return model.isActive;
      case 'never':
        return false;
    }
  }

  private readonly _tracker: IProdkitTracker;
  private readonly _notebooks: INotebookTracker;
  private readonly _trans: TranslationBundle;
  private readonly _badges = new WeakMap<NotebookPanel, CellBadges>();
  private _model: IProdkitModel | null = null;
}
