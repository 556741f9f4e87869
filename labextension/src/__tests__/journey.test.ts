import { beforeEach, describe, expect, it, vi } from 'vitest';

import { Journey } from '../journey';
import type { Event } from '../protocol';
import { FakeConnection, FakeDocument, goldenEvent, goldenReply } from './doubles';

let connection: FakeConnection;
let journey: Journey;

beforeEach(() => {
  connection = new FakeConnection();
  const document = new FakeDocument();
  journey = new Journey(connection, () => document.page(), vi.fn());
  journey.begin(goldenReply('welcome').steps);
});

async function settled(): Promise<void> {
  await new Promise(resolve => setTimeout(resolve, 0));
}

function done(step: string, ready = true): Event {
  const event = goldenEvent('done');
  return { ...event, result: { ...event.result, step, ready } };
}

function runs(): unknown[] {
  return connection.asked.flatMap(({ question }) =>
    question.kind === 'run' ? [question.step] : []
  );
}

async function end(event: Event): Promise<void> {
  if (event.kind !== 'executed' && event.kind !== 'repair' && event.kind !== 'mark') {
    journey.hear(event);
  }
  await settled();
}

const names = (): string[] => journey.steps.map(step => step.form.name);

describe('all steps', () => {
  beforeEach(() => {
    connection.answers.set('states', { ...goldenReply('states'), states: [] });
  });

  it('run in their order, each after the one before', async () => {
    const all = journey.runAll();
    for (const name of names()) {
      await settled();
      expect(runs().at(-1)).toBe(name);
      await end(done(name));
    }
    await all;
    expect(runs()).toEqual(names());
    expect([journey.isRunningAll, journey.stoppedAt]).toEqual([false, null]);
  });

  it('stop at the first that fails, and say where', async () => {
    const all = journey.runAll();
    await settled();
    await end({ ...goldenEvent('failed'), step: names()[0] ?? '' });
    await all;
    expect(runs()).toHaveLength(1);
    expect(journey.stoppedAt).toBe(names()[0]);
  });

  it('stop at what is not ready, though it did its work', async () => {
    const all = journey.runAll();
    await settled();
    await end(done(names()[0] ?? '', false));
    await all;
    expect(journey.stoppedAt).toBe(names()[0]);
  });

  it('stop at a question, which a yes answers', async () => {
    const all = journey.runAll();
    await settled();
    const first = names()[0] ?? '';
    await end({ ...goldenEvent('asks'), step: first });
    await all;
    expect(journey.steps[0]?.question).toContain('Push all the same?');
    void journey.run(first, { yes: true });
    expect(connection.asked.at(-1)?.question).toMatchObject({ options: { yes: true } });
    expect(journey.steps[0]?.question).toBeNull();
  });

  it('leave out what is done, until something before it was done anew', async () => {
    const [first = '', second = ''] = names();
    const state = { text: '', done_at: null, drift: null };
    const states = [
      { name: first, state: 'done' as const, ...state },
      { name: second, state: 'stale' as const, ...state }
    ];
    journey.settle({ ...goldenReply('states'), states: [] });
    connection.answers.set('states', { ...goldenReply('states'), states });
    const all = journey.runAll();
    await settled();
    expect(runs()).toEqual([second]);
    journey.begin([]);
    await all;
    expect(journey.stoppedAt).toBe(second);
  });
});

describe('a step whose kernel goes away', () => {
  const { steps } = goldenReply('welcome');
  const lock = () => journey.steps.find(one => one.form.name === 'lock');

  it('says so when another kernel is reached', async () => {
    void journey.run('lock');
    await settled();
    journey.begin(steps);
    expect(lock()).toMatchObject({ job: null, failure: { reason: 'lost' } });
    journey.settle({ ...goldenReply('states'), states: [] });
    expect(lock()?.failure?.reason).toBe('lost');
  });

  it('has lost nothing where it goes on in the same kernel', async () => {
    void journey.run('lock');
    await settled();
    journey.begin(steps);
    const states = [
      { name: 'lock', state: 'running' as const, text: 'running', done_at: null, drift: null }
    ];
    journey.settle({ ...goldenReply('states'), states });
    expect(lock()?.failure).toBeNull();
  });
});

describe('a plan', () => {
  it('is asked for with what was chosen, and shown', async () => {
    await journey.plan('lock');
    expect(connection.asked[0]?.question.kind).toBe('plan');
    journey.hear({ ...goldenEvent('planned'), step: 'lock' });
    const step = journey.steps.find(one => one.form.name === 'lock');
    expect(step?.plan?.summary).toContain('Lock 27 distributions');
    journey.setOption('lock', 'cuda', true);
    expect(journey.steps.find(one => one.form.name === 'lock')?.plan).toBeNull();
  });

  it('that is refused says why', async () => {
    connection.automatic = false;
    const planned = journey.plan('lock');
    connection.asked[0]?.answer.resolve(goldenReply('error'));
    await planned;
    const step = journey.steps.find(one => one.form.name === 'lock');
    expect(step?.plan).toMatchObject({ blocked: true, summary: goldenReply('error').message });
  });
});
