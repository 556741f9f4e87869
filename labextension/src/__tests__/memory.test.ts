import { describe, expect, it } from 'vitest';

import { noted, outputsDigest, remembered } from '../memory';

const RECORD = { version: 1, versions: [], runs: { b2: [], c3: [] } };
const SHOWN = new Map([
  ['b2', 'x'],
  ['c3', 'y'],
  ['d4', 'z']
]);

describe('what a notebook remembers', () => {
  it('is handed to the kernel side with the cells that still show the same', () => {
    const kept = noted(undefined, RECORD, SHOWN);
    const now = new Map([...SHOWN, ['c3', 'another']]);
    expect(remembered(kept, now)).toEqual({ record: RECORD, unchanged: ['b2'] });
  });

  it('is written only where it has changed', () => {
    const kept = noted(undefined, RECORD, SHOWN);
    expect(kept).not.toBeNull();
    expect(noted(kept, RECORD, SHOWN)).toBeNull();
    expect(noted(kept, RECORD, new Map([...SHOWN, ['b2', 'another']]))).not.toBeNull();
    expect(noted(kept, RECORD, new Map([...SHOWN, ['d4', 'another']]))).toBeNull();
  });

  it('is nothing where its owner says so', () => {
    expect(noted(false, RECORD, SHOWN)).toBeNull();
    expect(remembered(false, SHOWN)).toBeNull();
  });

  it.each([undefined, null, 'text', [], {}, { record: 3, outputs: {} }, { record: {} }])(
    'may be anything: %j',
    kept => {
      expect(remembered(kept, SHOWN)).toBeNull();
    }
  );
});

describe('what a cell shows', () => {
  const shown = { output_type: 'display_data', data: { 'text/plain': 'a\nb' }, metadata: {} };

  it('is the same when it comes back from a file', () => {
    const saved = {
      metadata: {},
      data: { 'text/plain': ['a\n', 'b'] },
      output_type: 'display_data'
    };
    expect(outputsDigest([saved])).toBe(outputsDigest([{ ...shown, transient: { id: 1 } }]));
  });

  it('is another when a character changes', () => {
    const other = { ...shown, data: { 'text/plain': 'a\nc' } };
    expect(outputsDigest([other])).not.toBe(outputsDigest([shown]));
    expect(outputsDigest([])).not.toBe(outputsDigest([shown]));
  });
});
