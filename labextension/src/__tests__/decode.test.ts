import { describe, expect, it } from 'vitest';

import { decodeEvent, decodeReply, expectReply, isRequest } from '../decode';
import { encode } from '../encode';
import { MalformedMessage, Refused } from '../failure';
import { KINDS } from '../protocol';
import { golden, goldenReply } from './doubles';

describe('what the kernel side says', () => {
  it.each(Object.keys(KINDS.Reply))('a reply of the kind %s arrives as it was sent', kind => {
    expect(decodeReply(golden(`reply-${kind}`))).toEqual(golden(`reply-${kind}`));
  });

  it.each(Object.keys(KINDS.Event))('an event of the kind %s arrives as it was sent', kind => {
    expect(decodeEvent(golden(`event-${kind}`))).toEqual(golden(`event-${kind}`));
  });

  it.each([
    undefined,
    null,
    'report',
    7,
    [],
    {},
    { kind: 'report' },
    { kind: 'fly', id: 1 },
    { kind: 'toString' }
  ])('what is no message is refused: %j', value => {
    expect(() => decodeReply(value)).toThrow(MalformedMessage);
    expect(() => decodeEvent(value)).toThrow(MalformedMessage);
  });

  it('the place of a wrong field is named', () => {
    const reply = {
      ...goldenReply('report'),
      report: { ...goldenReply('report').report, cells: [{ cell_id: 3 }] }
    };
    expect(() => decodeReply(reply)).toThrow('ReportReply.report.cells[0].cell_id: expected text');
  });

  it('a word that the protocol does not know is refused', () => {
    const reply = {
      ...goldenReply('states'),
      states: [{ name: 'lock', state: 'perhaps', text: '', done_at: null }]
    };
    expect(() => decodeReply(reply)).toThrow('expected one of done, never, running, stale');
  });

  it('a newer kernel side may say more than this panel knows', () => {
    expect(() => decodeReply({ ...goldenReply('started'), weather: 'fine' })).not.toThrow();
  });

  it('a refusal comes with its hint, and a reply to another question is not taken for the answer', () => {
    expect(() => expectReply(goldenReply('error'), 'started')).toThrow(Refused);
    expect(() => expectReply(goldenReply('states'), 'started')).toThrow(MalformedMessage);
    expect(expectReply(goldenReply('started'), 'started').job).toBe(7);
  });
});

describe('what the panel says', () => {
  it.each(Object.keys(KINDS.Request))(
    'the golden request %s is one that the panel may send',
    kind => {
      expect(isRequest(golden(`request-${kind}`))).toBe(true);
    }
  );

  it('what may be left out may be left out, and nothing else', () => {
    const page = { path: 'a.ipynb', cells: [{ cell_id: 'a', kind: 'code', source: '' }] };
    expect(isRequest({ kind: 'check', id: 1, page })).toBe(true);
    expect(isRequest({ kind: 'check', id: 1 })).toBe(false);
  });

  it('is plain JSON, and what JSON can not carry is an error here rather than a loss there', () => {
    expect(encode({ a: [1, 'b', null, { c: undefined }] })).toEqual({ a: [1, 'b', null, {}] });
    expect(() => encode({ a: () => undefined })).toThrow(TypeError);
  });
});
