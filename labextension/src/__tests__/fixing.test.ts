import { beforeEach, describe, expect, it } from 'vitest';

import { Fixing } from '../fixing';
import { resolved } from '../folders';
import type { IFailure } from '../tokens';
import { cell, FakeConnection, FakeDocument, goldenEvent, goldenReply, report } from './doubles';

let document: FakeDocument;
let connection: FakeConnection;
let fixing: Fixing;
let failures: (IFailure | null)[];

beforeEach(() => {
  document = new FakeDocument();
  connection = new FakeConnection();
  failures = [];
  fixing = new Fixing(document, connection, failure => failures.push(failure));
});

const finding = report().findings[1];
const [seed, ignore] = goldenReply('report').fixes;

describe('a fix', () => {
  it('that edits code asks for its edits with the page as it stands, and can be undone once', async () => {
    if (seed === undefined || finding === undefined) {
      throw new Error('the golden report has a fix');
    }
    await fixing.apply(seed, finding);
    expect(connection.asked[0]?.question).toMatchObject({ kind: 'mend', fix: 'seed' });
    expect(document.edits).toEqual([goldenReply('edited').cells]);
    expect(fixing.last?.label).toBe(seed.label);
    fixing.undo();
    fixing.undo();
    expect(document.undone).toEqual(['edit']);
  });

  it('that marks needs no kernel', async () => {
    if (ignore === undefined || finding === undefined) {
      throw new Error('the golden report has a fix');
    }
    await fixing.apply(ignore, finding);
    expect(connection.asked).toEqual([]);
    expect(document.marked).toEqual([['g7', { kind: 'ignore', name: '' }, true]]);
  });

  it('of what is gone says so, and changes nothing', async () => {
    if (seed === undefined || finding === undefined) {
      throw new Error('the golden report has a fix');
    }
    connection.automatic = false;
    const applied = fixing.apply(seed, finding);
    connection.asked[0]?.answer.resolve(goldenReply('error'));
    await applied;
    expect(failures.at(-1)?.reason).toBe('refused');
    expect(document.edits).toEqual([]);
    expect(fixing.last).toBeNull();
  });
});

describe('a mark', () => {
  it('that is set already is not set again', () => {
    document.cells = [{ ...cell('b2'), tags: ['export'] }];
    fixing.mark('b2', { kind: 'export', name: '' }, true);
    fixing.mark('b2', { kind: 'export', name: '' }, false);
    expect(document.marked).toEqual([['b2', { kind: 'export', name: '' }, false]]);
  });
});

describe('the marks that a step wants', () => {
  it('are set together, and taken back together', () => {
    fixing.markAll({
      label: 'Mark cells 1 and 2 `export`',
      mark: 'export',
      cell_ids: ['a1', 'b2']
    });
    expect(document.marked.map(([id]) => id)).toEqual(['a1', 'b2']);
    expect(fixing.last?.label).toBe('Mark cells 1 and 2 `export`');
    fixing.undo();
    expect(document.undone).toEqual(['mark', 'mark']);
  });
});

describe('a mark that a cell asks for', () => {
  it('is set where it is not, can be undone at once, and the kernel side hears of which cells', async () => {
    document.cells = [{ ...cell('b2'), tags: ['step:train'] }, cell('c3')];
    await fixing.markAsAsked({ ...goldenEvent('mark'), cell_ids: ['b2', 'c3', 'gone'] });
    expect(document.marked).toEqual([['c3', { kind: 'step', name: 'train' }, true]]);
    expect(connection.asked[0]?.question).toMatchObject({ order: 1, cell_ids: ['b2', 'c3'] });
    fixing.undo();
    expect(document.undone).toEqual(['mark']);
  });

  it('may be none: every mark goes, whoever’s word it is', async () => {
    document.cells = [{ ...cell('b2', '#| exporti\nx = 1'), tags: ['parameters'] }];
    await fixing.markAsAsked({ ...goldenEvent('mark'), mark: 'none', name: '' });
    expect(document.marked.map(([, { kind }, isOn]) => [kind, isOn])).toEqual([
      ['export', false],
      ['parameters', false]
    ]);
  });

  it('is not set in a notebook that is open for reading only, which is said', async () => {
    document.isReadOnly = true;
    await fixing.markAsAsked(goldenEvent('mark'));
    expect(document.marked).toEqual([]);
    expect(connection.asked[0]?.question).toMatchObject({ cell_ids: [], is_read_only: true });
  });
});

describe('a folder named from the notebook’s own', () => {
  it.each([
    ['churn-prod/lock', 'work/churn.ipynb', 'work/churn-prod/lock'],
    ['../out', 'work/churn.ipynb', 'out'],
    ['../../out', 'work/churn.ipynb', null],
    ['churn-prod', 'churn.ipynb', 'churn-prod'],
    ['churn-prod', 'RTC:work/churn.ipynb', 'RTC:work/churn-prod']
  ])('%s beside %s is %s', (folder, path, expected) => {
    expect(resolved(folder, path)).toBe(expected);
  });
});
