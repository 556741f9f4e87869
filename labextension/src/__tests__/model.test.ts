import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { ProdkitModel } from '../model';
import { cell, FakeConnection, FakeDocument, goldenEvent, goldenReply } from './doubles';

let document: FakeDocument;
let connection: FakeConnection;
let model: ProdkitModel;

beforeEach(() => {
  vi.useFakeTimers();
  document = new FakeDocument();
  connection = new FakeConnection();
  model = new ProdkitModel(document, connection);
});

afterEach(() => {
  vi.useRealTimers();
});

async function settle(milliseconds = 0): Promise<void> {
  await vi.advanceTimersByTimeAsync(milliseconds);
}

async function shown(): Promise<void> {
  model.isActive = true;
  connection.becomeAttached();
  await settle();
  connection.asked.length = 0;
}

/** Start a step; it ends when its event comes. */
async function begun(step: string): Promise<void> {
  void model.journey.run(step);
  await settle();
}

function forms(): string[] {
  return model.journey.steps.map(step => step.form.name);
}

describe('a panel that nobody sees', () => {
  it('asks the kernel nothing, whatever runs and is edited', async () => {
    await shown();
    model.isActive = false;
    connection.event.emit(goldenEvent('executed'));
    document.type(cell('b2', 'rate = 0.2'));
    await settle(5000);
    expect(connection.kinds()).toEqual([]);
  });

  it('asks once when it is seen again', async () => {
    await shown();
    model.isActive = false;
    connection.event.emit(goldenEvent('executed'));
    connection.event.emit(goldenEvent('executed'));
    model.isActive = true;
    await settle();
    expect(connection.kinds()).toEqual(['check', 'states']);
  });

  it('does not even connect before it is first seen', () => {
    expect(connection.attachCalls).toBe(0);
    model.isActive = true;
    expect(connection.attachCalls).toBe(1);
  });
});

describe('a repair plan that the kernel side hands over', () => {
  it('is run by the notebook, whether the panel is seen or not', () => {
    connection.event.emit(goldenEvent('repair'));
    expect(document.rerunCells).toEqual(['b2', 'c3']);
  });

  it('is run by the same code as the one behind the button', () => {
    model.rerun(['b2']);
    expect(document.rerunCells).toEqual(['b2']);
  });
});

describe('what is remembered of earlier kernels', () => {
  const record = { version: 1, versions: [], runs: {} };

  function told(): unknown[] {
    return connection.asked
      .filter(({ question }) => question.kind === 'check')
      .map(({ question }) => (question.kind === 'check' ? question.earlier : undefined));
  }

  it('is told to each kernel once, with the first check', async () => {
    document.memory = { record, unchanged: ['b2'] };
    model.isActive = true;
    connection.becomeAttached();
    await settle();
    model.check();
    await settle();
    expect(told()).toEqual([document.memory, null]);
    connection.becomeAttached();
    await settle();
    expect(told().at(-1)).toEqual(document.memory);
  });

  it('is kept after a check', async () => {
    await shown();
    expect(document.kept).toEqual([goldenReply('states').kept]);
  });

  it('is neither told nor kept where the setting says no', async () => {
    document.memory = { record, unchanged: [] };
    model.remembersRuns = false;
    model.isActive = true;
    connection.becomeAttached();
    await settle();
    expect(told()).toEqual([null]);
    expect(document.kept).toEqual([]);
  });
});

describe('a deleted cell', () => {
  it('is asked for with the page as it stands, and put back', async () => {
    await shown();
    await model.fixing.restore(3);
    expect(connection.asked[0]?.question).toEqual({
      kind: 'restore',
      run: 3,
      page: document.page()
    });
    expect(document.restored).toEqual([goldenReply('restored')]);
    expect(model.verdict.failure).toBeNull();
  });

  it('that the kernel side does not know is said, and nothing is put back', async () => {
    await shown();
    connection.automatic = false;
    const restored = model.fixing.restore(3);
    connection.asked[0]?.answer.resolve(goldenReply('error'));
    await restored;
    expect(document.restored).toEqual([]);
    expect(model.verdict.failure?.reason).toBe('refused');
  });
});

