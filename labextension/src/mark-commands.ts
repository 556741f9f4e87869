/** The marks by name: as commands, in the palette, and as a menu from the cell's toolbar. */

import type { ICommandPalette } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { Menu } from '@lumino/widgets';

import { markIcon } from './icons';
import type { IMark, OwnKind } from './marks';
import { hasMark, isStepName, STEP_NAMES } from './marks';
import type { IActiveCell, IProdkitTracker } from './tokens';

export const MarkCommandIDs = {
  toggle: 'jupyter-prodkit:toggle-mark',
  menu: 'jupyter-prodkit:mark-cell'
} as const;

const MARK_ARGS = {
  args: {
    type: 'object',
    properties: {
      kind: { type: 'string', enum: ['export', 'parameters', 'step', 'ignore'] },
      name: { type: 'string', description: 'The name of the step, for example train' }
    },
    required: ['kind']
  }
};

export interface IMarkCommandOptions {
  readonly commands: CommandRegistry;
  readonly tracker: IProdkitTracker;
  readonly trans: TranslationBundle;
}

export function addMarkCommands({ commands, tracker, trans }: IMarkCommandOptions): void {
  const canMark = (): boolean =>
    codeCell(tracker) !== null && tracker.current?.isReadOnly === false;
  commands.addCommand(MarkCommandIDs.toggle, {
    label: args => labelOf(trans, markOf(args)),
    describedBy: MARK_ARGS,
    isToggleable: true,
    isEnabled: args => canMark() && markOf(args) !== null,
    isToggled: args => isOn(tracker, markOf(args)),
    execute: args => {
      toggle(tracker, markOf(args));
    }
  });
  commands.addCommand(MarkCommandIDs.menu, {
    label: trans.__('Mark Cell for Production…'),
    caption: trans.__('Mark this cell: export, parameters, a step, or to be ignored'),
    icon: markIcon,
    describedBy: { args: { type: 'object', properties: {} } },
    isEnabled: canMark,
    execute: () => {
      const [x, y] = placeForMenu();
      menuOf(commands).open(x, y);
    }
  });
}

/** A mark that there is a command for. */
interface IOwnMark extends IMark {
  readonly kind: OwnKind;
}

/** Every mark there is a command for. */
export function commonMarks(): readonly IOwnMark[] {
  const plain = (['export', 'parameters', 'ignore'] as const).map(kind => ({ kind, name: '' }));
  return [...plain, ...STEP_NAMES.map(name => ({ kind: 'step' as const, name }))];
}

export function fillPaletteWithMarks(palette: ICommandPalette, category: string): void {
  palette.addItem({ command: MarkCommandIDs.menu, category });
  for (const { kind, name } of commonMarks()) {
    palette.addItem({ command: MarkCommandIDs.toggle, category, args: { kind, name } });
  }
}

function menuOf(commands: CommandRegistry): Menu {
  const menu = new Menu({ commands });
  menu.addClass('jp-Prodkit-menu');
  for (const { kind, name } of commonMarks()) {
    if (kind === 'step' && name === STEP_NAMES[0]) {
      menu.addItem({ type: 'separator' });
    }
    menu.addItem({ command: MarkCommandIDs.toggle, args: { kind, name } });
  }
  menu.aboutToClose.connect(() => {
    // The command of the item that was picked runs after this.
    requestAnimationFrame(() => {
      menu.dispose();
    });
  });
  return menu;
}

/** Below the button in the cell's toolbar, else beside the active cell. */
function placeForMenu(): readonly [number, number] {
  const cell = '.jp-Notebook .jp-Cell.jp-mod-active';
  const place =
    document.querySelector(`${cell} [data-command="${MarkCommandIDs.menu}"]`) ??
    document.querySelector(cell);
  const { left, bottom, top } = place?.getBoundingClientRect() ?? new DOMRect(80, 80, 0, 0);
  return [left, Math.min(bottom, top + 40)];
}

function codeCell(tracker: IProdkitTracker): IActiveCell | null {
  const active = tracker.current?.activeCell ?? null;
  return active?.cell.kind === 'code' ? active : null;
}

function isOn(tracker: IProdkitTracker, mark: IMark | null): boolean {
  const active = codeCell(tracker);
  return active !== null && mark !== null && hasMark(active.cell, mark);
}

function toggle(tracker: IProdkitTracker, mark: IMark | null): void {
  const active = codeCell(tracker);
  if (active !== null && mark !== null) {
    tracker.current?.fixing.mark(active.cell.cell_id, mark, !hasMark(active.cell, mark));
  }
}

function markOf({ kind, name = '' }: ReadonlyPartialJSONObject): IOwnMark | null {
  if (!isOwnKind(kind) || typeof name !== 'string') {
    return null;
  }
  return kind !== 'step' || isStepName(name) ? { kind, name } : null;
}

function isOwnKind(kind: unknown): kind is OwnKind {
  return kind === 'export' || kind === 'parameters' || kind === 'step' || kind === 'ignore';
}

function labelOf(trans: TranslationBundle, mark: IOwnMark | null): string {
  switch (mark?.kind) {
    case 'export':
      return trans.__('Mark Cell: Export');
    case 'parameters':
      return trans.__('Mark Cell: Parameters');
    case 'ignore':
      return trans.__('Mark Cell: Ignore in Rules');
    case 'step':
      return trans.__('Mark Cell: Step %1', mark.name);
    case undefined:
      return trans.__('Mark Cell');
  }
}
