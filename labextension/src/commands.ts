/** What can be done by name: from the palette, menus, shortcuts and other extensions. */

import type { ICommandPalette } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { prodkitIcon } from './icons';
import type { IProdkitTracker, IStep } from './tokens';

export const CommandIDs = {
  showPanel: 'jupyter-prodkit:show-panel',
  check: 'jupyter-prodkit:check',
  repair: 'jupyter-prodkit:repair',
  runStep: 'jupyter-prodkit:run-step',
  runAll: 'jupyter-prodkit:run-all-steps',
  undo: 'jupyter-prodkit:undo'
} as const;

const NO_ARGS = { args: { type: 'object', properties: {} } };
const STEP_ARGS = {
  args: {
    type: 'object',
    properties: { step: { type: 'string', description: 'The name of a step, for example lock' } },
    required: ['step']
  }
};

export interface ICommandOptions {
  readonly commands: CommandRegistry;
  readonly tracker: IProdkitTracker;
  readonly trans: TranslationBundle;
  readonly showPanel: () => void;
}

export function addCommands({ commands, tracker, trans, showPanel }: ICommandOptions): void {
  const isEnabled = (): boolean => tracker.current !== null;
  commands.addCommand(CommandIDs.showPanel, {
    label: trans.__('Show Production Panel'),
    caption: trans.__(
      'Whether this notebook would run again, and the steps that take it to production'
    ),
    icon: prodkitIcon,
    describedBy: NO_ARGS,
    execute: showPanel
  });
  commands.addCommand(CommandIDs.check, {
    label: trans.__('Check Whether This Notebook Reproduces'),
    describedBy: NO_ARGS,
    isEnabled,
    execute: () => {
      showPanel();
      tracker.current?.check();
    }
  });
  commands.addCommand(CommandIDs.repair, {
    label: trans.__('Re-Run the Cells of the Repair Plan'),
    describedBy: NO_ARGS,
    isEnabled: () => planOf(tracker).length > 0,
    execute: () => {
      tracker.current?.rerun(planOf(tracker));
    }
  });
  commands.addCommand(CommandIDs.undo, {
    label: trans.__('Undo the Last Fix or Mark'),
    describedBy: NO_ARGS,
    isEnabled: () => (tracker.current?.fixing.last ?? null) !== null,
    execute: () => {
      tracker.current?.fixing.undo();
    }
  });
  commands.addCommand(CommandIDs.runAll, {
    label: trans.__('Run All Steps to Production'),
    describedBy: NO_ARGS,
    isEnabled: () => (tracker.current?.journey.steps.length ?? 0) > 0,
    execute: async () => {
      showPanel();
      await tracker.current?.journey.runAll();
    }
  });
  commands.addCommand(CommandIDs.runStep, {
    label: args => trans.__('Run Step: %1', titleOf(tracker, args)),
    describedBy: STEP_ARGS,
    isEnabled: args => stepOf(tracker, args) !== undefined,
    execute: async args => {
      const step = stepOf(tracker, args);
      showPanel();
      if (step !== undefined) {
        await tracker.current?.journey.run(step.form.name);
      }
    }
  });
}

/** The steps are the kernel side's to name, so each comes to the palette when a kernel first tells of it. */
export function fillPalette(
  palette: ICommandPalette,
  tracker: IProdkitTracker,
  category: string
): void {
  const { showPanel, check, repair, undo, runAll } = CommandIDs;
  for (const command of [showPanel, check, repair, undo, runAll]) {
    palette.addItem({ command, category });
  }
  const offered = new Set<string>();
  const offer = (): void => {
    for (const { form } of tracker.current?.journey.steps ?? []) {
      if (!offered.has(form.name)) {
        offered.add(form.name);
        palette.addItem({
          command: CommandIDs.runStep,
          category,
          args: { step: form.name, title: form.title }
        });
      }
    }
  };
  tracker.currentChanged.connect((_, model) => {
    model?.stateChanged.connect(offer);
    offer();
  });
  tracker.current?.stateChanged.connect(offer);
}

function planOf(tracker: IProdkitTracker): readonly string[] {
  return tracker.current?.verdict.report?.plan.map(run => run.cell_id) ?? [];
}

function stepOf(tracker: IProdkitTracker, args: ReadonlyPartialJSONObject): IStep | undefined {
  return tracker.current?.journey.steps.find(step => step.form.name === args.step);
}

function titleOf(tracker: IProdkitTracker, args: ReadonlyPartialJSONObject): string {
  const told = typeof args.title === 'string' ? args.title : '';
  return stepOf(tracker, args)?.form.title ?? told;
}
