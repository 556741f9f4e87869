import { PromiseDelegate } from '@lumino/coreutils';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { Connection } from '../connection';
import type { Event } from '../protocol';
import { EVENTS_TARGET, RPC_TARGET } from '../protocol';
import { booted, FakeKernel, FakeSession, golden, goldenReply } from './doubles';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

async function settle(): Promise<void> {
  await vi.advanceTimersByTimeAsync(10);
}

async function attached(session: FakeSession): Promise<Connection> {
  const connection = new Connection(session.asSource());
  connection.attach();
  await settle();
  return connection;
}

describe('attaching', () => {
  it('nothing is sent to a kernel before somebody looks', async () => {
    const session = new FakeSession();
    const connection = new Connection(session.asSource());
    session.exchange(new FakeKernel());
    await settle();
    expect(session.kernel?.clones).toHaveLength(0);
    expect(connection.attachment.status).toBe('idle');
  });

  it('a kernel with the package is greeted on its own subshell, and tells its steps', async () => {
    const session = new FakeSession();
    const connection = await attached(session);
    expect(connection.attachment).toMatchObject({ status: 'attached', packageVersion: '0.1.0' });
    expect(session.kernel?.latest.subshellId).toBe('s1');
    expect([...(session.kernel?.latest.comms.keys() ?? [])]).toEqual([EVENTS_TARGET, RPC_TARGET]);
    expect(session.kernel?.heard).toEqual([{ kind: 'hello', id: 1, version: 3 }]);
  });

  it('a kernel that knows no subshells is reached too, after a wait', async () => {
    const session = new FakeSession();
    const kernel = new FakeKernel();
    kernel.hasSubshells = false;
    kernel.status = 'busy';
    session.kernel = kernel;
    const connection = await attached(session);
    expect(connection.attachment.status).toBe('connecting');
    const seen: string[] = [];
    connection.attachmentChanged.connect(() => seen.push(connection.attachment.status));
    await vi.advanceTimersByTimeAsync(4000);
    expect(seen).toEqual(['waiting', 'attached']);
  });

  it('a notebook without a kernel says so, and attaches when it gets one', async () => {
    const session = new FakeSession(null);
    const connection = await attached(session);
    expect(connection.attachment.status).toBe('no kernel');
    session.exchange(new FakeKernel());
    await settle();
    expect(connection.attachment.status).toBe('attached');
  });

  it('a notebook that is just opening is not said to have no kernel', async () => {
    const session = new FakeSession(null);
    session.isReady = false;
    const opened = new PromiseDelegate<void>();
    session.ready = opened.promise;
    const connection = await attached(session);
    expect(connection.attachment.status).toBe('connecting');
    opened.resolve(undefined);
    await settle();
    expect(connection.attachment.status).toBe('no kernel');
  });

  it('a kernel of another language is left alone', async () => {
    const session = new FakeSession(new FakeKernel('julia'));
    const connection = await attached(session);
    expect(connection.attachment).toEqual({ status: 'not python', language: 'julia' });
    expect(session.kernel?.clones).toHaveLength(0);
  });

  it('a kernel without the package says so, and is asked again on request', async () => {
    const session = new FakeSession();
    const kernel = new FakeKernel();
    kernel.boot = booted(false);
    session.kernel = kernel;
    const connection = await attached(session);
    expect(connection.attachment.status).toBe('not installed');
    kernel.boot = booted(true);
    connection.attach();
    await settle();
    expect(connection.attachment.status).toBe('attached');
  });

  it('a package that fails to import says why', async () => {
    const session = new FakeSession();
    const kernel = new FakeKernel();
    kernel.boot = { status: 'error', ename: 'ImportError', evalue: 'no msgspec', traceback: [] };
    session.kernel = kernel;
    const connection = await attached(session);
    expect(connection.attachment).toEqual({ status: 'failed', message: 'ImportError: no msgspec' });
  });

  it.each([
    [4, 'kernel'],
    [1, 'page']
  ])('a kernel side that speaks version %i is told from ours', async (version, newer) => {
    const session = new FakeSession();
    const kernel = new FakeKernel();
    kernel.onRequest = (request, comm) => {
      comm.receive({ ...goldenReply('welcome'), id: request.id, version });
    };
    session.kernel = kernel;
    const connection = await attached(session);
    expect(connection.attachment).toEqual({
      status: 'version mismatch',
      packageVersion: '0.1.0',
      newer
    });
  });
});

describe('leaving', () => {
  it.each([false, true])('lets go of a kernel (that says nothing any more: %j)', async isMute => {
    const session = new FakeSession();
    const connection = await attached(session);
    const clone = session.kernel?.latest;
    if (session.kernel !== null) {
      session.kernel.isMute = isMute;
    }
    connection.dispose();
    await vi.advanceTimersByTimeAsync(isMute ? 20_000 : 10);
    expect(clone?.isDisposed).toBe(true);
  });
});

