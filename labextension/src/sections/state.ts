/** A cell's state as a shape and in a word. */

import type { TranslationBundle } from '@jupyterlab/translation';

import type { CellVerdict } from '../protocol';
import type { ShapeName, Tone } from './shape';

export type CellState = CellVerdict['state'];

export const STATE_SHAPES: Readonly<Record<CellState, readonly [ShapeName, Tone]>> = {
  reproduced: ['circle', 'good'],
  diverges: ['triangle', 'bad'],
  failed: ['cross', 'bad'],
  unverified: ['diamond', 'open'],
  'never run': ['ring', 'quiet'],
  nondeterministic: ['square', 'warn']
};

export function stateWord(trans: TranslationBundle, state: CellState): string {
  switch (state) {
    case 'reproduced':
      return trans.__('reproduced');
    case 'diverges':
      return trans.__('would change');
    case 'failed':
      return trans.__('would fail');
    case 'unverified':
      return trans.__('unverified');
    case 'never run':
      return trans.__('not run');
    case 'nondeterministic':
      return trans.__('by chance');
  }
}
