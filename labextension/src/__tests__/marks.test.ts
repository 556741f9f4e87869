import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

import type { IMark } from '../marks';
import { hasMark, isStepName, marksOf, markText, withMark } from '../marks';

const EXPORT: IMark = { kind: 'export', name: '' };
const TRAIN: IMark = { kind: 'step', name: 'train' };

interface ICase {
  readonly source: string;
  readonly tags: readonly string[];
  readonly export?: boolean;
  readonly module?: string;
  readonly parameters?: boolean;
  readonly ignore?: boolean;
  readonly step?: string;
}

const TABLE = path.join(import.meta.dirname, '../../../tests/notebook/marks.json');
const table: unknown = JSON.parse(readFileSync(TABLE, 'utf8'));
const CASES = Array.isArray(table) ? table.filter(isCase) : [];

function isCase(value: unknown): value is ICase {
  return typeof value === 'object' && value !== null && 'source' in value && 'tags' in value;
}

/** Cells that another tool's mark keeps out of the package keep the mark that they have. */
const isKept = ({ source, tags }: ICase): boolean =>
  !source.includes('eval: false') && !tags.includes('skip') && !tags.includes('active-ipynb');

describe('the marks of a cell', () => {
  it.each(CASES.filter(isKept))('are what the kernel side takes %j for', one => {
    const marks = marksOf(one);
    const of = (kind: IMark['kind']): readonly string[] =>
      marks.filter(mark => mark.kind === kind).map(mark => mark.name);
    expect(of('export').length > 0).toBe(one.export ?? false);
    expect(of('export')[0] ?? '').toBe(one.module ?? '');
    expect(of('parameters').length > 0).toBe(one.parameters ?? false);
    expect(of('ignore').length > 0).toBe(one.ignore ?? false);
    expect(of('step')[0]).toBe(one.step);
  });

  it('name one module at most, and any of them is `export`', () => {
    const named: IMark = { kind: 'export', name: 'shapes' };
    const cell = withMark({ source: '#| export lines\nx', tags: ['export'] }, named, true);
    expect(cell).toEqual({ source: 'x', tags: ['export:shapes'] });
    expect(withMark(cell, EXPORT, true)).toEqual(cell);
    expect(withMark(cell, EXPORT, false)).toEqual({ source: 'x', tags: [] });
  });

  it.each([
    [{ source: '', tags: ['export'] }, ['export']],
    [{ source: '#| export features\nx = 1', tags: [] }, ['export:features']],
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