describe('staying attached', () => {
  it('a restart is survived: the dead subshell is forgotten and the new kernel greeted', async () => {
    const session = new FakeSession();
    const connection = await attached(session);
    const before = session.kernel?.latest;
    session.statusChanged.emit('restarting');
    expect(connection.attachment.status).toBe('connecting');
    expect(before?.isDisposed).toBe(true);
    expect(before?.subshellAtDispose).toBeNull();
    session.statusChanged.emit('starting');
    session.statusChanged.emit('busy');
    await settle();
    expect(connection.attachment.status).toBe('attached');
    expect(session.kernel?.clones).toHaveLength(2);
  });

  it('another kernel is taken up, and the one before is left in order', async () => {
    const session = new FakeSession();
    const connection = await attached(session);
    const before = session.kernel?.latest;
    session.exchange(new FakeKernel());
    await settle();
    expect(connection.attachment.status).toBe('attached');
    expect(before?.isDisposed).toBe(true);
    expect(before?.subshellAtDispose).toBe('s1');
    expect(before?.comms.get(RPC_TARGET)?.isOpen).toBe(false);
  });

  it('a question to a kernel that goes away fails instead of waiting for ever', async () => {
    const session = new FakeSession();
    const connection = await attached(session);
    const kernel = session.kernel;
    if (kernel !== null) {
      kernel.onRequest = () => undefined;
    }
    const answer = connection.ask({ kind: 'cancel', job: 1 });
    session.statusChanged.emit('restarting');
    await expect(answer).rejects.toThrow('The kernel went away.');
  });

  it('a lost connection is built up again', async () => {
    const session = new FakeSession();
    const connection = await attached(session);
    session.kernel?.latest.connectionStatusChanged.emit('connecting');
    await settle();
    expect(connection.attachment.status).toBe('attached');
    expect(session.kernel?.clones).toHaveLength(2);
  });

  it('an answer from a kernel that was left does not count', async () => {
    const slow = new FakeKernel();
    slow.hasSubshells = false;
    const session = new FakeSession(slow);
    const connection = await attached(session);
    session.exchange(new FakeKernel('julia'));
    await vi.advanceTimersByTimeAsync(5000);
    expect(connection.attachment.status).toBe('not python');
  });

  it('a closed notebook leaves nothing behind in the kernel', async () => {
    const session = new FakeSession();
    const connection = await attached(session);
    connection.dispose();
    await settle();
    expect(session.kernel?.latest.isDisposed).toBe(true);
  });
});

describe('talking', () => {
  it('each answer finds its question, in whatever order they come', async () => {
    const session = new FakeSession();
    const connection = await attached(session);
    const kernel = session.kernel;
    if (kernel !== null) {
      kernel.onRequest = () => undefined;
    }
    const first = connection.ask({ kind: 'cancel', job: 1 });
    const second = connection.ask({ kind: 'cancel', job: 2 });
    const rpc = kernel?.latest.comms.get(RPC_TARGET);
    rpc?.receive({ kind: 'started', id: 3, job: 2 });
    rpc?.receive({ kind: 'started', id: 2, job: 1 });
    expect(await first).toMatchObject({ job: 1 });
    expect(await second).toMatchObject({ job: 2 });
  });

  it.each([
    { question: { kind: 'flows', page: { path: 'a.ipynb', cells: [] } }, asked: 2 },
    { question: { kind: 'cancel', job: 1 }, asked: 1 }
  ] as const)(
    'a question is asked again where it changes nothing: $question.kind',
    async ({ question, asked }) => {
      const session = new FakeSession();
      const connection = await attached(session);
      const heard: number[] = [];
      if (session.kernel !== null) {
        session.kernel.onRequest = request => heard.push(request.id);
      }
      void connection.ask(question);
      await vi.advanceTimersByTimeAsync(5000);
      expect(heard).toEqual(Array<number>(asked).fill(heard[0] ?? 0));
    }
  );

  it('a question that was answered is not asked again', async () => {
    const session = new FakeSession();
    const connection = await attached(session);
    const kernel = session.kernel;
    let asked = 0;
    const answers = kernel?.onRequest;
    if (kernel !== null && answers !== undefined) {
      kernel.onRequest = (request, comm) => {
        asked += 1;
        answers(request, comm);
      };
    }
    await connection.ask({ kind: 'flows', page: { path: 'a.ipynb', cells: [] } });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).toBe(1);
  });

  it('garbage in place of an answer is an error, and not half an answer', async () => {
    const session = new FakeSession();
    const connection = await attached(session);
    const kernel = session.kernel;
    if (kernel !== null) {
      kernel.onRequest = () => undefined;
    }
    const answer = connection.ask({ kind: 'cancel', job: 1 });
    kernel?.latest.comms.get(RPC_TARGET)?.receive({ kind: 'started', id: 2, job: 'one' });
    await expect(answer).rejects.toThrow('StartedReply.job: expected integer');
  });

  it('the page says under which session its cells are run', async () => {
    const session = new FakeSession();
    await attached(session);
    const events = session.kernel?.latest.comms.get(EVENTS_TARGET);
    expect(events?.opening).toEqual({ client: session.kernel?.clientId });
  });

  it('events arrive, and one that makes no sense harms nobody', async () => {
    const warn = vi.spyOn(console, 'warn').mockReturnValue(undefined);
    const session = new FakeSession();
    const connection = await attached(session);
    const heard: Event[] = [];
    connection.event.connect((_, event) => heard.push(event));
    const events = session.kernel?.latest.comms.get(EVENTS_TARGET);
    events?.receive({ kind: 'nonsense' });
    events?.receive(golden('event-executed'));
    expect(heard).toEqual([golden('event-executed')]);
    expect(warn).toHaveBeenCalledOnce();
  });
});
