import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import * as React from 'react';
import { act } from 'react';
import type { Root as ReactRoot } from 'react-dom/client';
import { createRoot } from 'react-dom/client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { primaryAction } from '../sections/primary';
import { Root } from '../sections/root';
import type {
  Attachment,
  IActiveCell,
  IFixing,
  IJourney,
  IProdkitModel,
  IStep,
  IVerdict,
  OptionValue
} from '../tokens';
import { cell, goldenEvent, goldenReply, report } from './doubles';

vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', true);

const trans = nullTranslator.load('jupyter_prodkit');

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** A journey that stands still. */
class StillJourney implements IJourney {
  steps: readonly IStep[] = goldenReply('welcome').steps.map(form => ({
    form,
    state: { name: form.name, state: 'never', text: 'not done yet', done_at: null, drift: null },
    job: null,
    result: null,
    failure: null,
    plan: null,
    question: null,
    log: []
  }));
  models: readonly string[] = ['forest', 'pipeline'];
  isRunningAll = false;
  stoppedAt: string | null = null;
  run = vi.fn(() => Promise.resolve(true));
  runAll = vi.fn(() => Promise.resolve());
  cancel = vi.fn(() => Promise.resolve());
  plan = vi.fn(() => Promise.resolve());
  decline = vi.fn();
  forgive = vi.fn();
  option = (): OptionValue | undefined => undefined;
  setOption = vi.fn();

  withStep(change: Partial<IStep>): void {
    this.steps = this.steps.map((step, index) => (index === 0 ? { ...step, ...change } : step));
  }
}

const around = {
  copy: (text: string) => copied.push(text),
  openPage: vi.fn(),
  openFolder: vi.fn()
};

/** A model that stands still. */
class StillModel implements IProdkitModel {
  readonly id = 'notebook-1';
  readonly stateChanged = new Signal<this, void>(this);
  attachment: Attachment = { status: 'attached', steps: [], packageVersion: '0.1.0' };
  page = {
    path: 'churn.ipynb',
    cells: [cell('a1'), cell('b2'), cell('c3', 'df = df[1:]\ndf'), cell('g7')]
  };
  readonly verdict: Mutable<IVerdict> = {
    report: report(),
    fixes: goldenReply('report').fixes,
    checkedAt: new Date(2026, 10, 23, 14, 3),
    outdated: false,
    checking: false,
    failure: null
  };
  readonly journey = new StillJourney();
  readonly fixing: Mutable<IFixing> = {
    last: null,
    restore: vi.fn(() => Promise.resolve()),
    apply: vi.fn(() => Promise.resolve()),
    mark: vi.fn(),
    markAll: vi.fn(),
    markAsAsked: vi.fn(() => Promise.resolve()),
    undo: vi.fn()
  };
  flows: IProdkitModel['flows'] = goldenReply('flows');
  activeCell: IActiveCell | null = { cell: cell('c3', 'df = df[1:]\ndf'), index: 2 };
  isBlocked = false;
  isReadOnly = false;
  isActive = true;
  hasBadges = false;
  wantsFlows = false;
  isDisposed = false;
  automatic = true;
  remembersRuns = true;
  attach = vi.fn();
  check = vi.fn();
  reveal = vi.fn();
  rerun = vi.fn();
  dispose = vi.fn();

  withStep(change: Partial<IStep>): this {
    this.journey.withStep(change);
    return this;
  }
}

let root: ReactRoot;
let place: HTMLElement;
const copied: string[] = [];

beforeEach(() => {
  place = document.createElement('div');
  document.body.append(place);
  root = createRoot(place);
});

afterEach(() => {
  act(() => {
    root.unmount();
  });
  place.remove();
});

function show(model: IProdkitModel | null): void {
  act(() => {
    root.render(<Root trans={trans} model={model} around={around} />);
  });
}

function part(testId: string): HTMLElement {
  const found = place.querySelector<HTMLElement>(`[data-testid="${testId}"]`);
  if (found === null) {
    throw new Error(`there is no ${testId} in ${place.innerHTML}`);
  }
  return found;
}

function click(element: Element | null | undefined): void {
  act(() => {
    element?.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true }));
  });
}

function button(name: string): HTMLButtonElement | undefined {
  return [...place.querySelectorAll('button')].find(one => one.textContent === name);
}

