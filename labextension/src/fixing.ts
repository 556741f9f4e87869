/** Changes of the page that one click makes, and the one that can be taken back. */

import { expectReply } from './decode';
import { outcome } from './failure';
import type { IMark } from './marks';
import { hasMark, marksOf, markText } from './marks';
import type { Finding, Fix, MarkCells, Marking, PageCell } from './protocol';
import type { IChange, IConnection, IDocument, IFailure, IFixing, Undo } from './tokens';

export class Fixing implements IFixing {
  /** `ended` hears of each change, and why there was none. */
  constructor(
    document: IDocument,
    connection: IConnection,
    ended: (failure: IFailure | null) => void
  ) {
    this._document = document;
    this._connection = connection;
    this._ended = ended;
  }

  last: IChange | null = null;

  async restore(run: number): Promise<void> {
    this._ended(await outcome(this._restore(run)));
  }

  async apply(fix: Fix, finding: Finding): Promise<void> {
    this._ended(await outcome(this._apply(fix, finding)));
  }

  mark(cellId: string, mark: IMark, isOn: boolean): void {
    const cell = this._document.page().cells.find(one => one.cell_id === cellId);
    if (cell !== undefined && hasMark(cell, mark) !== isOn) {
      this._note(markText(mark), this._document.mark(cellId, mark, isOn));
    }
  }

  markAll({ label, mark: kind, cell_ids: cellIds }: Marking): void {
    const undos = cellIds.map(id => this._document.mark(id, { kind, name: '' }, true));
    this._note(label, () => {
      undos.forEach(undo => {
        undo();
      });
    });
  }

  async markAsAsked({ order, mark, name, cell_ids: cellIds }: MarkCells): Promise<void> {
    const isReadOnly = this._document.isReadOnly;
    const cells = this._document.page().cells.filter(cell => cellIds.includes(cell.cell_id));
    if (!isReadOnly) {
      const undos = cells.flatMap(cell => this._marked(cell, mark, name));
      if (undos.length > 0) {
        const label = mark === 'none' ? mark : markText({ kind: mark, name });
        this._note(label, () => {
          undos.reverse().forEach(undo => {
            undo();
          });
        });
      }
    }
    await this._connection.ask({
      kind: 'marked',
      order,
      cell_ids: isReadOnly ? [] : cells.map(cell => cell.cell_id),
      is_read_only: isReadOnly
    });
  }

  undo(): void {
    const change = this.last;
    this.last = null;
    change?.undo();
    this._ended(null);
  }

  /** A cell marked, or every mark of it taken away; nothing where it is as wanted. */
  private _marked(cell: PageCell, mark: MarkCells['mark'], name: string): readonly Undo[] {
    const { cell_id: id } = cell;
    if (mark === 'none') {
      return marksOf(cell).map(one => this._document.mark(id, one, false));
    }
    const wanted = { kind: mark, name };
    return hasMark(cell, wanted) ? [] : [this._document.mark(id, wanted, true)];
  }

  private async _restore(run: number): Promise<void> {
    const page = this._document.page();
    const reply = await this._connection.ask({ kind: 'restore', run, page });
    const cell = expectReply(reply, 'restored');
    this._note(cell.source.split('\n', 1)[0] ?? '', await this._document.restore(cell));
  }

  private async _apply(fix: Fix, finding: Finding): Promise<void> {
    const cellId = finding.cell_id;
    if (cellId === null) {
      return;
    }
    if (fix.kind === 'ignore' || fix.kind === 'export') {
      this._note(fix.label, this._document.mark(cellId, { kind: fix.kind, name: '' }, true));
      return;
    }
    const reply = await this._connection.ask({
      kind: 'mend',
      fix: fix.kind,
      cell_id: cellId,
      names: finding.names,
      because: finding.because,
      page: this._document.page()
    });
    this._note(fix.label, this._document.edit(expectReply(reply, 'edited').cells));
  }

  private _note(label: string, undo: Undo): void {
    this.last = { label, undo };
    this._ended(null);
  }

  private readonly _document: IDocument;
  private readonly _connection: IConnection;
  private readonly _ended: (failure: IFailure | null) => void;
}
