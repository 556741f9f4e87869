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
  runStep: 'jupyter-prodkit:run-step'
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
  commands.addCommand(CommandIDs.runStep, {
    label: args => trans.__('Run Step: %1', titleOf(tracker, args)),
    describedBy: STEP_ARGS,
    isEnabled: args => stepOf(tracker, args) !== undefined,
    execute: async args => {
      const step = stepOf(tracker, args);
      showPanel();
      if (step !== undefined) {
        await tracker.current?.run(step.form.name);
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
  palette.addItem({ command: CommandIDs.showPanel, category });
  palette.addItem({ command: CommandIDs.check, category });
  const offered = new Set<string>();
  const offer = (): void => {
    for (const { form } of tracker.current?.steps ?? []) {
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

function stepOf(tracker: IProdkitTracker, args: ReadonlyPartialJSONObject): IStep | undefined {
  return tracker.current?.steps.find(step => step.form.name === args.step);
}

function titleOf(tracker: IProdkitTracker, args: ReadonlyPartialJSONObject): string {
  const told = typeof args.title === 'string' ? args.title : '';
  return stepOf(tracker, args)?.form.title ?? told;
}
