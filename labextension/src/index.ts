/** The extension's plugins; wiring only. */

import { ILayoutRestorer } from '@jupyterlab/application';
import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStatusBar } from '@jupyterlab/statusbar';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { BadgeKeeper } from './badge-keeper';
import { addCommands, fillPalette } from './commands';
import { addMarkCommands, fillPaletteWithMarks } from './mark-commands';
import { ProdkitPanel } from './panel';
import { applySettings } from './settings';
import { VerdictStatus } from './status';
import { surroundings } from './surroundings';
import { IProdkitPanel, IProdkitTracker } from './tokens';
import { ProdkitTracker } from './tracker';

const SETTINGS = 'jupyter-prodkit:plugin';

function bundle(translator: ITranslator | null): TranslationBundle {
  return (translator ?? nullTranslator).load('jupyter_prodkit');
}

const tracker: JupyterFrontEndPlugin<IProdkitTracker> = {
  id: 'jupyter-prodkit:tracker',
  description: 'Knows the notebook in front and what its kernel says of it.',
  autoStart: true,
  provides: IProdkitTracker,
  requires: [INotebookTracker],
  activate: (app, notebooks: INotebookTracker) =>
    new ProdkitTracker(notebooks, id => {
      app.shell.activateById(id);
    })
};

const panel: JupyterFrontEndPlugin<IProdkitPanel> = {
  id: 'jupyter-prodkit:panel',
  description: 'The panel in the side area.',
  autoStart: true,
  provides: IProdkitPanel,
  requires: [IProdkitTracker],
  optional: [ITranslator, ILayoutRestorer],
  activate: (
    app,
    tracker: IProdkitTracker,
    translator: ITranslator | null,
    restorer: ILayoutRestorer | null
  ) => {
    const trans = bundle(translator);
    const widget = new ProdkitPanel({ tracker, trans, around: surroundings(app.commands) });
    app.shell.add(widget, 'right', { rank: 600, type: 'Production' });
    restorer?.add(widget, widget.id);
    return widget;
  }
};

const commands: JupyterFrontEndPlugin<void> = {
  id: SETTINGS,
  description: 'Commands, menu entry, shortcuts and settings.',
  autoStart: true,
  requires: [IProdkitTracker, IProdkitPanel],
  optional: [ITranslator, ICommandPalette],
  activate: (
    app,
    tracker: IProdkitTracker,
    panel: IProdkitPanel,
    translator: ITranslator | null,
    palette: ICommandPalette | null
  ) => {
    const trans = bundle(translator);
    const showPanel = (): void => {
      app.shell.activateById(panel.id);
    };
    addCommands({ commands: app.commands, tracker, trans, showPanel });
    addMarkCommands({ commands: app.commands, tracker, trans });
    if (palette !== null) {
      fillPalette(palette, tracker, trans.__('Production'));
      fillPaletteWithMarks(palette, trans.__('Production'));
    }
  }
};

const badges: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-prodkit:badges',
  description: 'States and marks at the cells.',
  autoStart: true,
  requires: [IProdkitTracker, INotebookTracker],
  optional: [ITranslator],
  activate: (
    _,
    tracker: IProdkitTracker,
    notebooks: INotebookTracker,
    translator: ITranslator | null
  ) => {
    new BadgeKeeper(tracker, notebooks, bundle(translator));
  }
};

const status: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-prodkit:status',
  description: 'The verdict in the status bar.',
  autoStart: true,
  requires: [IProdkitTracker, IProdkitPanel],
  optional: [IStatusBar, ITranslator],
  activate: (
    app,
    tracker: IProdkitTracker,
    panel: IProdkitPanel,
    bar: IStatusBar | null,
    translator: ITranslator | null
  ) => {
    const item = new VerdictStatus(tracker, bundle(translator), () => {
      app.shell.activateById(panel.id);
    });
    bar?.registerStatusItem('jupyter-prodkit:status', { item, align: 'left', rank: 20 });
  }
};

const settings: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-prodkit:settings',
  description: 'Applies the settings.',
  autoStart: true,
  requires: [IProdkitTracker],
  optional: [ISettingRegistry],
  activate: async (_, tracker: IProdkitTracker, registry: ISettingRegistry | null) => {
    const loaded = await registry?.load(SETTINGS);
    if (loaded !== undefined) {
      applySettings(loaded, tracker);
    }
  }
};

export default [tracker, panel, commands, badges, status, settings];