describe('the verdict', () => {
  const state = (...states: NonNullable<IVerdict['report']>['cells'][number]['state'][]) =>
    states.map((one, index) => ({
      cell_id: `c${index.toString()}`,
      index,
      state: one,
      executions: 1,
      seconds: 1,
      reason: ''
    }));

  it.each([
    [
      'diverges',
      state('diverges', 'diverges', 'reproduced'),
      '2 cells would change on Restart & Run All'
    ],
    ['diverges', state('diverges', 'reproduced'), '1 cell would change on Restart & Run All'],
    ['diverges', state('failed'), '1 cell would fail on Restart & Run All'],
    ['diverges', state('failed', 'diverges'), '2 cells would change or fail on Restart & Run All'],
    ['diverges', state('never run', 'reproduced'), '1 cell has not been run'],
    ['unverified', state('unverified', 'unverified', 'unverified'), "3 cells can't be vouched for"],
    ['reproducible', state('reproduced', 'reproduced'), 'All 2 cells reproduce'],
    [
      'reproducible',
      state('reproduced', 'nondeterministic'),
      'All cells run clean, 1 varies by chance'
    ],
    ['reproducible', [], 'Nothing to check yet']
  ] as const)('%s is said in one sentence', (verdict, cells, sentence) => {
    const model = new StillModel();
    model.verdict.report = report({ verdict, cells });
    show(model);
    expect(part('prodkit-verdict').textContent).toBe(sentence);
    expect(part('prodkit-verdict').getAttribute('role')).toBe('status');
  });

  it('comes with the counts behind it and the time of the check', () => {
    show(new StillModel());
    expect(place.textContent).toContain(
      '1 reproduced · 1 changed · 1 failing · 1 unverified · 1 never run · 1 by chance'
    );
    expect(place.textContent).toMatch(/checked at 0?2:03 PM|checked at 14:03/);
  });

  it('offers to re-run the cells of the plan, in its order', () => {
    const model = new StillModel();
    show(model);
    click(button('Re-run 2 cells'));
    expect(model.rerun).toHaveBeenCalledWith(['b2', 'c3']);
  });

  it('is asked for anew with one button', () => {
    const model = new StillModel();
    show(model);
    click(button('Check'));
    expect(model.check).toHaveBeenCalledOnce();
  });
});

describe('a finding', () => {
  it('stands with the gravest first, each with its cause and its cure', () => {
    show(new StillModel());
    const found = [...place.querySelectorAll<HTMLElement>('[data-testid="prodkit-finding"]')];
    expect(found.map(one => one.dataset.rule)).toEqual([
      'hidden-state/run-twice',
      'randomness/unseeded',
      'structure/late-import',
      'hidden-state/orphan'
    ]);
    expect(found[0]?.textContent).toContain('df had 891 rows; a clean run gives 714.');
    expect(found[0]?.textContent).toContain('Re-run 2, 3');
  });

  it('leads to its cell', () => {
    const model = new StillModel();
    show(model);
    const first = part('prodkit-finding-cell');
    expect(first.textContent).toBe('cell 3');
    expect(first.title).toBe('Go to: df = df[1:]');
    click(first);
    expect(model.reveal).toHaveBeenCalledWith('c3');
  });

  it('whose cell has been deleted leads nowhere', () => {
    const model = new StillModel();
    model.page = { path: 'churn.ipynb', cells: [] };
    show(model);
    expect(place.querySelector('[data-testid="prodkit-finding-cell"]')).toBeNull();
  });

  it('that comes from a deleted cell offers to restore it', () => {
    const model = new StillModel();
    show(model);
    const buttons = place.querySelectorAll('[data-testid="prodkit-restore"]');
    expect(buttons.length).toBe(1);
    expect(buttons[0]?.textContent).toBe('Restore the cell');
    click(buttons[0]);
    expect(model.fixing.restore).toHaveBeenCalledWith(3);
  });

  it('is text, whatever stands in the notebook', () => {
    const model = new StillModel();
    const evil = '<img src=x onerror=alert(1)> `<b>code</b>`';
    model.verdict.report = report({
      findings: report().findings.map(finding => ({ ...finding, message: evil }))
    });
    show(model);
    expect(place.querySelector('img, b')).toBeNull();
    expect(part('prodkit-finding').querySelector('code')?.textContent).toBe('<b>code</b>');
  });
});

