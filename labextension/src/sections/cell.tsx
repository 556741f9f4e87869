/** The active cell: its state, and its marks as switches. */

import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IMark } from '../marks';
import { countingMarks, hasMark, isStepName, marksOf, markText, STEP_NAMES } from '../marks';
import type { Page, PageCell, Report } from '../protocol';
import type { IActiveCell } from '../tokens';
import { Shape } from './shape';
import { STATE_SHAPES, stateWord } from './state';

export interface IActiveCellProps {
  readonly trans: TranslationBundle;
  readonly report: Report | null;
  readonly page: Page;
  readonly active: IActiveCell;
  readonly isReadOnly: boolean;
  readonly onMark: (cellId: string, mark: IMark, isOn: boolean) => void;
}

export function ActiveCell(props: IActiveCellProps): React.JSX.Element | null {
  const { trans, report, active } = props;
  const { cell, index } = active;
  if (cell.kind !== 'code') {
    return null;
  }
  const state = report?.cells.find(one => one.cell_id === cell.cell_id)?.state;
  const [shape, tone] = state === undefined ? (['ring', 'quiet'] as const) : STATE_SHAPES[state];
  return (
    <section className="jp-Prodkit-cell" data-testid="prodkit-cell">
      <p>
        <Shape name={shape} tone={tone} />
        <strong>{trans.__('Cell %1', index + 1)}</strong>
        {state !== undefined && <span className="jp-Prodkit-soft">{stateWord(trans, state)}</span>}
      </p>
      <div className="jp-Prodkit-marks" role="group" aria-label={trans.__('Marks of this cell')}>
        <Toggle {...props} cell={cell} mark={{ kind: 'export', name: '' }}>
          {trans.__('Export')}
        </Toggle>
        <Toggle {...props} cell={cell} mark={{ kind: 'parameters', name: '' }}>
          {trans.__('Parameters')}
        </Toggle>
        <StepChoice {...props} cell={cell} />
        <Toggle {...props} cell={cell} mark={{ kind: 'ignore', name: '' }}>
          {trans.__('Ignore')}
        </Toggle>
        {marksOf(cell)
          .filter(({ kind }) => kind === 'returns' || kind === 'left-out')
          .map(mark => (
            <Toggle key={markText(mark)} {...props} cell={cell} mark={mark}>
              {markText(mark)}
            </Toggle>
          ))}
      </div>
      <LeftOut trans={trans} cell={cell} />
    </section>
  );
}

type ICellProps = IActiveCellProps & { readonly cell: PageCell };

const LEFT_OUT_ID = 'jp-Prodkit-left-out';

/** Why marks of a cell don't count, where a word leaves it out. */
function LeftOut({
  trans,
  cell
}: Pick<IActiveCellProps, 'trans'> & { readonly cell: PageCell }): React.JSX.Element | null {
  const word = marksOf(cell).find(({ kind }) => kind === 'left-out')?.name;
  const idle = marksOf(cell).filter(mark => isIdle(cell, mark));
  if (word === undefined || idle.length === 0) {
    return null;
  }
  return (
    <p id={LEFT_OUT_ID} className="jp-Prodkit-left-out" data-testid="prodkit-left-out">
      {trans.__(
        'Left out of the package by “%1”. Without effect: %2',
        word,
        idle.map(markText).join(', ')
      )}
    </p>
  );
}

/** Whether a cell has the mark, and a word that leaves it out. */
function isIdle(cell: PageCell, mark: IMark): boolean {
  return hasMark(cell, mark) && !countingMarks(cell).some(({ kind }) => kind === mark.kind);
}

function Toggle({
  trans,
  cell,
  mark,
  isReadOnly,
  onMark,
  children
}: ICellProps & { readonly mark: IMark; readonly children: string }): React.JSX.Element {
  const isOn = hasMark(cell, mark);
  return (
    <button
      className={classOf(cell, mark)}
      aria-pressed={isOn}
      aria-describedby={isIdle(cell, mark) ? LEFT_OUT_ID : undefined}
      disabled={isReadOnly}
      data-testid={`prodkit-mark-${mark.kind}`}
      title={meaning(trans, mark.kind)}
      onClick={() => {
        onMark(cell.cell_id, mark, !isOn);
      }}
    >
      {children}
    </button>
  );
}

/** A step's name: one of the usual, or one of the user's own. */
function StepChoice({ trans, cell, page, isReadOnly, onMark }: ICellProps): React.JSX.Element {
  const current = marksOf(cell).find(mark => mark.kind === 'step')?.name ?? '';
  const others = page.cells.flatMap(one => marksOf(one).filter(mark => mark.kind === 'step'));
  const names = Array.from(new Set([...STEP_NAMES, ...others.map(mark => mark.name)]));
  return (
    <select
      className={`${classOf(cell, { kind: 'step', name: current })} ${current === '' ? '' : 'jp-mod-on'}`}
      aria-label={trans.__('Step')}
      aria-describedby={isIdle(cell, { kind: 'step', name: current }) ? LEFT_OUT_ID : undefined}
      title={meaning(trans, 'step')}
      disabled={isReadOnly}
      data-testid="prodkit-mark-step"
      value={current}
      onChange={event => {
        const name = event.currentTarget.value;
        if (name === '') {
          onMark(cell.cell_id, { kind: 'step', name: current }, false);
        } else if (isStepName(name)) {
          onMark(cell.cell_id, { kind: 'step', name }, true);
        }
      }}
    >
      <option value="">{trans.__('Step')}</option>
      {names.map(name => (
        <option key={name} value={name}>
          {`step:${name}`}
        </option>
      ))}
    </select>
  );
}

function classOf(cell: PageCell, mark: IMark): string {
  return isIdle(cell, mark) ? 'jp-Prodkit-mark jp-mod-idle' : 'jp-Prodkit-mark';
}

function meaning(trans: TranslationBundle, kind: IMark['kind']): string {
  switch (kind) {
    case 'export':
      return trans.__('Its definitions go into the package');
    case 'parameters':
      return trans.__('Its literals become settings of the package');
    case 'step':
      return trans.__('Its cells of one name belong together: a step of the pipeline');
    case 'ignore':
      return trans.__('Rules leave this cell alone; hidden state is said all the same');
    case 'returns':
      return trans.__('Its step returns this value, whatever reads it; a click takes that away');
    case 'left-out':
      return trans.__('Leaves the cell out of the package; a click takes that away');
  }
}
