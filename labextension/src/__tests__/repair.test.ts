import { PromiseDelegate } from '@lumino/coreutils';
import { describe, expect, it } from 'vitest';

import { asksForPage, Repair } from '../repair';

describe('a repair', () => {
  it('runs each cell after the one before has ended', async () => {
    const ended = new Map([['a', new PromiseDelegate<boolean>()]]);
    const begun: string[] = [];
    const repair = new Repair(cellId => {
      begun.push(cellId);
      return ended.get(cellId)?.promise ?? Promise.resolve(true);
    });
    const done = repair.run(['a', 'b']);
    await Promise.resolve();
    expect(begun).toEqual(['a']);
    ended.get('a')?.resolve(true);
    await done;
    expect(begun).toEqual(['a', 'b']);
  });

  it('stops at the first cell that fails', async () => {
    const begun: string[] = [];
    const repair = new Repair(cellId => {
      begun.push(cellId);
      return Promise.resolve(cellId !== 'b');
    });
    await repair.run(['a', 'b', 'c']);
    expect(begun).toEqual(['a', 'b']);
  });

  it('waits for the one that is under way, and is not lost with it', async () => {
    const begun: string[] = [];
    const repair = new Repair(cellId => {
      begun.push(cellId);
      return cellId === 'broken' ? Promise.reject(new Error('gone')) : Promise.resolve(true);
    });
    const first = repair.run(['a', 'broken', 'never']);
    const second = repair.run(['b']);
    await expect(first).rejects.toThrow('gone');
    await second;
    expect(begun).toEqual(['a', 'broken', 'b']);
  });
});

describe('code that asks something of the page', () => {
  it.each([
    '%prodcheck --fix',
    'x = 1\n  %prodcheck --replay --fix',
    '%prodcheck --fix --quiet',
    '%prodmark step train',
    'x = 1\n%prodmark none'
  ])('%j', source => {
    expect(asksForPage(source)).toBe(true);
  });

  it.each([
    '%prodcheck',
    '# %prodcheck --fix',
    'fix(--x)',
    '%prodcheck\n# --fix',
    '%prodchecks --fix',
    '%prodmarks',
    '# %prodmark none'
  ])('is not %j', source => {
    expect(asksForPage(source)).toBe(false);
  });
});
