/** The verdict in the status bar; a click opens the panel. It asks nothing itself. */

import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { Report } from './protocol';
import { Shape } from './sections/shape';
import type { ShapeName, Tone } from './sections/shape';
import type { IProdkitModel, IProdkitTracker } from './tokens';

export class VerdictStatus extends ReactWidget {
  constructor(tracker: IProdkitTracker, trans: TranslationBundle, showPanel: () => void) {
    super();
    this._trans = trans;
    this._showPanel = showPanel;
    this.addClass('jp-Prodkit-status');
    tracker.currentChanged.connect(this._onCurrentChanged, this);
    this._onCurrentChanged(tracker, tracker.current);
  }

  protected override render(): React.JSX.Element {
    const { text, shape, tone, title } = wordsOf(this._trans, this._model);
    return (
      <button data-testid="prodkit-status-bar" title={title} onClick={this._showPanel}>
        <Shape name={shape} tone={tone} />
        {text}
      </button>
    );
  }

  private _onCurrentChanged(_: IProdkitTracker, model: IProdkitModel | null): void {
    if (this._model !== null && !this._model.isDisposed) {
      this._model.stateChanged.disconnect(this._onStateChanged, this);
    }
    this._model = model;
    model?.stateChanged.connect(this._onStateChanged, this);
    this.setHidden(model === null);
    this._onStateChanged();
  }

  private _onStateChanged(): void {
    const { text, title } = wordsOf(this._trans, this._model);
    if (text + title !== this._told) {
      this._told = text + title;
      this.update();
    }
  }

  private readonly _trans: TranslationBundle;
  private readonly _showPanel: () => void;
  private _model: IProdkitModel | null = null;
  private _told = '';
}

interface IWords {
  readonly text: string;
  readonly title: string;
  readonly shape: ShapeName;
  readonly tone: Tone;
}

function wordsOf(trans: TranslationBundle, model: IProdkitModel | null): IWords {
  const report = model?.verdict.report ?? null;
  if (report === null || report.cells.every(cell => cell.state === 'never run')) {
    const title = trans.__('Production: open the panel to check this notebook');
    return { text: trans.__('Not checked'), title, shape: 'ring', tone: 'quiet' };
  }
  const isOld = model?.verdict.outdated === true;
  const title = isOld
    ? trans.__('Restart & Run All: as of the last check; the page has changed since')
    : trans.__('What Restart & Run All would give');
  return { ...verdictOf(trans, report), title };
}

function verdictOf(trans: TranslationBundle, report: Report): Omit<IWords, 'title'> {
  const many = (...states: readonly string[]): number =>
    report.cells.filter(cell => states.includes(cell.state)).length;
  switch (report.verdict) {
    case 'reproducible':
      return { text: trans.__('Reproducible'), shape: 'circle', tone: 'good' };
    case 'unverified': {
      const text = trans.__('%1 unverified', many('unverified'));
      return { text, shape: 'diamond', tone: 'open' };
    }
    case 'diverges': {
      const text = trans.__('%1 would change', many('diverges', 'failed', 'never run'));
      return { text, shape: 'triangle', tone: 'bad' };
    }
  }
}
