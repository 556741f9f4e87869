/** The panel in the side area: shows the tracker's current model, and lets a model work only while it is seen. */

import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';

import { prodkitIcon } from './icons';
import { Root } from './sections/root';
import type { IProdkitModel, IProdkitPanel, IProdkitTracker, ISurroundings } from './tokens';

export interface IPanelOptions {
  readonly tracker: IProdkitTracker;
  readonly trans: TranslationBundle;
  readonly around: ISurroundings;
}

export class ProdkitPanel extends ReactWidget implements IProdkitPanel {
  constructor({ tracker, trans, around }: IPanelOptions) {
    super();
    this._trans = trans;
    this._around = around;
    this.id = 'jupyter-prodkit';
    this.title.icon = prodkitIcon;
    this.title.caption = trans.__('Production');
    this.addClass('jp-Prodkit');
    this.node.dataset.testid = 'prodkit-panel';
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', trans.__('Production'));
    tracker.currentChanged.connect(this._onCurrentChanged, this);
    this._onCurrentChanged(tracker, tracker.current);
  }

  protected override render(): React.JSX.Element {
    return <Root trans={this._trans} model={this._model} around={this._around} />;
  }

  protected override onAfterAttach(message: Parameters<ReactWidget['onAfterShow']>[0]): void {
    super.onAfterAttach(message);
    this._showOrHide();
  }

  protected override onAfterShow(): void {
    this._showOrHide();
  }

  protected override onAfterHide(): void {
    this._showOrHide();
  }

  private _showOrHide(): void {
    if (this._model !== null) {
      this._model.isActive = this.isVisible;
    }
    if (this.isVisible) {
      this.update();
    }
  }

  private _onCurrentChanged(_: IProdkitTracker, model: IProdkitModel | null): void {
    if (this._model !== null && !this._model.isDisposed) {
      this._model.isActive = false;
      this._model.stateChanged.disconnect(this._onStateChanged, this);
    }
    this._model = model;
    model?.stateChanged.connect(this._onStateChanged, this);
    this._showOrHide();
  }

  private _onStateChanged(): void {
    if (this.isVisible) {
      this.update();
    }
  }

  private readonly _trans: TranslationBundle;
  private readonly _around: ISurroundings;
  private _model: IProdkitModel | null = null;
}
