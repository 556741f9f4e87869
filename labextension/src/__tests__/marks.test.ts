import { describe, expect, it } from 'vitest';

import type { IMark } from '../marks';
import { hasMark, isStepName, marksOf, markText, withMark } from '../marks';

const EXPORT: IMark = { kind: 'export', name: '' };
const TRAIN: IMark = { kind: 'step', name: 'train' };

describe('the marks of a cell', () => {
  it.each([
    [{ source: '', tags: ['export'] }, ['export']],
    [{ source: '#| export features\nx = 1', tags: [] }, ['export']],
    [
      { source: '\n# | parameters\n#|step train\nx', tags: ['export'] },
      ['parameters', 'step:train', 'export']
    ],
    [{ source: 'x = 1\n#| export', tags: [] }, []],
    [{ source: '#| step:load', tags: [] }, ['step:load']],
    [{ source: '', tags: ['prodkit:ignore', 'hide', 'step:load'] }, ['ignore', 'step:load']],
    [{ source: '#| export', tags: ['export'] }, ['export']]
  ])('of %j are %j', (cell, marks) => {
    expect(marksOf(cell).map(markText)).toEqual(marks);
  });

  it('are set as a tag beside the tags of others', () => {
    const cell = withMark({ source: 'x', tags: ['hide'] }, EXPORT, true);
    expect(cell).toEqual({ source: 'x', tags: ['hide', 'export'] });
    expect(withMark(cell, EXPORT, true)).toEqual(cell);
  });

  it('are taken away, tag and comment alike, and nothing else is', () => {
    const cell = { source: '#| export\n#| parameters\nx = 1', tags: ['export', 'hide'] };
    expect(withMark(cell, EXPORT, false)).toEqual({
      source: '#| parameters\nx = 1',
      tags: ['hide']
    });
  });

  it('leave a cell of a step no definition of its own, and the other way round', () => {
    const cell = withMark(
      { source: '#| export\nx', tags: ['parameters', 'prodkit:ignore'] },
      TRAIN,
      true
    );
    expect(cell).toEqual({ source: 'x', tags: ['prodkit:ignore', 'step:train'] });
    expect(withMark(cell, EXPORT, true).tags).toEqual(['prodkit:ignore', 'export']);
  });

  it('name one step at most', () => {
    const cell = withMark({ source: '#| step load\nx', tags: ['step:features'] }, TRAIN, true);
    expect(cell).toEqual({ source: 'x', tags: ['step:train'] });
    expect(hasMark(cell, TRAIN)).toBe(true);
  });

  it('take only names that Python takes', () => {
    expect(['train', '_x1'].every(isStepName)).toBe(true);
    expect(['', '1a', 'a b', '<img>'].some(isStepName)).toBe(false);
  });
});
