/** Quiet signs at the cells of one notebook: their state and their marks. They take no room of the page's. */

import type { Cell } from '@jupyterlab/cells';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IDisposable } from '@lumino/disposable';

import { countingMarks, marksOf, markText } from './marks';
import type { CellVerdict, PageCell, Report } from './protocol';
import { shapePath } from './sections/shape';
import { STATE_SHAPES, stateWord } from './sections/state';
import type { IProdkitModel } from './tokens';

const CLASS = 'jp-Prodkit-badge';
/** Cells done in one frame, so that typing never waits for a large notebook. */
const BATCH = 100;

export class CellBadges implements IDisposable {
  constructor(panel: NotebookPanel, model: IProdkitModel, trans: TranslationBundle) {
    this._panel = panel;
    this._model = model;
    this._trans = trans;
    model.stateChanged.connect(this._soon, this);
    this._soon();
  }

  isDisposed = false;

  dispose(): void {
    if (this.isDisposed) {
      return;
    }
    this.isDisposed = true;
    cancelAnimationFrame(this._frame);
    if (!this._model.isDisposed) {
      this._model.stateChanged.disconnect(this._soon, this);
    }
    this._panel.node.querySelectorAll(`.${CLASS}`).forEach(badge => {
      badge.remove();
    });
    this._report = null;
    this._page = null;
  }

  private _soon(): void {
    const { verdict, page } = this._model;
    if (verdict.report === this._report && page === this._page) {
      return;
    }
    [this._report, this._page] = [verdict.report, page];
    cancelAnimationFrame(this._frame);
    const told = toldOf(verdict.report, page.cells);
    const cells = Array.from(this._panel.content.widgets);
    this._frame = requestAnimationFrame(() => {
      this._next(cells, told, 0);
    });
  }

  private _next(cells: readonly Cell[], told: ReadonlyMap<string, ITold>, from: number): void {
    for (const cell of cells.slice(from, from + BATCH)) {
      if (!cell.isDisposed) {
        this._show(cell, told.get(cell.model.id));
      }
    }
    if (from + BATCH < cells.length) {
      this._frame = requestAnimationFrame(() => {
        this._next(cells, told, from + BATCH);
      });
    }
  }

  private _show(cell: Cell, told: ITold | undefined): void {
    const key = told === undefined ? '' : JSON.stringify(told);
    if (this._shown.get(cell) === key) {
      return;
    }
    this._shown.set(cell, key);
    cell.node.querySelector(`:scope > .${CLASS}`)?.remove();
    if (told !== undefined) {
      cell.node.append(badge(this._trans, told));
    }
  }

  private readonly _panel: NotebookPanel;
  private readonly _model: IProdkitModel;
  private readonly _trans: TranslationBundle;
  private readonly _shown = new WeakMap<Cell, string>();
  private _report: Report | null = null;
  private _page: IProdkitModel['page'] | null = null;
  private _frame = 0;
}

/** What a badge says of its cell. */
interface ITold {
  readonly state: CellVerdict['state'] | null;
  readonly why: string;
  readonly marks: readonly string[];
  /** Those of them that mean nothing, as the cell is left out. */
  readonly idle: readonly string[];
}

function toldOf(report: Report | null, cells: readonly PageCell[]): ReadonlyMap<string, ITold> {
  const verdicts = new Map(report?.cells.map(verdict => [verdict.cell_id, verdict]));
  const reasons = reasonsOf(report);
  const told = new Map<string, ITold>();
  for (const cell of cells) {
    const verdict = verdicts.get(cell.cell_id);
    const marks = cell.kind === 'code' ? marksOf(cell).map(markText) : [];
    const counting = cell.kind === 'code' ? countingMarks(cell).map(markText) : [];
    const idle = marks.filter(mark => !counting.includes(mark));
    if (verdict !== undefined || marks.length > 0) {
      const why = reasons.get(cell.cell_id) ?? '';
      told.set(cell.cell_id, { state: verdict?.state ?? null, why, marks, idle });
    }
  }
  return told;
}

/** Why each cell is in its state: by the gravest finding, else as the verdict says. */
function reasonsOf(report: Report | null): ReadonlyMap<string, string> {
  const verdicts = (report?.cells ?? []).map(cell => [cell.cell_id, cell.reason] as const);
  const findings = (report?.findings ?? []).map(
    ({ cell_id: cellId, message, because }) =>
      [cellId ?? '', because === '' ? message : `${message}: ${because}`] as const
  );
  // The first finding of a cell is its gravest.
  return new Map([...verdicts, ...findings.reverse()]);
}

function badge(trans: TranslationBundle, { state, why, marks, idle }: ITold): HTMLElement {
  const node = document.createElement('div');
  node.className = CLASS;
  node.dataset.state = state ?? '';
  const word = state === null ? '' : stateWord(trans, state);
  const said = marks.map(mark =>
    idle.includes(mark) ? trans.__('%1 (without effect: the cell is left out)', mark) : mark
  );
  const words = [word, ...said].filter(text => text !== '').join(', ');
  node.setAttribute('role', 'img');
  node.setAttribute('aria-label', why === '' ? words : `${words}. ${why}`);
  node.title = plain(why === '' ? words : `${words}\n${why}`);
  if (state !== null) {
    node.append(shape(state));
    // What is in order needs no words.
    if (state !== 'reproduced') {
      node.append(text('jp-Prodkit-badge-state', word));
    }
  }
  marks.forEach(mark => {
    const isIdle = idle.includes(mark);
    node.append(text(`jp-Prodkit-badge-mark${isIdle ? ' jp-mod-idle' : ''}`, mark));
  });
  return node;
}

function text(className: string, content: string): HTMLElement {
  const node = document.createElement('span');
  node.className = className;
  node.textContent = content;
  return node;
}

function shape(state: CellVerdict['state']): SVGSVGElement {
  const [name, tone] = STATE_SHAPES[state];
  const address = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(address, 'svg');
  svg.setAttribute('class', `jp-Prodkit-shape jp-mod-${name} jp-mod-${tone}`);
  svg.setAttribute('viewBox', '0 0 12 12');
  const path = document.createElementNS(address, 'path');
  path.setAttribute('d', shapePath(name));
  svg.append(path);
  return svg;
}

/** Findings set names in backticks; a tooltip shows plain text. */
function plain(sentence: string): string {
  return sentence.replaceAll('`', '');
}