describe('a cell that no finding speaks of', () => {
  it('says why it is in its state, with the way to it', () => {
    const model = new StillModel();
    model.page = { path: 'churn.ipynb', cells: [cell('a1'), cell('d4', 'fetch()')] };
    show(model);
    expect(part('prodkit-remark').textContent).toBe('It opens a network connection.cell 2');
    click(part('prodkit-remark').querySelector('button'));
    expect(model.reveal).toHaveBeenCalledWith('d4');
  });

  it('says nothing where a finding says it', () => {
    const model = new StillModel();
    const [finding] = report().findings;
    model.verdict.report = report({ findings: finding ? [{ ...finding, cell_id: 'd4' }] : [] });
    show(model);
    expect(place.querySelector('[data-testid="prodkit-remark"]')).toBeNull();
  });
});

describe('a step', () => {
  it('runs by the button that has its name', () => {
    const model = new StillModel();
    show(model);
    expect(part('prodkit-run-lock').textContent).toBe('Lock');
    click(part('prodkit-run-lock'));
    expect(model.journey.run).toHaveBeenCalledWith('lock');
  });

  it('asks openly for what it needs, and folds the rest away', () => {
    const model = new StillModel();
    show(model);
    const push = part('prodkit-step-push');
    const names = (): string[] =>
      [...push.querySelectorAll<HTMLInputElement>('input, select')].map(one => one.name);
    expect(names()).toEqual(['model']);
    expect(push.querySelector('select')?.value).toBe('forest');
    click(push.querySelector('[aria-expanded]'));
    expect(names()).toEqual(['model', 'name', 'rows', 'share', 'force', 'alias']);
    expect(push.textContent).toContain('Registers the model with its signature and lineage.');
  });

  it('tells the model of each option that is changed', () => {
    const model = new StillModel();
    show(model);
    click(part('prodkit-step-push').querySelector('[aria-expanded]'));
    click(part('prodkit-step-push').querySelector('input[type=checkbox]'));
    expect(model.journey.setOption).toHaveBeenCalledWith('push', 'force', true);
  });

  it('that runs says what it does and can be cancelled', () => {
    const job = {
      id: 7,
      message: 'hashing 27 packages',
      fraction: 0.62,
      log: [],
      cancelling: false
    };
    const model = new StillModel().withStep({ job });
    show(model);
    expect(part('prodkit-step-lock').textContent).toContain('hashing 27 packages');
    expect(place.querySelector('progress')?.getAttribute('value')).toBe('0.62');
    click(part('prodkit-cancel-lock'));
    expect(model.journey.cancel).toHaveBeenCalledWith('lock');
  });

  it('shows what came of it', () => {
    show(new StillModel().withStep({ result: goldenEvent('done').result }));
    const shown = part('prodkit-step-lock-result').textContent;
    expect(shown).toContain('Locked 27 packages with 1,344 hashes in 1.2 s.');
    expect(shown).toContain('churn-prod/lock/requirements.lock');
    expect(shown).toContain('torch comes from a local wheel');
  });

  it('says that notebook and result have drifted apart, and on which side', () => {
    const name = 'export';
    const done = { name, state: 'done', text: '', done_at: null } as const;
    const sides = [
      [['cell 3'], [], 'drifted cells have changed'],
      [[], ['a.py'], 'drifted package files were edited'],
      [['cell 3'], ['a.py'], 'drifted cells and package files have changed']
    ] as const;
    for (const [cells, files, words] of sides) {
      show(new StillModel().withStep({ state: { ...done, drift: { cells, files } } }));
      expect(part('prodkit-step-lock-drift').textContent).toBe(words);
      expect(part('prodkit-step-lock-drift').querySelector('.jp-mod-apart')).not.toBeNull();
    }
    show(new StillModel().withStep({ state: { ...done, drift: null } }));
    expect(place.querySelector('[data-testid="prodkit-step-lock-drift"]')).toBeNull();
  });

  it('shows file by file what would be written, with the diff of what changes', () => {
    show(new StillModel().withStep({ plan: goldenEvent('planned') }));
    click(part('prodkit-step-lock').querySelector('[aria-expanded]'));
    const files = part('prodkit-plan-files');
    expect(files.querySelector('summary')?.textContent).toBe('Files: 1 changed, 1 kept');
    expect(files.querySelector('li')?.textContent).toContain('~src/churn/core.py changed +1 −1');
    expect(files.querySelector('pre')?.tabIndex).toBe(0);
    expect(files.querySelector('.jp-mod-added')?.textContent).toBe('+RATE = 2\n');
  });

  it('shows why it failed and what to do', () => {
    const { message, hint } = goldenEvent('failed');
    show(
      new StillModel().withStep({ failure: { reason: 'refused', message, hint, marking: null } })
    );
    expect(part('prodkit-step-lock-error').textContent).toBe(`${message}${hint}`);
    expect(part('prodkit-step-lock-error').getAttribute('role')).toBe('alert');
  });
});

