/** The extension's plugins; wiring only. */

import { ILayoutRestorer } from '@jupyterlab/application';
import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Clipboard, ICommandPalette } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { addCommands, fillPalette } from './commands';
import { ProdkitPanel } from './panel';
import { IProdkitPanel, IProdkitTracker } from './tokens';
import { ProdkitTracker } from './tracker';

const DOMAIN = 'jupyter_prodkit';
const SETTINGS = 'jupyter-prodkit:plugin';

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
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const copy = (text: string): void => {
      Clipboard.copyToSystem(text);
    };
    const widget = new ProdkitPanel({ tracker, trans, copy });
    app.shell.add(widget, 'right', { rank: 600, type: 'Production' });
    restorer?.add(widget, widget.id);
    return widget;
  }
};

const commands: JupyterFrontEndPlugin<void> = {
  id: SETTINGS,
  description: 'Commands, menu entry, shortcut and settings.',
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
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const showPanel = (): void => {
      app.shell.activateById(panel.id);
    };
    addCommands({ commands: app.commands, tracker, trans, showPanel });
    if (palette !== null) {
      fillPalette(palette, tracker, trans.__('Production'));
    }
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
    const apply = (): void => {
      tracker.automatic = loaded?.get('automatic').composite !== false;
      tracker.remembersRuns = loaded?.get('rememberRuns').composite !== false;
    };
    loaded?.changed.connect(apply);
    apply();
  }
};

export default [tracker, panel, commands, settings];
