/** All cells of the page in a strip, each by the shape of its state: where in the notebook the trouble is. */

import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { CellVerdict, Report } from '../protocol';
import type { ShapeName, Tone } from './shape';
import { Shape } from './shape';

const SHAPES: Readonly<Record<CellVerdict['state'], readonly [ShapeName, Tone]>> = {
  reproduced: ['circle', 'good'],
  diverges: ['triangle', 'bad'],
  failed: ['triangle', 'bad'],
  unverified: ['diamond', 'open'],
  'never run': ['ring', 'quiet'],
  nondeterministic: ['square', 'warn']
};
/** More cells than this say nothing at such a size. */
const MOST = 150;

export interface IStripProps {
  readonly trans: TranslationBundle;
  readonly report: Report;
}

export function Strip({ trans, report }: IStripProps): React.JSX.Element | null {
  if (report.cells.length < 2 || report.cells.length > MOST) {
    return null;
  }
  return (
    <div
      className="jp-Prodkit-strip"
      role="img"
      aria-label={trans.__('The cells in page order, by state')}
    >
      {report.cells.map(({ cell_id, state }) => (
        <Shape key={cell_id} name={SHAPES[state][0]} tone={SHAPES[state][1]} />
      ))}
    </div>
  );
}