describe('a step that wants marks', () => {
  const { message, hint, marking } = goldenEvent('failed');

  it('offers them where it failed, and has failed no longer once they are set', () => {
    const model = new StillModel();
    show(model.withStep({ failure: { reason: 'refused', message, hint, marking } }));
    click(part('prodkit-mark-all'));
    expect(model.fixing.markAll).toHaveBeenCalledWith(marking);
    expect(model.journey.forgive).toHaveBeenCalledWith('lock');
  });

  it('offers them with its plan', () => {
    const model = new StillModel();
    const plan = { ...goldenEvent('planned'), blocked: true, marking };
    show(model.withStep({ plan }));
    click(part('prodkit-step-lock').querySelector('[aria-expanded]'));
    expect(part('prodkit-mark-all').textContent).toBe('Mark cell 2 export');
  });

  it('does not offer them where the page can’t be changed', () => {
    const model = new StillModel();
    model.isReadOnly = true;
    show(model.withStep({ failure: { reason: 'refused', message, hint, marking } }));
    expect(place.querySelector('[data-testid="prodkit-mark-all"]')).toBeNull();
  });
});

describe('the one primary button', () => {
  const primaries = (): (string | null)[] =>
    [...place.querySelectorAll('button.jp-mod-primary')].map(one => one.textContent);

  it('is what a careful user would do next', () => {
    const model = new StillModel();
    model.verdict.report = null;
    expect(primaryAction(model)).toBe('check');
    model.verdict.report = report();
    expect(primaryAction(model)).toBe('rerun');
    model.verdict.report = report({ plan: [] });
    expect(primaryAction(model)).toBe('check');
    model.verdict.report = report({ verdict: 'reproducible' });
    expect(primaryAction(model)).toEqual({ step: 'lock' });
    model.journey.steps = [];
    expect(primaryAction(model)).toBeNull();
  });

  it('is never one of two', () => {
    const model = new StillModel();
    show(model);
    expect(primaries()).toEqual(['Re-run 2 cells']);
    const { cells } = report();
    const unrun = cells.map(one => ({ ...one, state: 'never run' as const }));
    model.verdict.report = report({ cells: unrun });
    show(model);
    expect(primaries()).toEqual(['Run 2 cells']);
    model.verdict.report = report();
    model.verdict.report = report({ verdict: 'reproducible' });
    show(model);
    expect(primaries()).toEqual(['Lock']);
  });
});

describe('where there is nothing to judge', () => {
  it('says so when no notebook is open', () => {
    show(null);
    expect(place.textContent).toContain('No notebook is open');
    expect(part('prodkit-status').textContent).toBe('no notebook');
  });

  it.each([
    [{ status: 'connecting' }, 'Connecting to the kernel…', 'connecting…'],
    [{ status: 'waiting' }, 'Waiting for the running cell', 'waiting for the kernel'],
    [{ status: 'no kernel' }, 'This notebook has no kernel', 'no kernel'],
    [{ status: 'not python', language: 'julia' }, 'Python only', 'not attached'],
    [{ status: 'not installed' }, 'Not installed in this kernel', 'not attached'],
    [{ status: 'failed', message: 'ImportError' }, 'The kernel side did not start', 'not attached'],
    [
      { status: 'version mismatch', packageVersion: '9.0', newer: 'kernel' },
      'The two halves differ in age',
      'not attached'
    ]
  ] as const)('%j is said in words', (attachment, title, status) => {
    const model = new StillModel();
    model.attachment = attachment;
    model.verdict.report = null;
    model.journey.steps = [];
    show(model);
    expect(place.querySelector('h2')?.textContent).toBe(title);
    expect(part('prodkit-status').textContent).toBe(status);
  });

  it('gives the exact command to install what is missing', () => {
    const model = new StillModel();
    model.attachment = { status: 'not installed' };
    show(model);
    click(button('Copy'));
    expect(copied).toEqual(['%pip install jupyter-prodkit']);
    click(button('Try again'));
    expect(model.attach).toHaveBeenCalledOnce();
  });

  it('keeps what it knew in sight while the kernel restarts', () => {
    const model = new StillModel();
    model.attachment = { status: 'connecting' };
    show(model);
    expect(part('prodkit-verdict').textContent).toContain('Restart & Run All');
    expect(part('prodkit-status').textContent).toBe('connecting…');
  });
});