describe('a panel in sight', () => {
  it('shows the report and the steps as soon as the kernel is reached', async () => {
    await shown();
    expect(model.verdict.report).toEqual(goldenReply('report').report);
    expect(forms()).toEqual(['lock', 'push']);
    expect(model.journey.steps[0]?.state?.state).toBe('done');
    expect(model.journey.models).toEqual(['forest', 'pipeline']);
  });

  it('checks once after a run, though the page changes with it', async () => {
    await shown();
    connection.event.emit(goldenEvent('executed'));
    document.type({ ...cell('b2', 'rate = 0.1'), execution_count: 4 });
    await settle(1000);
    expect(connection.kinds()).toEqual(['check', 'states']);
  });

  it('waits for a pause in the typing, and sends what stands there then', async () => {
    await shown();
    for (const source of ['r', 'ra', 'rat', 'rate']) {
      document.type(cell('b2', source));
      await settle(100);
    }
    expect(connection.kinds()).toEqual([]);
    await settle(1000);
    expect(connection.kinds()).toEqual(['check', 'states']);
    expect(connection.asked[0]?.question).toMatchObject({ page: { cells: [{ source: 'rate' }] } });
  });

  it('is not put off for ever by a cell that prints without end', async () => {
    await shown();
    connection.event.emit(goldenEvent('executed'));
    for (let i = 0; i < 30; i++) {
      document.changed.emit();
      await settle(100);
    }
    expect(connection.kinds()).toContain('check');
  });

  it('asks nothing when only outputs changed', async () => {
    await shown();
    document.changed.emit();
    await settle(1000);
    expect(connection.kinds()).toEqual([]);
  });

  it('has one check under way and at most one waiting', async () => {
    await shown();
    connection.automatic = false;
    model.check();
    model.check();
    model.check();
    await settle();
    expect(connection.kinds()).toEqual(['check']);
    expect(model.verdict.checking).toBe(true);
    connection.automatic = true;
    connection.asked[0]?.answer.resolve(goldenReply('report'));
    await settle();
    expect(connection.kinds()).toEqual(['check', 'states', 'check', 'states']);
    expect(model.verdict.checking).toBe(false);
  });

  it('checks only on request where the user wants it so, yet keeps the steps up to date', async () => {
    await shown();
    model.automatic = false;
    connection.event.emit(goldenEvent('executed'));
    await settle(1000);
    expect(connection.kinds()).toEqual(['states']);
    expect(model.verdict.outdated).toBe(true);
    model.check();
    await settle();
    expect(connection.kinds()).toEqual(['states', 'check', 'states']);
    expect(model.verdict.outdated).toBe(false);
  });

  it('says why a check was refused, and forgets it when the next one goes well', async () => {
    await shown();
    connection.automatic = false;
    model.check();
    await settle();
    connection.automatic = true;
    connection.asked[0]?.answer.resolve(goldenReply('error'));
    await settle();
    expect(connection.kinds()).toEqual(['check', 'states']);
    expect(model.verdict.failure).toEqual({
      reason: 'refused',
      message: 'There is no step named `fly`.',
      hint: 'Reload the page.',
      marking: null
    });
    model.check();
    await settle();
    expect(model.verdict.failure).toBeNull();
  });

  it('keeps the report in sight while the kernel restarts, and drops it when there is none', async () => {
    await shown();
    connection.become({ status: 'connecting' });
    expect(model.verdict.report).not.toBeNull();
    connection.become({ status: 'no kernel' });
    expect(model.verdict.report).toBeNull();
    expect(forms()).toEqual([]);
  });
});

describe('a step', () => {
  it('starts with the options that were chosen, and tells what it does', async () => {
    await shown();
    model.journey.setOption('push', 'rows', '100');
    model.journey.setOption('push', 'name', '');
    model.journey.setOption('push', 'force', true);
    await begun('push');
    expect(connection.asked[0]?.question).toMatchObject({
      kind: 'run',
      step: 'push',
      options: { model: 'forest', rows: 100, force: true }
    });
    const { question } = connection.asked[0] ?? {};
    expect(question?.kind === 'run' && Object.keys(question.options)).toEqual([
      'model',
      'rows',
      'force'
    ]);
  });

  it('shows its progress, the last lines of its tools, and its result', async () => {
    await shown();
    await begun('lock');
    connection.event.emit(goldenEvent('progress'));
    connection.event.emit({
      ...goldenEvent('progress'),
      log: true,
      message: 'Collecting numpy',
      fraction: null
    });
    expect(model.journey.steps[0]?.job).toEqual({
      id: 7,
      message: 'hashing 27 packages',
      fraction: 0.62,
      log: ['Collecting numpy'],
      cancelling: false
    });
    connection.event.emit(goldenEvent('done'));
    expect(model.journey.steps[0]).toMatchObject({
      job: null,
      result: goldenEvent('done').result,
      failure: null
    });
    await settle(1000);
    expect(connection.kinds()).toEqual(['run', 'check', 'states']);
  });

  it('that failed says why and what to do, until it is run again', async () => {
    await shown();
    await begun('lock');
    connection.event.emit(goldenEvent('failed'));
    expect(model.journey.steps[0]?.failure).toEqual({
      reason: 'refused',
      message: 'numpy 2.4.6 is not on the index.',
      hint: 'Give --index where it is.',
      marking: goldenEvent('failed').marking
    });
    await begun('lock');
    expect(model.journey.steps[0]?.failure).toBeNull();
  });

  it('is started once, however often its button is pressed', async () => {
    await shown();
    await Promise.all([begun('lock'), begun('lock')]);
    expect(connection.kinds()).toEqual(['run']);
  });

  it('that ended before its start was confirmed is not shown as running', async () => {
    await shown();
    connection.automatic = false;
    const started = model.journey.run('lock');
    connection.event.emit(goldenEvent('done'));
    connection.asked[0]?.answer.resolve(goldenReply('started'));
    await started;
    expect(model.journey.steps[0]?.job).toBeNull();
  });

  it('can be cancelled, even before it has a number', async () => {
    await shown();
    connection.automatic = false;
    void model.journey.run('lock');
    await model.journey.cancel('lock');
    expect(model.journey.steps[0]?.job?.cancelling).toBe(true);
    connection.automatic = true;
    connection.asked[0]?.answer.resolve(goldenReply('started'));
    await settle();
    expect(connection.asked[1]?.question).toEqual({ kind: 'cancel', job: 7 });
  });

  it('that was started before the page was loaded again can be followed and cancelled', async () => {
    await shown();
    connection.event.emit(goldenEvent('progress'));
    await model.journey.cancel('lock');
    expect(connection.asked[0]?.question).toEqual({ kind: 'cancel', job: 7 });
  });
});

describe('closing', () => {
  it('a closed notebook lets go of its kernel', () => {
    model.dispose();
    expect(connection.isDisposed).toBe(true);
    expect(document.isDisposed).toBe(true);
  });
});
