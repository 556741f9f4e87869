import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

import type { IMark } from '../marks';
import { countingMarks, hasMark, isStepName, marksOf, markText, withMark } from '../marks';

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
  readonly returns?: readonly string[];
  readonly left_out?: string;
}

interface IWords extends IMark {
  readonly tag: string;
  readonly directive: string;
}

const TABLE = path.join(import.meta.dirname, '../../../tests/notebook/marks.json');
const table: unknown = JSON.parse(readFileSync(TABLE, 'utf8'));
const CASES = rows('cells').filter(isCase);
const WORDS = rows('words').filter(isWords);

function rows(part: 'cells' | 'words'): readonly unknown[] {
  const found = isObject(table) ? table[part] : [];
  return Array.isArray(found) ? found : [];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isCase(value: unknown): value is ICase {
  return isObject(value) && 'source' in value && 'tags' in value;
}

function isWords(value: unknown): value is IWords {
  return isObject(value) && 'kind' in value && 'tag' in value && 'directive' in value;
}

describe('the marks of a cell', () => {
  it('are read from a table that is there', () => {
    expect([CASES.length > 30, WORDS.length > 4]).toEqual([true, true]);
  });

  it.each(CASES)('are what the kernel side takes %j for', one => {
    const marks = countingMarks(one);
    const of = (kind: IMark['kind']): readonly string[] =>
      marks.filter(mark => mark.kind === kind).map(mark => mark.name);
    expect(of('export').length > 0).toBe(one.export ?? false);
    expect(of('export')[0] ?? '').toBe(one.module ?? '');
    expect(of('parameters').length > 0).toBe(one.parameters ?? false);
    expect(of('ignore').length > 0).toBe(one.ignore ?? false);
    expect(of('step')[0]).toBe(one.step);
    expect(of('returns')).toEqual(one.returns ?? []);
    expect(of('left-out')[0]).toBe(one.left_out);
  });

  it.each(WORDS)('are written with the words of the table: $directive', words => {
    const mark: IMark = { kind: words.kind, name: words.name };
    expect(withMark({ source: 'x', tags: [] }, mark, true).tags).toEqual([words.tag]);
    expect(marksOf({ source: words.directive, tags: [] })).toEqual([mark]);
    expect(markText(mark)).toBe(words.tag.replace('prodkit:', ''));
  });

  it('that name several values on one line are taken away one by one', () => {
    const rows: IMark = { kind: 'returns', name: 'rows' };
    const cell = { source: '#| step load\n#| returns rows, labels\nx', tags: ['returns:rows'] };
    expect(marksOf(cell).map(markText)).toEqual(['step:load', 'returns:rows', 'returns:labels']);
    const left = withMark(cell, rows, false);
    expect(left).toEqual({ source: '#| step load\n#| returns labels\nx', tags: [] });
    const none = withMark(left, { kind: 'returns', name: 'labels' }, false);
    expect(none).toEqual({ source: '#| step load\nx', tags: [] });
  });

  it('keep what a step returns with another step, and with no definition', () => {
    const cell = { source: '#| step load\n#| returns rows\nx', tags: ['skip'] };
    expect(withMark(cell, TRAIN, true)).toEqual({
      source: '#| returns rows\nx',
      tags: ['skip', 'step:train']
    });
    expect(withMark(cell, EXPORT, true)).toEqual({ source: 'x', tags: ['skip', 'export'] });
  });

  it('count again when the word that leaves the cell out is taken away', () => {
    const cell = { source: '#| eval: false\n#| export\nx', tags: [] };
    expect(countingMarks(cell).map(markText)).toEqual(['eval: false']);
    const back = withMark(cell, { kind: 'left-out', name: 'eval: false' }, false);
    expect(countingMarks(back)).toEqual([EXPORT]);
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
